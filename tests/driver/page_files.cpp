#include <webpool/driver/page_files.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;
using namespace std::string_literals;

namespace {

void check_headers(const HttpReply& reply) {
  CHECK(reply.headers.at("cross-origin-opener-policy") == "same-origin");
  CHECK(reply.headers.at("cross-origin-embedder-policy") == "require-corp");
  CHECK(reply.headers.at("cross-origin-resource-policy") == "same-origin");
  CHECK(reply.headers.at("x-content-type-options") == "nosniff");
  const std::string& policy = reply.headers.at("content-security-policy");
  CHECK_THAT(policy, contains("default-src 'self'; script-src 'self' 'wasm-unsafe-eval'") &&
                         contains("; worker-src 'self' blob:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
                                  "frame-ancestors 'none'"));
}

}  // namespace

TEST_CASE("every file of the page is served, with the headers of the wire's document") {
  const ResourcePool pool(quiet());
  const std::uint16_t port = port_of(pool.join_url());
  for (const auto& asset : webpool::detail::page_assets) {
    const std::string path = asset.path == "/index.html" ? "/" : "/js" + std::string(asset.path);
    CAPTURE(path);
    const HttpReply reply = http_get(port, path);
    CHECK(reply.status == 200);
    CHECK(reply.body == asset.bytes);
    CHECK(reply.headers.at("content-type") == asset.content_type);
    CHECK(reply.headers.at("cache-control") == "no-cache");
    check_headers(reply);
    CHECK((reply.headers.at("content-security-policy").find("'unsafe-eval'") != std::string::npos) ==
          (asset.path == "/webnn_worker.js"));
  }
}

TEST_CASE("what is not there is a 404 with the same headers") {
  const ResourcePool pool(quiet());
  const std::uint16_t port = port_of(pool.join_url());
  for (const char* path : {"/nothing", "/js/", "/js/nothing.js", "/js/../index.html", "/index.html", "/page.js",
                           "/ort/", "/models/", "/models/c0ff", "/control", "/data", "//", "/js//page.js"}) {
    CAPTURE(path);
    const HttpReply reply = http_get(port, path);
    CHECK(reply.status == 404);
    CHECK(reply.headers.at("content-type") == "text/plain");
    check_headers(reply);
  }
}

TEST_CASE("only modules and WebAssembly of ONNX Runtime's own folder are served") {
  const TemporaryFolder outside;
  const std::filesystem::path ort = outside.path() / "ort";
  std::filesystem::create_directory(ort);
  outside.add("secret.mjs", "secret");
  for (const char* name : {"ort.wasm.bundle.min.mjs", "ort-wasm-simd-threaded.wasm", "package.json", ".hidden.mjs"})
    outside.add("ort/" + std::string(name), name);
  PoolOptions options = quiet();
  options.ort_directory = ort;
  const ResourcePool pool(std::move(options));
  const std::uint16_t port = port_of(pool.join_url());

  const HttpReply module = http_get(port, "/ort/ort.wasm.bundle.min.mjs");
  CHECK(module.status == 200);
  CHECK(module.body == "ort.wasm.bundle.min.mjs");
  CHECK(module.headers.at("content-type") == "text/javascript");
  check_headers(module);
  CHECK(http_get(port, "/ort/ort-wasm-simd-threaded.wasm").headers.at("content-type") == "application/wasm");
  for (const std::string& name : {std::string("package.json\0.mjs", 17), std::string("../secret.mjs\0.mjs", 18)})
    CHECK(http_get(port, "/ort/" + name).status != 200);
  for (const char* name :
       {"../secret.mjs", "..%2fsecret.mjs", "%2e%2e/secret.mjs", "..\\secret.mjs", "/secret.mjs",
        "./ort.wasm.bundle.min.mjs", "package.json", ".hidden.mjs", "absent.mjs", "../ort/ort.wasm.bundle.min.mjs"}) {
    CAPTURE(name);
    const HttpReply reply = http_get(port, "/ort/" + std::string(name));
    CHECK(reply.status == 404);
    CHECK(reply.body != "secret");
  }
}

TEST_CASE("no address leads to another file") {
  PoolOptions options = quiet();
  const TemporaryFolder folder;
  options.page_modules = {folder.add("greet.js", "")};
  folder.add("secret.js", "secret");
  const ResourcePool pool(std::move(options));
  const std::uint16_t port = port_of(pool.join_url());
  CHECK(http_get(port, "/modules/greet.js").status == 200);
  for (const std::string start : {"/", "/js/", "/ort/", "/models/", "/modules/", "/backends/"})
    for (const std::string& end :
         {"../../../../../../etc/passwd"s, "..%2f..%2f..%2fetc%2fpasswd"s, "%2e%2e/secret.js"s, "..\\..\\secret.js"s,
          "/etc/passwd"s, folder.path().string() + "/secret.js"s, "../modules/secret.js"s, "secret.js"s,
          "file:///etc/passwd"s, "greet.js/../secret.js"s, "....//....//etc/passwd"s, "\xc0\xae\xc0\xae/secret.js"s}) {
      CAPTURE(start, end);
      const HttpReply reply = http_get(port, start + end);
      CHECK((reply.status == 404 || reply.status == 400));
      CHECK(reply.body.find("root:") == std::string::npos);
    }
}

TEST_CASE("a model is served by its hash while it is loaded, for ever the same") {
  Stage stage;
  const std::string& load = stage.worker->load_message;
  const std::size_t start = load.find("/models/");
  const std::string url = load.substr(start, 8 + 64);
  const HttpReply reply = http_get(stage.tab.port, url);
  CHECK(reply.status == 200);
  CHECK(reply.headers.at("content-type") == "application/octet-stream");
  CHECK(reply.headers.at("cache-control") == "public, max-age=31536000, immutable");
  check_headers(reply);
  CHECK("/models/" + webpool::detail::sha256_hex(std::as_bytes(std::span(reply.body))) == url);
  CHECK(http_get(stage.tab.port, url + "0").status == 404);

  stage.model.reset();
  CHECK(within(patience, [&] { return !stage.pool.has_model("digits"); }));
  CHECK(http_get(stage.tab.port, url).status == 404);
}
