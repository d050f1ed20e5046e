#include <webpool/driver/roster.hpp>

#include <webpool/transport/loopback.hpp>

#include "../catch.hpp"

using namespace webpool;
using namespace webpool::driver;
using transport::Channel, transport::Loopback;

namespace {

/// A roster that hears of links in memory.
struct Book {
  std::shared_ptr<Loopback> open(Channel channel = Channel::control) { return Loopback::open(handlers, channel); }

  std::string log;
  const detail::Logger logger{LogLevel::info, [this](LogLevel, std::string_view line) { (log += line) += '\n'; }};
  const FlightLog flights{logger, 8};
  Roster roster{flights};
  const transport::LinkHandlers handlers{
      .opened = [this](std::shared_ptr<transport::Link> link,
                       Channel channel) { roster.add(std::move(link), channel); },
      .received = {},
      .closed = [this](transport::Link& link, const std::string&) { roster.drop(*roster.find(link)); }};
};

BrowserInfo firefox() {
  BrowserInfo browser;
  browser.browser = Browser::firefox;
  browser.version = "1.0";
  return browser;
}

}  // namespace

TEST_CASE("a tab, its link and its workers know each other") {
  Book book;
  const auto control = book.open(), data = book.open(Channel::data);
  Peer& peer = *book.roster.find(*control);
  CHECK(peer.channel == Channel::control);
  CHECK_FALSE(peer.introduced());
  Tab& tab = book.roster.add_tab(ConnectionId{3}, firefox(), LaunchId{5}, peer);
  CHECK(control->is_introduced());
  CHECK(peer.tab == &tab);
  CHECK(tab.peer == &peer);
  CHECK(book.roster.find(ConnectionId{3}) == &tab);
  CHECK(book.roster.find(LaunchId{5}) == &tab);
  CHECK(book.roster.find(LaunchId{6}) == nullptr);

  Worker& worker = book.roster.add_worker(WorkerId{7}, ConnectionId{3}, ModelIndex{1}, "digits");
  CHECK(worker.key.size() == 32);
  CHECK(worker.peer == nullptr);
  CHECK(book.roster.workers_of(ConnectionId{3}) == std::vector{WorkerId{7}});
  CHECK(book.roster.workers_of(ConnectionId{4}).empty());
  book.roster.attach(worker, *book.roster.find(*data));
  CHECK(book.roster.find(*data)->worker == &worker);
  CHECK(data->is_introduced());
}

TEST_CASE("whoever closes first, the other side is left without") {
  Book book;
  const auto control = book.open();
  Tab& tab = book.roster.add_tab(ConnectionId{3}, firefox(), std::nullopt, *book.roster.find(*control));
  SECTION("the link") {
    control->hang_up();
    CHECK(tab.peer == nullptr);
    CHECK(book.roster.find(*control) == nullptr);
    book.roster.remove(tab, "no longer needed");
    CHECK_FALSE(control->closing());
  }
  SECTION("the tab") {
    book.roster.remove(tab, "no longer needed");
    REQUIRE(control->closing());
    CHECK(control->closing()->words == "no longer needed");
    CHECK_FALSE(book.roster.find(*control)->introduced());
    CHECK(book.roster.has_links());
    control->hang_up();
  }
  CHECK(book.roster.find(ConnectionId{3}) == nullptr);
  CHECK_FALSE(book.roster.has_links());
}

TEST_CASE("all links are closed, introduced or not") {
  Book book;
  const auto one = book.open(), other = book.open(Channel::data);
  book.roster.add_tab(ConnectionId{1}, firefox(), std::nullopt, *book.roster.find(*one));
  book.roster.close_links("the pool is closed");
  CHECK(one->closing()->words == "the pool is closed");
  CHECK(other->closing()->words == "the pool is closed");
}

TEST_CASE("a sentence about a worker has its model, and its place as well as it is known") {
  Book book;
  const auto control = book.open();
  Tab& tab = book.roster.add_tab(ConnectionId{3}, firefox(), std::nullopt, *book.roster.find(*control));
  Worker& worker = book.roster.add_worker(WorkerId{7}, ConnectionId{3}, ModelIndex{1}, "digits");
  const auto sentence = [&] { return book.roster.about(worker, errc::run_failed, "it failed").message(); };
  CHECK(book.roster.about(worker, errc::device_lost, "").code() == errc::device_lost);
  CHECK(sentence() == "model 'digits' on firefox 1.0: it failed");
  worker.where =
      std::make_shared<const Where>(Where{ConnectionId{3}, firefox(), Backend::wasm, std::nullopt, false, {}, {}});
  CHECK(sentence() == "model 'digits' on firefox/wasm: it failed");
  worker.where = nullptr;
  book.roster.remove(tab, "gone");
  CHECK(sentence() == "model 'digits' on a tab: it failed");
}

TEST_CASE("a report writes what came before to the log, once") {
  Book book;
  const auto control = book.open();
  const Tab& tab = book.roster.add_tab(ConnectionId{3}, firefox(), std::nullopt, *book.roster.find(*control));
  book.roster.note(tab, "it sneezed");
  book.roster.report(tab, "it fell");
  CHECK(book.log.find("firefox 1.0: it fell; what came before:") != std::string::npos);
  CHECK(book.log.find("it sneezed") != std::string::npos);
  book.log.clear();
  book.roster.report(tab, "it fell again");
  CHECK(book.log.empty());
}
