#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/model_info.hpp>
#include <webpool/task.hpp>

namespace webpool {

/// How one kind of browser is launched and what is asked of it.
struct BrowserOptions {
  std::filesystem::path executable{};  ///< empty: search `WEBPOOL_<BROWSER>`, then PATH and the usual places
  std::vector<std::string> flags{};    ///< appended to the command line
  std::map<std::string, std::string>
      prefs{};                  ///< Firefox: lines of user.js, values as JavaScript (`"true"`, `"\"text\""`)
  bool compute_shaders = true;  ///< false: WebGPU is passed over in this browser
  std::optional<std::array<unsigned, 3>>
      workgroup_size{};           ///< pass WebGPU over where the adapter can't run such a workgroup
  bool shader_precompile = true;  ///< one warm-up run at load, so the first request meets compiled pipelines
  std::vector<WebnnDevice> webnn_devices{WebnnDevice::npu, WebnnDevice::gpu,
                                         WebnnDevice::cpu};  ///< tried in this order
  /// Threads of WASM, where the page is cross-origin isolated. 0: each browser tries 1 and as many as it has cores, at
  /// most 4, on runs on zeros when it first loads a model, keeps the faster number and remembers it; the first load
  /// takes longer and twice the memory for that. The time of the other is then a reason in `Where::passed_over`.
  unsigned wasm_threads = 1;
  /// What the browser may keep of models on its disk, for the pool's address: those not loaded for longest leave first,
  /// and one that is larger is fetched anew by each load. 0: nothing is kept.
  std::uint64_t model_cache_bytes = std::uint64_t{4} << 30;
};

/// Time-outs and limits of one connection. Zero switches a limit off where it says so.
struct ConnectionSettings {
  std::chrono::milliseconds connect_timeout{30'000};  ///< from launch to hello
  std::chrono::milliseconds load_timeout{120'000};    ///< from load to loaded
  std::chrono::milliseconds message_timeout{60'000};  ///< from run to result, at most
  bool adaptive_timeouts = true;                      ///< less where answers come faster: `reliability::Patience`
  std::chrono::milliseconds health_interval{
      1'000};                                 ///< between heartbeats; two missed: no new requests; three: the end
  std::chrono::milliseconds idle_timeout{0};  ///< a launched tab unused for so long is closed; 0: never
  /// A launched tab is renewed when it passes one of these: where there is room for one tab more, that one joins first;
  /// then the old one gets nothing new, answers what it has, and goes. One at a time. 0: never.
  std::chrono::milliseconds maximum_age{0};  ///< up to a tenth earlier, so that tabs don't go together
  std::uint64_t maximum_requests = 0;
  std::size_t maximum_memory_bytes = 0;  ///< of its models, as the page reports
  double maximum_slowdown = 0;           ///< of its runs, against its first ones and other tabs': 2 is twice as slow
  unsigned error_threshold = 5;          ///< failures in a row that call for repair: `reliability::Ladder`; 0: none do
  std::size_t maximum_message_bytes = 256u << 20;  ///< largest frame accepted from a page
  /// Credit of each tab: it gets a further request only while it has less than both of these unanswered, so that
  /// neither it nor its sockets pile up inputs.
  unsigned requests_in_flight = 2;           ///< per loaded model: one computes, the next one's bytes travel
  std::size_t bytes_in_flight = 256u << 20;  ///< of inputs, over all its models; 0: unlimited
};

/// What a tab may hold. The pool keeps these budgets itself: WebGPU does not refuse an allocation.
struct MemorySettings {
  std::size_t bytes_per_connection = 0;  ///< 0: unlimited
  std::size_t bytes_for_pool = 0;        ///< of all tabs together; 0: unlimited
  unsigned models_per_connection = 8;    ///< 0: unlimited
  double pressure_threshold = 0.8;       ///< share of the budget beyond which idle models give way to a new one
  bool low_memory_mode = false;          ///< one model and one request at a time per tab, no warm-up run
};

/// How runs that failed with their tab, worker or device are tried again, in another tab where there is one. Errors of
/// the request itself (wrong shape, unknown input ...) are never tried again.
struct RetrySettings {
  unsigned attempts = 3;  ///< runs of one request at most; 1: none is tried again
  /// The second run follows at once. The one after run n waits for a random time below min(maximum, base * 2^(n-2)):
  /// exponential backoff with full jitter (M. Brooker, AWS Architecture Blog, 2015), rounded up to the pool's tick of
  /// 100 ms.
  std::chrono::milliseconds base{200}, maximum{5'000};
  /// A pool in which much fails must not double its own load: each request submitted adds `budget` of a retry, up to
  /// `burst` saved ones, each retry takes one (the token bucket of Finagle's RetryBudget).
  double budget = 0.2;
  unsigned burst = 100;
};

/// What is asked of guests: tabs that the pool did not launch, but somebody who opened its link.
///
/// A share of a guest's results is computed again in an own tab before the caller gets one. As long as they agree, the
/// caller gets the guest's; a guest that differs is closed, and the caller gets the own tab's result. Newcomers are
/// checked most, as in BOINC's adaptive replication (https://boinc.berkeley.edu/trac/wiki/AdaptiveReplication):
/// for each model, every result until `proven_after` have agreed, then one in as many as have agreed so far, and never
/// less than `recheck_share`.
///
/// Where no own tab holds the model or its run fails, the caller gets the guest's result unchecked, and so do requests
/// whose run must not be repeated (`RequestOptions::retry`). `Metrics` counts all of them. A deadline includes the
/// check. Two results agree when their outputs have the same datatypes and shapes and each element b of the own tab's
/// has |a - b| <= absolute_tolerance + relative_tolerance * |b|; integers must be equal. Not for models that draw
/// random numbers, which would never agree: see `ModelOptions::own_tabs_only`.
struct GuestSettings {
  double recheck_share = 0;    ///< from 0 (nothing is checked) to 1 (everything); needs browsers of the pool's own
  unsigned proven_after = 10;  ///< agreements that make a guest `Trust::proven`
  /// The first is what ONNX Runtime Web's own tests allow WebGPU against the CPU, the second what ONNX's backend tests
  /// allow; models whose outputs are all much smaller than 1 need a smaller first one.
  double absolute_tolerance = 1e-3, relative_tolerance = 1e-3;
};

/// What callers may make the pool hold: requests that have not ended, and the bytes of their inputs. Beyond that,
/// blocking calls wait for room, and asynchronous ones end with `errc::would_block`. 0: unlimited.
struct BacklogLimits {
  std::size_t requests = 100'000;
  std::size_t bytes = std::size_t{1} << 30;
};

enum class LogLevel : std::uint8_t { debug, info, off };

/// Receives whole lines without a newline, on the pool's thread. An empty function writes to standard error.
using LogSink = std::function<void(LogLevel, std::string_view)>;

/// News of a model on its way into a tab.
struct LoadProgress {
  const BrowserInfo& browser;
  std::string_view model;
  std::string_view stage;  ///< "fetch" (bytes), "create", "warmup" (0 of 1, then 1 of 1)
  std::uint64_t done = 0, total = 0;
};

/// Runs requests of one model that come close together as one run of the page; each gets exactly its own rows back.
///
/// Possible where axis 0 of all inputs and outputs is one free dimension of the model. Requests share a run when they
/// agree in their other extents, the outputs wanted, priority, client and `retry`. While a tab that holds the model has
/// nothing to do for it, a request is sent at once; the others collect. Each keeps its own cancellation, deadline and
/// total time. If the run fails, it is tried again as one; if that fails too, all of its requests get the error.
struct BatchOptions {
  std::size_t maximum = 1;                 ///< rows of one run that is put together; 1: off
  std::chrono::microseconds delay{2'000};  ///< longest wait of the first one, where a tab could take the run
  std::vector<std::size_t> preferred{};    ///< a batch of exactly so many rows waits no longer, e.g. {4, 8}
};

/// How a model is loaded.
struct ModelOptions {
  std::string name{};          ///< empty: the file's name without extension
  std::optional<Task> task{};  ///< empty: deduced from the name, then from the inputs
  /// Tried in this order in each tab: the place is the priority, also of those that `register_backend` made.
  std::vector<Backend> backends{Backend::webnn, Backend::webgpu, Backend::wasm};
  /// Try every backend of the list in each tab, time runs on zeros, and keep the fastest; the others' times are then
  /// the reasons why they were passed over. WebGPU is often slower than WASM: on software adapters nearly always. What
  /// was found holds for further tabs of the same browser, version and adapter, which try that first and don't compare.
  bool fastest = false;
  std::vector<Browser> browsers{};  ///< only these; empty: any
  std::size_t replicas = 1;         ///< tabs that hold it before `load` returns; demand adds more
  bool pinned = false;              ///< no memory policy puts it out of a tab
  /// Never in a guest: weights, inputs and outputs stay in browsers that the pool launched.
  bool own_tabs_only = false;
  std::map<std::string, std::int64_t> free_dimensions{};  ///< values of symbolic dimensions; WebNN needs them all
  std::function<void(const LoadProgress&)> progress{};    ///< called on the pool's thread; must neither block nor throw
  BatchOptions batching{};                                ///< `Model::set_max_batch_size` changes the maximum later
  /// Of a decoder: most tokens of a prompt and what is generated from it together; 0: as the file's metadata says under
  /// `context_length`. A longer text is refused.
  std::size_t context = 0;
  /// Where tabs fetch the model's bytes instead of from the pool: absolute, of one of `PoolOptions::model_origins`, or
  /// beginning with "/". The file is read all the same: what the address gives must have its size and SHA-256, else the
  /// load ends with `errc::load_failed`. Files beside it that hold its tensors come from the pool.
  std::string url{};
  /// Answers to equal requests (inputs' names, datatypes, shapes and bytes, and the outputs wanted) are kept in up to
  /// so many bytes, inputs and outputs together, the least recently used leaving first; 0: off. Errors are never kept.
  /// Not for models that draw random numbers, and a waste where requests hardly repeat: each miss copies the inputs.
  std::size_t response_cache_bytes = 0;
};

/// Decides the options of each model in one place: called once per load, on the loading caller's thread (so perhaps on
/// several at a time), before the options are checked. `name` is the options' or the file's; free dimensions of the
/// info have no values yet. What it throws reaches the caller as it is.
using ModelInitializer = std::function<void(std::string_view name, const ModelInfo&, ModelOptions&)>;

/// Everything a pool can be told. Designated initialisers name what differs from the defaults.
struct PoolOptions {
  std::size_t min_connections = 1;  ///< launched at once and kept
  std::size_t max_connections = 4;  ///< launched and attached together
  std::vector<Browser> browsers{};  ///< launched in this order, round and round; empty: every installed one
  bool launch_browsers = true;      ///< false: only tabs that open `join_url()`
  bool headless = true;
  std::map<Task, std::vector<Browser>> browser_preferences{};  ///< where a task's models load first, best browser first
  std::map<Browser, BrowserOptions> browser_options{};
  ConnectionSettings connection{};
  MemorySettings memory{};
  RetrySettings retries{};
  GuestSettings guests{};
  BacklogLimits backlog{};
  /// While one request is unanswered, the thread that waits for news of the tabs looks for them again and again for so
  /// long before it sleeps, as a kernel does with SO_BUSY_POLL, and keeps a core busy meanwhile: a small trip saves the
  /// time in which a core wakes up, a third of it where `benchmarks/compare.sh` was run. It should be longer than the
  /// trip. With more requests the thread sleeps: answers are closer together, and the browsers want its core. 0: off.
  std::chrono::microseconds busy_poll{0};
  std::string address = "127.0.0.1";  ///< to bind; anything but loopback lets other machines in
  std::uint16_t port = 0;             ///< 0: any free one
  /// Where a proxy that speaks TLS shows the pool, such as "https://pool.example:8443": then `join_url()` begins with
  /// it, and requests for that host and of that origin are let in. Empty: there is none. See examples/tls.
  std::string public_origin{};
  std::filesystem::path
      ort_directory{};  ///< ONNX Runtime Web's dist folder; empty: `WEBPOOL_ORT_DIR`, then where CMake installed it
  /// JavaScript modules that each page imports, in this order, before it joins; they speak with the application through
  /// js/messages.js. Read once, when the pool begins; served as `/modules/<file name>`, to whoever reaches the port. A
  /// tab joins also without one that fails to be imported: that is logged, and counted in `Metrics::page_troubles`.
  std::vector<std::filesystem::path> page_modules{};
  /// Origins such as "https://models.example" that `ModelOptions::url` may name; they must send CORS headers.
  std::vector<std::string> model_origins{};
  ModelInitializer model_initializer{};
  LogLevel log_level = LogLevel::info;
  /// The last so many messages and events of each tab are written to the log, as JSON lines, when the tab or one of its
  /// workers fails; at `LogLevel::debug`, all of them at once. Tensors, tokens and texts of the application's stay out.
  std::size_t flight_record = 32;
  LogSink log{};
};

}  // namespace webpool
