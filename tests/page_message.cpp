#include "catch.hpp"

#include <webpool/page_message.hpp>

TEST_CASE("a message refers to what its sender holds", "[vocabulary]") {
  const webpool::BrowserInfo browser{.browser = webpool::Browser::firefox};
  const std::vector<webpool::NamedTensor> tensors(2);
  const webpool::PageMessage message{{7}, browser, "greet", "{}", tensors};
  CHECK(&message.browser == &browser);
  CHECK(&message.tensors == &tensors);
  CHECK(message.connection.value == 7);
}
