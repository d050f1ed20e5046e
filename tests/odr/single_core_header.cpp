#include <webpool/core.hpp>

int main() { return webpool::Tensor::from(std::vector<float>{1, 2}, {2}).bytes().size() == 8 ? 0 : 1; }
