#include <webpool/core.hpp>
#include <webpool/testing.hpp>

int main() { return webpool::Tensor::from(std::vector<float>{1, 2}, {2}).bytes().size() == 8 ? 0 : 1; }
