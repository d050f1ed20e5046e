#include <webpool/driver/ort_directory.hpp>

#include "../support/pool.hpp"

using namespace webpool;
using namespace webpool::testing;
using driver::find_ort_directory;

namespace {

/// Sets `WEBPOOL_ORT_DIR` for as long as it lives; null: unsets it.
class Variable {
 public:
  explicit Variable(const char* value) {
    if (const char* old = std::getenv("WEBPOOL_ORT_DIR")) old_ = old;
    set(value);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { set(old_ ? old_->c_str() : nullptr); }

 private:
  static void set(const char* value) { value ? ::setenv("WEBPOOL_ORT_DIR", value, 1) : ::unsetenv("WEBPOOL_ORT_DIR"); }
  std::optional<std::string> old_;
};

}  // namespace

TEST_CASE("the option comes before the variable") {
  const TemporaryFolder other;
  other.add("ort.wasm.bundle.min.mjs", "");
  const Variable variable(other.path().c_str());
  CHECK(find_ort_directory(ort_folder()) == ort_folder());
  CHECK(find_ort_directory({}) == other.path());
}

TEST_CASE("a wrong place is an error with the place and the remedy, and never passed over") {
  const TemporaryFolder empty;
  const Variable variable(ort_folder().c_str());
  const Error by_option = error_of([&] { find_ort_directory(empty.path()); });
  CHECK(by_option.code() == errc::runtime_missing);
  CHECK_THAT(by_option.message(), contains("is not in " + empty.path().string() + ":") &&
                                      contains("npm install onnxruntime-web") &&
                                      contains("PoolOptions::ort_directory") && contains("WEBPOOL_ORT_DIR"));
  const Variable wrong("/nowhere/ort");
  const Error by_variable = error_of([] { find_ort_directory({}); });
  CHECK_THAT(by_variable.message(), contains("/nowhere/ort"));
}
