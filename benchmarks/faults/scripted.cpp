// Target A: tabs that speak the wire by hand over loopback sockets, and break it.

#include <fstream>

#include "../../examples/demo/reference.hpp"
#include "../../tests/support/onnx_file.hpp"
#include "faults.hpp"
#include "faulty_tab.hpp"

namespace faults {
namespace {

using webpool::Inputs;
using webpool::Tensor;

constexpr std::chrono::milliseconds message_timeout{500};
constexpr std::size_t pixels = 28 * 28;

struct Script {
  Fault fault;
  const char* name;
  std::size_t rows = 1;  ///< of each input: 1000 are 3 MB, more than a socket's buffers take
};
constexpr Script scripts[] = {
    {Fault::tab_closed, "tab closed, in the middle of a run"},
    {Fault::dropped_mid_frame, "socket dropped in the middle of a frame"},
    {Fault::half_open, "half-open sockets: no FIN, no heartbeat"},
    {Fault::stalled_reader, "stalled reader, inputs of 3 MB", 1000},
    {Fault::slow_reader, "slow reader, inputs of 3 MB", 1000},
    {Fault::malformed_frame, "malformed frame"},
    {Fault::oversized_frame, "oversized frame"},
    {Fault::truncated_frame, "truncated frame"},
    {Fault::wrong_id, "reply with a wrong id"},
    {Fault::duplicate_reply, "duplicate reply"},
    {Fault::reply_after_timeout, "reply after the time-out"},
    {Fault::device_lost, "device lost"},
    {Fault::error_reply, "run failed"},
    {Fault::spinning, "worker spins, never answers"},
};

/// A model file whose inputs and outputs are those that FaultyTab serves.
std::filesystem::path echo_model(const demo::TemporaryFolder& folder) {
  const auto file = folder.path() / "echo.onnx";
  std::ofstream(file, std::ios::binary) << webpool::testing::onnx_file({{"image", {{"batch", 1, 28, 28}}}},
                                                                       {{"probabilities", {{"batch", 10}}}});
  return file;
}

std::vector<support::Question> questions(std::size_t rows) {
  std::vector<support::Question> all;
  for (int number = 0; number < 10; ++number) {
    std::vector<float> image(rows * pixels), answer;
    for (std::size_t row = 0; row < rows; ++row) {
      image[row * pixels] = static_cast<float>(100 * number) + static_cast<float>(row);
      for (int digit = 0; digit < 10; ++digit) answer.push_back(image[row * pixels] + static_cast<float>(digit));
    }
    all.push_back({Inputs{{"image", Tensor::from(std::move(image), {static_cast<std::int64_t>(rows), 1, 28, 28})}},
                   std::move(answer)});
  }
  return all;
}

/// One fault in one of two tabs, under load.
void strike(const Script& script, const std::filesystem::path& model_file, Row& row) {
  BrowserPool pool({.min_connections = 0,
                    .launch_browsers = false,
                    .connection = {.message_timeout = message_timeout, .health_interval = 200ms},
                    .log = [](auto, std::string_view) {}});
  FaultyTab faulty(pool.join_url(), message_timeout);
  const FaultyTab well(pool.join_url(), message_timeout);
  const webpool::Model model = pool.load(model_file, {.replicas = 2});
  const std::size_t requests = script.rows > 1 ? 80 : 1'600;
  support::CheckedLoad load(model, questions(script.rows),
                            {.requests = requests, .callers = 8, .pause = script.rows > 1 ? 10ms : 2ms});
  within(10s, [&] { return load.submitted() > requests / 8; });
  faulty.arm(script.fault);
  within(10s, [&] { return faulty.struck(); });
  const support::Tally tally = load.finish(30s);
  row.add(load, faulty.struck_at(), tally);
  row.happened = row.happened && faulty.struck();
  if (pool.metrics().connections == 0) row.note = "no tab was left at the end of one of them";
}

}  // namespace

std::vector<Row> scripted_faults(const Settings& settings) {
  const demo::TemporaryFolder folder;
  const auto model = echo_model(folder);
  std::vector<Row> rows;
  for (const Script& script : scripts) {
    Row& row = rows.emplace_back(Row{.fault = script.name, .target = "scripted tab"});
    for (int time = 0; time < (settings.quick ? 1 : 5); ++time) strike(script, model, row);
  }
  return rows;
}

}  // namespace faults
