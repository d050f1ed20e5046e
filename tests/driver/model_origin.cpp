#include <webpool/driver/model_origin.hpp>

#include "../catch.hpp"

using namespace webpool;
using driver::check_model_origins, driver::check_model_url, driver::origin_of;

namespace {

template <class Check>
std::string complaint(Check check) {
  try {
    check();
  } catch (const Error& error) {
    CHECK(error.code() == errc::invalid_options);
    return error.message();
  }
  return "";
}

std::string complaint(const std::string& url, const std::vector<std::string>& origins = {"https://models.example"}) {
  return complaint([&] { check_model_url("digits", url, origins); });
}

}  // namespace

TEST_CASE("an address has the origin that browsers give it") {
  CHECK(origin_of("https://Models.Example/a/b.onnx?x#y") == "https://models.example");
  CHECK(origin_of("https://models.example:443") == "https://models.example");
  CHECK(origin_of("http://models.example:443/") == "http://models.example:443");
  CHECK(origin_of("HTTP://127.0.0.1:80/m") == "http://127.0.0.1");
  CHECK(origin_of("http://[::1]:8080/m") == "http://[::1]:8080");
  CHECK(origin_of("http://[::1]/m") == "http://[::1]");
  CHECK(origin_of("https://models.example?x=http://evil.example") == "https://models.example");
}

TEST_CASE("what has no origin of HTTP has none") {
  for (const char* url :
       {"", "/models/a", "models.example", "//models.example/", "ftp://models.example", "file:///etc/passwd",
        "https://", "https:///a", "https://user@models.example", "https://models.example:", "https://models.example:x",
        "https://a b", "https://a;script-src *", "https://*.example", "https://[::1", "data:text/plain,://x"}) {
    CAPTURE(url);
    CHECK_FALSE(origin_of(url));
  }
}

TEST_CASE("origins are brought into browsers' form, and what is none is refused") {
  CHECK(check_model_origins({"https://Models.Example:443", "http://127.0.0.1:8080"}) ==
        std::vector<std::string>{"https://models.example", "http://127.0.0.1:8080"});
  for (const std::string each : {"https://models.example/", "https://models.example/a", "models.example", "*", "'self'",
                                 "https://a; script-src *", "https://a http://b", "https://a?b", ""})
    CHECK(complaint([&] { check_model_origins({each}); }) ==
          "model_origins has '" + each +
              "': an origin is a scheme, a host and perhaps a port, such as \"https://models.example\"");
}

TEST_CASE("tabs fetch models from the pool and from origins that are named, from nowhere else") {
  CHECK(complaint("/mirror/digits.onnx").empty());
  CHECK(complaint("https://models.example/digits.onnx").empty());
  CHECK(complaint("https://MODELS.example:443/digits.onnx?v=2").empty());
  CHECK(complaint("http://models.example/digits.onnx") ==
        "model 'digits': ModelOptions::url 'http://models.example/digits.onnx' is of the origin http://models.example, "
        "which is not among PoolOptions::model_origins: https://models.example");
  CHECK(complaint("https://other.example/m", {}) ==
        "model 'digits': ModelOptions::url 'https://other.example/m' is of the origin https://other.example, which is "
        "not among PoolOptions::model_origins: there are none");
  for (const std::string url : {"digits.onnx", "//models.example/m", "ftp://models.example/m", "data:,x"})
    CHECK(complaint(url) ==
          "model 'digits': ModelOptions::url '" + url + "' must begin with '/', 'http://' or 'https://'");
  for (const std::string url : {"/\\models.example/m", "/a b", "https://models.example/\n"})
    CHECK(complaint(url) ==
          "model 'digits': ModelOptions::url '" + url + "' has a character that addresses don't have");
}
