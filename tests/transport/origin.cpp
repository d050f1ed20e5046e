#include <webpool/transport/origin.hpp>

#include "../catch.hpp"

using webpool::transport::OriginPolicy;

TEST_CASE("a loopback bind serves loopback addresses and localhost, at its own port") {
  const OriginPolicy policy("127.0.0.1", 8080);
  for (const char* host : {"127.0.0.1:8080", "localhost:8080", "[::1]:8080", "127.1.2.3:8080"}) {
    CAPTURE(host);
    CHECK(policy.allows_host(host));
  }
  for (const char* host :
       {"", "127.0.0.1", "localhost", "127.0.0.1:80", "127.0.0.1:18080", "127.0.0.1:8080:8080", ":8080",
        "192.168.1.5:8080", "0.0.0.0:8080", "[fe80::1]:8080", "127.0.0.1.evil.example:8080", "127.evil.example:8080",
        "localhost.evil.example:8080", "evil.example:8080", "user@127.0.0.1:8080", "127.0.0.1 :8080"}) {
    CAPTURE(host);
    CHECK_FALSE(policy.allows_host(host));
  }
}

TEST_CASE("an IPv6 loopback bind does the same") {
  const OriginPolicy policy("::1", 8080);
  CHECK(policy.allows_host("[::1]:8080"));
  CHECK(policy.allows_host("localhost:8080"));
  CHECK_FALSE(policy.allows_host("[2001:db8::1]:8080"));
  CHECK_FALSE(policy.allows_host("evil.example:8080"));
}

TEST_CASE("a wider bind serves every address, and still no name but localhost") {
  for (const char* bound : {"0.0.0.0", "::", "192.168.1.5"}) {
    const OriginPolicy policy(bound, 8080);
    CAPTURE(bound);
    for (const char* host :
         {"192.168.1.5:8080", "10.0.0.1:8080", "[2001:db8::1]:8080", "127.0.0.1:8080", "localhost:8080"}) {
      CAPTURE(host);
      CHECK(policy.allows_host(host));
    }
    for (const char* host : {"evil.example:8080", "1.2.3.4.evil.example:8080", "[evil]:8080", "dead.beef:8080",
                             "2001:db8::1:8080", "[]x:8080", "192.168.1.5:8081", ":8080"}) {
      CAPTURE(host);
      CHECK_FALSE(policy.allows_host(host));
    }
  }
}

TEST_CASE("browsers leave out port 80") {
  const OriginPolicy policy("127.0.0.1", 80);
  CHECK(policy.allows_host("127.0.0.1"));
  CHECK(policy.allows_host("127.0.0.1:80"));
  CHECK(policy.allows_host("localhost"));
  CHECK(policy.allows_host("[::1]"));
  for (const char* host : {"", "127.0.0.1:8080", "localhost:81", "[::1]:8080", "evil.example"}) {
    CAPTURE(host);
    CHECK_FALSE(policy.allows_host(host));
  }
}

TEST_CASE("an origin, where one is sent, is the host itself") {
  const OriginPolicy policy("127.0.0.1", 8080);
  constexpr auto host = "127.0.0.1:8080";
  CHECK(policy.allows_origin("", host));
  CHECK(policy.allows_origin("http://127.0.0.1:8080", host));
  CHECK(policy.allows_origin("https://127.0.0.1:8080", host));  // behind a proxy that speaks TLS
  for (const char* origin :
       {"null", "http://evil.example", "http://127.0.0.1:8081", "http://127.0.0.1", "http://localhost:8080",
        "ws://127.0.0.1:8080", "http://127.0.0.1:8080/", "file://", "http://127.0.0.1:8080.evil.example"}) {
    CAPTURE(origin);
    CHECK_FALSE(policy.allows_origin(origin, host));
  }
}

TEST_CASE("behind a proxy, the public host and its one origin pass too") {
  const OriginPolicy policy("127.0.0.1", 8080, "https://pool.example:8443");
  constexpr auto host = "pool.example:8443";
  CHECK(policy.allows_host(host));
  CHECK(policy.allows_origin("https://pool.example:8443", host));
  CHECK(policy.allows_origin("", host));
  CHECK(policy.allows_host("127.0.0.1:8080"));
  CHECK(policy.allows_origin("http://127.0.0.1:8080", "127.0.0.1:8080"));
  for (const char* other : {"pool.example", "pool.example:8080", "evil.pool.example:8443", "pool.example:84430", ""}) {
    CAPTURE(other);
    CHECK_FALSE(policy.allows_host(other));
  }
  for (const char* origin : {"http://pool.example:8443", "https://pool.example", "https://evil.example", "null"}) {
    CAPTURE(origin);
    CHECK_FALSE(policy.allows_origin(origin, host));
  }
  CHECK_FALSE(policy.allows_origin("https://pool.example:8443", "127.0.0.1:8080"));
}
