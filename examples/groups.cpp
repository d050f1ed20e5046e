// Two models that must not share a tab, in the same kind of browser: a second browser is started for the second one.
#include <iostream>
#include <webpool/webpool.hpp>

int main() {
  webpool::ResourcePool<> pool;
  const char* const file = "examples/models/digits/digits.onnx";
  const auto first = pool.load(file, {.placing = {.group = "first"}});
  const auto second =
      pool.load(file, {.name = "second", .placing = {.apart_from = {"first"}, .same_browser_as = {"first"}}});

  const auto image = webpool::Tensor::from(std::vector<float>(28 * 28), {1, 1, 28, 28});
  const auto one = first({{"image", image}}), other = second({{"image", image}});
  std::cout << "one on " << one.where() << ", the other on " << other.where() << '\n';
  return one.where().connection != other.where().connection &&
                 one.where().browser.browser == other.where().browser.browser
             ? 0
             : 1;
}
