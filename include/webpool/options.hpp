#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <webpool/backend.hpp>
#include <webpool/browser.hpp>
#include <webpool/model_info.hpp>
#include <webpool/placing.hpp>
#include <webpool/task.hpp>

namespace webpool {

class RunSink;  // run_sink.hpp

/// How one kind of browser is launched, and what is asked of it.
struct BrowserOptions {
  std::filesystem::path executable{};  ///< empty: search `WEBPOOL_<BROWSER>`, then PATH and the usual places
  std::vector<std::string> flags{};    ///< appended to the command line
  std::map<std::string, std::string>
      prefs{};                  ///< Firefox: lines of user.js; values are JavaScript (`"true"`, `"\"text\""`)
  bool compute_shaders = true;  ///< false: WebGPU is skipped in this browser
  std::optional<std::array<unsigned, 3>> workgroup_size{};  ///< skip WebGPU if the adapter can't run such a workgroup
  bool shader_precompile = true;  ///< one warm-up run at load, so that the first request finds compiled pipelines
  std::vector<WebnnDevice> webnn_devices{WebnnDevice::npu, WebnnDevice::gpu,
                                         WebnnDevice::cpu};  ///< tried in this order
  /// Threads of WASM, if the page is cross-origin isolated. 0: when a browser first loads a model, it times runs on
  /// zeros with 1 thread and with as many as it has cores (at most 4), keeps the faster number and remembers it. That
  /// load takes longer and needs twice the memory. The slower number's time is a reason in `Where::passed_over`.
  unsigned wasm_threads = 1;
  /// Bytes of models that the browser may keep on its disk, for the pool's address. The ones loaded least recently are
  /// deleted first. A model that is larger than this is downloaded by each load. 0: nothing is kept.
  std::uint64_t model_cache_bytes = std::uint64_t{4} << 30;
};

/// Time-outs and limits of one connection. Zero switches a limit off where the comment says so.
struct ConnectionSettings {
  std::chrono::milliseconds connect_timeout{30'000};  ///< from launch to hello
  std::chrono::milliseconds load_timeout{120'000};    ///< from load to loaded
  std::chrono::milliseconds message_timeout{60'000};  ///< from run to result, at most
  bool adaptive_timeouts = true;                      ///< shorter if answers come faster: `reliability::Patience`
  std::chrono::milliseconds health_interval{
      1'000};  ///< between heartbeats; after two missed ones a tab gets no requests, after three it is given up
  std::chrono::milliseconds idle_timeout{0};  ///< a launched tab that is unused for this long is closed; 0: never
  /// A launched tab is renewed when it exceeds one of these limits; 0: never. If there is room for one more tab, its
  /// replacement joins first. The old tab then gets nothing new, finishes what it has, and closes. One tab is renewed
  /// at a time.
  std::chrono::milliseconds maximum_age{0};  ///< up to a tenth earlier, so that tabs aren't all due together
  std::uint64_t maximum_requests = 0;
  std::size_t maximum_memory_bytes = 0;  ///< of its models, as the page reports
  double maximum_slowdown = 0;           ///< of its runs against its first ones and other tabs': 2 is twice as slow
  unsigned error_threshold = 5;          ///< consecutive failures before a repair: `reliability::Ladder`; 0: never
  std::size_t maximum_message_bytes = 256u << 20;  ///< largest frame accepted from a page
  /// A tab gets another request only while its unanswered requests are below both limits, so that inputs don't pile up
  /// in the tab or its sockets.
  unsigned requests_in_flight = 2;           ///< per loaded model: one computes while the next one's bytes travel
  std::size_t bytes_in_flight = 256u << 20;  ///< of inputs, over all its models; 0: unlimited
};

/// What a tab may hold. The pool enforces these budgets itself, because WebGPU does not refuse an allocation.
struct MemorySettings {
  std::size_t bytes_per_connection = 0;  ///< 0: unlimited
  std::size_t bytes_for_pool = 0;        ///< of all tabs together; 0: unlimited
  unsigned models_per_connection = 8;    ///< 0: unlimited
  double pressure_threshold = 0.8;       ///< share of the budget beyond which a new model evicts idle ones
  bool low_memory_mode = false;          ///< one model and one request at a time per tab, no warm-up run
};

/// How runs that failed with their tab, worker or device are retried, in another tab if there is one. Errors of the
/// request itself (wrong shape, unknown input ...) are never retried.
struct RetrySettings {
  unsigned attempts = 3;  ///< runs of one request at most; 1: no retries
  /// The second run follows at once. The run after run n waits for a random time below min(maximum, base * 2^(n-2)),
  /// rounded up to the pool's tick of 100 ms: exponential backoff with full jitter (M. Brooker, AWS Architecture Blog,
  /// 2015).
  std::chrono::milliseconds base{200}, maximum{5'000};
  /// Keeps a pool in which much fails from doubling its own load: each submitted request adds `budget` of a retry, up
  /// to `burst` saved ones, and each retry takes one (the token bucket of Finagle's RetryBudget).
  double budget = 0.2;
  unsigned burst = 100;
};

/// What is asked of guests: tabs that somebody opened by the pool's link, rather than the pool itself.
///
/// A share of a guest's results is computed again in an own tab before the caller gets one. As long as they agree, the
/// caller gets the guest's. If a guest differs, it is closed, and the caller gets the own tab's result. Newcomers are
/// checked most, as in BOINC's adaptive replication (https://boinc.berkeley.edu/trac/wiki/AdaptiveReplication):
/// for each model, every result until `proven_after` have agreed, then one in as many as have agreed so far, and never
/// less than `recheck_share`.
///
/// The caller gets the guest's result unchecked if no own tab holds the model, if the own tab's run fails, or if the
/// run must not be repeated (`RequestOptions::retry`). `Metrics` counts all of these. A deadline includes the check.
///
/// Two results agree if their outputs have the same datatypes and shapes, and each element b of the own tab's result
/// has |a - b| <= absolute_tolerance + relative_tolerance * |b|; integers must be equal. Not for models that draw
/// random numbers, whose results never agree: use `ModelOptions::own_tabs_only`.
struct GuestSettings {
  double recheck_share = 0;    ///< from 0 (nothing is checked) to 1 (everything); needs browsers of the pool's own
  unsigned proven_after = 10;  ///< agreements that make a guest `Trust::proven`
  /// ONNX Runtime Web's own tests allow WebGPU the first against the CPU; ONNX's backend tests allow the second. If all
  /// outputs of a model are much smaller than 1, the first must be smaller.
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

/// How far a model has got on its way into a tab.
struct LoadProgress {
  const BrowserInfo& browser;
  std::string_view model;
  std::string_view stage;  ///< "fetch" (bytes), "create", "warmup" (0 of 1, then 1 of 1)
  std::uint64_t done = 0, total = 0;
};

/// Runs requests of one model that come close together as one run of the page; each gets exactly its own rows back.
///
/// This is possible if axis 0 of all inputs and outputs is free. If the model has one name for it everywhere, that is
/// the batch. If not, its answers show: when one has other rows than its inputs, its requests run once more, apart,
/// unless `RequestOptions::retry` forbids that, and the maximum becomes 1, which is logged. Requests share a run if
/// they agree in their other extents, the outputs wanted, priority, client and `retry`. If a tab holds the model and is
/// idle for it, a request is sent at once; otherwise requests are collected. Each keeps its own cancellation, deadline
/// and total time. If the run fails, it is retried as one. If that fails too, all of its requests get the error.
struct BatchOptions {
  std::size_t maximum = 1;                 ///< rows of one combined run; 1: off
  std::chrono::microseconds delay{2'000};  ///< longest wait of the first request, if a tab could take the run
  std::vector<std::size_t> preferred{};    ///< a batch of exactly this many rows waits no longer, e.g. {4, 8}
};

/// How a model is loaded.
struct ModelOptions {
  std::string name{};          ///< empty: the file's name without its extension, or `ModelBytes::name`
  std::optional<Task> task{};  ///< empty: deduced from the name, then from the inputs
  /// Tried in this order in each tab. Backends made by `register_backend` may stand anywhere in it.
  std::vector<Backend> backends{Backend::webnn, Backend::webgpu, Backend::wasm};
  /// Each tab tries every backend of the list, times runs on zeros, and keeps the fastest; the others' times are the
  /// reasons why they were passed over. WebGPU is often slower than WASM; on software adapters it nearly always is.
  /// Further tabs of the same browser, version and adapter start with the backend found and don't compare.
  bool fastest = false;
  std::vector<Browser> browsers{};  ///< only these; empty: any
  std::size_t replicas = 1;         ///< tabs that hold it before `load` returns; demand adds more
  bool pinned = false;              ///< no memory policy evicts it
  Placing placing{};                ///< beside which other models and tensors it may stand
  /// Never in a guest: weights, inputs and outputs stay in browsers that the pool launched.
  bool own_tabs_only = false;
  /// Values of free dimensions, by name ("batch"), or by input and axis ("pixels[2]"), as is the only way for one
  /// without a name. WebNN needs them all.
  std::map<std::string, std::int64_t> free_dimensions{};
  std::function<void(const LoadProgress&)> progress{};  ///< called on the pool's thread; must neither block nor throw
  BatchOptions batching{};                              ///< `Model::set_max_batch_size` changes the maximum later
  /// For a decoder: the most tokens of a prompt and its continuation together. 0: `context_length` in the file's
  /// metadata. A longer text is refused.
  std::size_t context = 0;
  /// Where tabs fetch the model's bytes, instead of from the pool: an absolute address on one of
  /// `PoolOptions::model_origins`, or a path that begins with "/". The pool still reads the file. If the address yields
  /// bytes of another size or SHA-256, the load ends with `errc::load_failed`. Files beside the model that hold its
  /// tensors come from the pool.
  std::string url{};
  /// Keeps answers to equal requests (inputs' names, datatypes, shapes and bytes, and the outputs wanted) in at most
  /// this many bytes, inputs and outputs together; evicts the least recently used first. 0: off. Errors are never kept.
  /// Not for models that draw random numbers. It is wasteful if requests hardly repeat: each miss copies the inputs.
  std::size_t response_cache_bytes = 0;
};

/// Decides the options of each model in one place. Called once per load, before the options are checked, on the thread
/// of the caller that loads, so perhaps on several threads at once. `name` is the options' name or the file's. Free
/// dimensions of the info have no values yet. Whatever it throws reaches the caller as it is.
using ModelInitializer = std::function<void(std::string_view name, const ModelInfo&, ModelOptions&)>;

/// Everything a pool can be told. Use designated initialisers to name what differs from the defaults.
struct PoolOptions {
  std::size_t min_connections = 1;  ///< launched at once and kept
  std::size_t max_connections = 4;  ///< launched and attached together
  std::vector<Browser> browsers{};  ///< launched in this order, in rotation; empty: every installed one
  bool launch_browsers = true;      ///< false: only tabs that open `join_url()`
  bool headless = true;
  std::map<Task, std::vector<Browser>> browser_preferences{};  ///< where a task's models load first, best browser first
  std::map<Browser, BrowserOptions> browser_options{};
  ConnectionSettings connection{};
  MemorySettings memory{};
  RetrySettings retries{};
  GuestSettings guests{};
  BacklogLimits backlog{};
  /// While exactly one request is unanswered, the thread that waits for the tabs polls for this long before it sleeps,
  /// as a kernel does with SO_BUSY_POLL. That keeps a core busy and saves the time a core needs to wake up, about a
  /// third of a small trip where `benchmarks/compare.sh` was run. It should be longer than the trip. With more requests
  /// the thread sleeps, because answers are closer together and the browsers need the core. 0: off.
  std::chrono::microseconds busy_poll{0};
  std::string address = "127.0.0.1";  ///< to bind; anything but loopback lets other machines in
  std::uint16_t port = 0;             ///< 0: any free one
  /// The origin of a proxy that speaks TLS in front of the pool, such as "https://pool.example:8443". `join_url()` then
  /// begins with it, and requests for that host and from that origin are accepted. Empty: no proxy. See examples/tls.
  std::string public_origin{};
  std::filesystem::path
      ort_directory{};  ///< ONNX Runtime Web's dist folder; empty: `WEBPOOL_ORT_DIR`, then where CMake installed it
  /// JavaScript modules that each page imports before it joins, in this order. They speak with the application through
  /// js/messages.js. Each is read once, when the pool starts, and served as `/modules/<file name>` to anybody who
  /// reaches the port. If a module fails to be imported, the tab still joins; that is logged, and counted in
  /// `Metrics::page_troubles`.
  std::vector<std::filesystem::path> page_modules{};
  /// Origins such as "https://models.example" that `ModelOptions::url` may name; they must send CORS headers.
  std::vector<std::string> model_origins{};
  ModelInitializer model_initializer{};
  std::vector<std::shared_ptr<RunSink>> sinks{};  ///< each is told of all runs, loads, joins, losses and repairs
  LogLevel log_level = LogLevel::info;
  /// Messages and events kept of each tab, the most recent ones. They are written to the log, as JSON lines, when the
  /// tab or one of its workers fails; at `LogLevel::debug`, all are written at once. Tensors, tokens and texts of the
  /// application are left out.
  std::size_t flight_record = 32;
  LogSink log{};
};

}  // namespace webpool
