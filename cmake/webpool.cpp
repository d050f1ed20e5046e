#include <webpool/src.hpp>
