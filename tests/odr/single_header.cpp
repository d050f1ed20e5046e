#include <webpool/testing.hpp>
#include <webpool/webpool.hpp>

// Instantiates the whole pool: one that can't serve ONNX Runtime Web to its pages is refused at once.
int main() {
  try {
    webpool::ResourcePool<> pool({.ort_directory = "nowhere"});
  } catch (const webpool::Error& error) {
    return error.code() == webpool::errc::runtime_missing ? 0 : 1;
  }
  return 1;
}
