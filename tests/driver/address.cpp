#include <webpool/driver/address.hpp>

#include "../catch.hpp"

using webpool::LaunchId;
using webpool::driver::Address;

TEST_CASE("pages find the pool at its own address, or at that of the proxy in front of it") {
  Address address{.host = "127.0.0.1", .public_origin = {}, .port = 4711, .token = "6f0c"};
  CHECK(address.local_origin() == "http://127.0.0.1:4711");
  CHECK(address.join_url() == "http://127.0.0.1:4711/#token=6f0c");
  CHECK(address.launch_url(LaunchId{9}) == "http://127.0.0.1:4711/#token=6f0c&launch=9");
  address.public_origin = "https://pool.example";
  CHECK(address.join_url() == "https://pool.example/#token=6f0c");
  CHECK(address.launch_url(LaunchId{9}) == "http://127.0.0.1:4711/#token=6f0c&launch=9");
}

TEST_CASE("an IPv6 address stands in brackets") {
  CHECK(Address{.host = "::1", .public_origin = {}, .port = 1}.local_origin() == "http://[::1]:1");
}

TEST_CASE("each pool has a token of its own") {
  CHECK(Address().token.size() == 32);
  CHECK(Address().token != Address().token);
}
