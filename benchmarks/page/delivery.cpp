// A large file from disk to tabs. The tabs are scripted: what is measured is the host.

#include <fcntl.h>
#include <unistd.h>

#include <future>

#include "../../examples/demo/reference.hpp"
#include "../delivery.hpp"
#include "page.hpp"

namespace page {

namespace {

using comparison::in_proc;

/// The system forgets what it keeps of a file in memory.
void drop_from_cache(const std::filesystem::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  ::fsync(file);
  ::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
  ::close(file);
}

}  // namespace

void measure_delivery(const Settings& settings, comparison::Report& report) {
  const demo::TemporaryFolder folder;
  comparison::Table table("A model file on its way to tabs", {"", "value", "unit"});
  {
    const std::size_t size = (settings.quick ? std::size_t{512} : std::size_t{2047}) << 20;
    const double growth = comparison::growth_by_delivery(folder.path(), size);
    report.at_most("delivery/" + std::to_string(size >> 20) + "_mib/growth_of_host", growth, "MiB", 64);
    table.add({"growth of the host's memory while " + std::to_string(size >> 20) + " MiB go to a tab",
               comparison::text(growth), "MiB"});
  }
  {
    constexpr std::size_t size = std::size_t{256} << 20;
    const auto path = comparison::model_of(folder.path(), size, false);
    const comparison::Fetching tab(path);
    drop_from_cache(path);
    const std::size_t before = in_proc("io", "read_bytes:");
    std::vector<std::future<void>> tabs;
    for (int i = 0; i < 10; ++i) tabs.push_back(std::async(std::launch::async, [&] { tab.fetch(size); }));
    for (auto& each : tabs) each.get();
    const double reads = static_cast<double>(in_proc("io", "read_bytes:") - before) / static_cast<double>(size);
    report.at_most("delivery/ten_tabs/reads_of_disk", reads, "files", 1.1);
    table.add({"reads of the disk while ten tabs fetch the same 256 MiB", comparison::text(reads, 2), "files"});
  }
  table.print(std::cout);
}

}  // namespace page
