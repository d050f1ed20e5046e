#include <webpool/transport/loopback.hpp>

#include <vector>

#include "../catch.hpp"

using namespace webpool::transport;

namespace {

/// What a pool does with its links, written down.
struct Pool {
  std::vector<std::shared_ptr<Link>> links;
  std::vector<std::string> received, closed;
  std::vector<std::shared_ptr<const void>> owners;
  const LinkHandlers handlers{.opened = [this](std::shared_ptr<Link> link, Channel) { links.push_back(link); },
                              .received =
                                  [this](Link& from, std::span<const std::byte> message, auto owner) {
                                    CHECK(&from == links.front().get());
                                    received.emplace_back(reinterpret_cast<const char*>(message.data()),
                                                          message.size());
                                    owners.push_back(std::move(owner));
                                  },
                              .closed = [this](Link&, const std::string& why) { closed.push_back(why); }};
};

void send(Link& link, const std::string& text) {
  link.send([&](std::string& out) {
    CHECK(out.empty());
    out += text;
  });
}

}  // namespace

TEST_CASE("messages go both ways, whole and in order") {
  Pool pool;
  const auto page = Loopback::open(pool.handlers, Channel::data);
  REQUIRE(pool.links.size() == 1);
  page->say("one");
  page->say("");
  CHECK(pool.received == std::vector<std::string>{"one", ""});
  CHECK(pool.owners[0] != nullptr);
  Link& link = *pool.links[0];
  send(link, "first");
  send(link, "second");
  CHECK(link.buffered() == 11);
  CHECK(page->take() == "first");
  CHECK(link.buffered() == 6);
  CHECK(page->take() == "second");
  CHECK(page->take() == std::nullopt);
  CHECK(link.buffered() == 0);
}

TEST_CASE("a link that the pool closes sends nothing more, and ends when the page agrees") {
  Pool pool;
  const auto page = Loopback::open(pool.handlers, Channel::control);
  Link& link = *pool.links[0];
  send(link, "last");
  link.close(CloseCode::policy_violation, "enough");
  link.close(CloseCode::normal, "again");
  bool written = false;
  link.send([&](std::string&) { written = true; });
  CHECK(written);
  CHECK(link.buffered() == 4);
  REQUIRE(page->closing());
  CHECK(page->closing()->code == CloseCode::policy_violation);
  CHECK(page->closing()->words == "enough");
  CHECK(pool.closed.empty());
  page->say("still on its way");
  CHECK(pool.received.size() == 1);
  page->hang_up();
  page->hang_up();
  page->say("too late");
  CHECK(pool.closed == std::vector<std::string>{"enough"});
  CHECK(pool.received.size() == 1);
}

TEST_CASE("a page that hangs up says why, and may be destroyed meanwhile") {
  Pool pool;
  auto page = Loopback::open(pool.handlers, Channel::control);
  pool.links.clear();
  page->hang_up("gone");
  CHECK(pool.closed == std::vector<std::string>{"gone"});
  page->close(CloseCode::normal, "nobody hears");
  CHECK_FALSE(page->closing());
}

TEST_CASE("an introduction is noted") {
  Pool pool;
  const auto page = Loopback::open(pool.handlers, Channel::control);
  CHECK_FALSE(page->is_introduced());
  pool.links[0]->introduced();
  CHECK(page->is_introduced());
}
