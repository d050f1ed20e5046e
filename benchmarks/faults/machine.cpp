// Real browsers on a machine that fails them: the GPU process dies, memory or the disk is at its end.

#include <sys/mount.h>
#include <sys/resource.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "digits.hpp"
#include "victims.hpp"

namespace faults {
namespace {

using webpool::Backend;
using webpool::Browser;

const std::vector<Browser> two{Browser::chromium, Browser::headless_shell};

/// The model on Chromium's WebGPU, whose device goes with the GPU process: a device lost by whatever is really
/// possible.
Row lose_device(const Settings& settings) {
  Row row{.fault = "device lost: kill -9 of the GPU process (model on WebGPU)", .target = "chromium"};
  BrowserPool pool(one_of_each({Browser::chromium}));
  const webpool::Model model = pool.load(digits_file(settings), {.backends = {Backend::webgpu, Backend::wasm}});
  const auto questions = digit_questions(settings);
  if (model(questions[0].inputs).where().backend != Backend::webgpu) {
    row.note = "NOT RUN: no WebGPU on this machine";
    return row;
  }
  support::CheckedLoad load(model, questions, {.requests = 100, .callers = 4, .pause = 5ms});
  std::this_thread::sleep_for(500ms);
  const auto at = Clock::now();
  std::size_t hit = 0;
  for (const pid_t main : main_processes(Browser::chromium))
    hit += signal_all(processes_of(main, "--type=gpu-process"), SIGKILL);
  const support::Tally tally = load.finish(60s);
  row.add(load, at, tally);
  std::ostringstream backend;
  backend << model(questions[0].inputs).where().backend;
  row.happened = hit > 0;
  row.note = "on " + backend.str() + " afterwards; tabs lost: " + std::to_string(pool.metrics().losses);
  return row;
}

/// The renderer may not take any more address space, which bounds what happens to it alone; then inputs of 3 MB come.
Row exhaust_memory(const Settings& settings) {
  Row row{.fault = "memory exhausted: no more address space for the renderer (prlimit)", .target = "chromium"};
  BrowserPool pool(one_of_each(two));
  const webpool::Model model = pool.load(digits_file(settings), {.backends = {Backend::wasm}, .replicas = 2});
  support::CheckedLoad load(model, digit_questions(settings, 1000),
                            {.requests = 60, .callers = 4, .pause = 40ms, .tolerance = 2e-5});
  std::this_thread::sleep_for(500ms);
  const auto at = Clock::now();
  std::size_t hit = 0;
  for (const pid_t main : main_processes(Browser::chromium))
    for (const pid_t renderer : renderers_of(main, Browser::chromium)) {
      const rlimit none{1 << 20, 1 << 20};
      hit += ::prlimit(renderer, RLIMIT_AS, &none, nullptr) == 0;
    }
  const support::Tally tally = load.finish(60s);
  row.add(load, at, tally);
  row.happened = hit > 0;
  row.note = "tabs lost: " + std::to_string(pool.metrics().losses);
  return row;
}

/// A small disk of its own for temporary files, while it is in scope.
class SmallDisk {
 public:
  SmallDisk() {
    std::string pattern = (std::filesystem::temp_directory_path() / "webpool-disk-XXXXXX").string();
    if (!::mkdtemp(pattern.data())) return;
    path_ = pattern;
    mounted_ = ::mount("none", path_.c_str(), "tmpfs", 0, "size=64m") == 0;
    if (!mounted_) return;
    if (const char* before = std::getenv("TMPDIR")) before_ = before;
    ::setenv("TMPDIR", path_.c_str(), 1);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) {
      ::umount2(path_.c_str(), MNT_DETACH);
      before_.empty() ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", before_.c_str(), 1);
    }
    if (!path_.empty()) ::rmdir(path_.c_str());
  }

  explicit operator bool() const { return mounted_; }
  void fill() const {
    std::ofstream file(path_ + "/filler", std::ios::binary);
    const std::string block(1 << 16, 'x');
    while (file.write(block.data(), static_cast<std::streamsize>(block.size())).flush()) continue;
  }
  void free() const { std::filesystem::remove(path_ + "/filler"); }

 private:
  std::string path_, before_;
  bool mounted_ = false;
};

/// The disk with the profiles is full; one of two browsers is killed and can't come back until there is room again.
Row fill_disk(const Settings& settings) {
  Row row{.fault = "disk full, then kill -9 of a browser; room again after 3 s", .target = "chromium + headless shell"};
  const SmallDisk disk;
  if (!disk) {
    row.note = "NOT RUN: mounting a small disk needs root";
    return row;
  }
  BrowserPool pool(one_of_each(two));
  const webpool::Model model = pool.load(digits_file(settings), {.backends = {Backend::wasm}, .replicas = 2});
  support::CheckedLoad load(model, digit_questions(settings, 100),
                            {.requests = 1000, .callers = 4, .pause = 10ms, .tolerance = 2e-5});
  std::this_thread::sleep_for(500ms);
  disk.fill();
  const auto at = Clock::now();
  const std::size_t hit = signal_all(main_processes(Browser::headless_shell), SIGKILL);
  std::this_thread::sleep_for(3s);
  disk.free();
  const support::Tally tally = load.finish(60s);
  row.add(load, at, tally);
  const bool again = whole(pool, 2);
  row.happened = hit > 0;
  row.note = again ? "both browsers are back" : "ONE BROWSER IS NOT BACK";
  row.note += "; " + std::to_string(pool.metrics().launches) + " launches";
  return row;
}

}  // namespace

std::vector<Row> machine_faults(const Settings& settings) {
  std::vector<Row> rows;
  for (const auto fault : {lose_device, exhaust_memory, fill_disk}) {
    rows.push_back(fault(settings));
    std::cerr << "  " << rows.back().target << ": " << rows.back().fault << '\n';
  }
  return rows;
}

}  // namespace faults
