// SPDX-License-Identifier: Apache-2.0
// rankine-bench-objects: a large object for all ranks of a node, which is one copy in memory, and many small
// ones of another node. mpirun -n 3 rankine-bench-objects [--json FILE] [--quick] [--filter REGEX]; rows
// about other nodes where there are some.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <numeric>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include <rankine/rankine.hpp>

#include "raw_mpi.hpp"
#include "suite.hpp"

namespace rk = rankine;
using namespace rankine::bench;

namespace {

using Words = rk::Array<std::uint64_t>;
constexpr std::size_t kPageWords = 512;
constexpr std::size_t kSmallWords = 1024;  ///< 8 KiB: more than what travels in messages
constexpr double kRawPart = 0.9;

Words make_words(std::size_t words) {
  return Words(words, [](std::size_t i) { return i; });
}

Words make_small(std::uint64_t seed) {
  return Words(kSmallWords, [seed](std::size_t i) { return seed + i; });
}

/// Which memory this process sees at an address: file and place in it, as text.
std::string memory_at(const void* address) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    std::uintptr_t begin = 0, end = 0, offset = 0;
    char dash = 0;
    std::string rights, device, inode;
    fields >> std::hex >> begin >> dash >> end >> rights >> offset >> device >> inode;
    if (at < begin || at >= end) continue;
    return device + ' ' + inode + ' ' + std::to_string(offset + (at - begin));
  }
  return {};
}

/// This process's part of the shared memory that it has touched: shared among those who have.
double shared_bytes() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string line; std::getline(rollup, line);) {
    double kib = 0;
    if (std::sscanf(line.c_str(), "Pss_Shmem: %lf kB", &kib) == 1) return kib * 1024;
  }
  return 0;
}

/// Reads a word of each page, and says which memory it was.
std::string touch(const Words& words) {
  for (std::size_t i = 0; i < words.size(); i += kPageWords) {
    if (words[i] != i) return "wrong";
  }
  return memory_at(words.data());
}

double part_of(const Words& words) {
  require(words[0] == 0);
  return shared_bytes();
}

/// One object, read by a task on each worker.
struct Broadcast {
  explicit Broadcast(std::size_t words, int ranks) {
    const double used_before = static_cast<double>(rk::statistics().store.used_bytes);
    const auto object = rk::submit<make_words>({.rank = 1}, words);
    const Words mine = object.get();
    seconds.push_back(seconds_of([&] { visit(object, ranks); }));
    for (int i = 0; i < 4; ++i) seconds.push_back(seconds_of([&] { visit(object, ranks); }));
    require(touch(mine) == where, "the driver sees another copy");
    const double bytes = 8.0 * static_cast<double>(words);
    copies_held = (static_cast<double>(rk::statistics().store.used_bytes) - used_before) / bytes;
    double resident = shared_bytes();
    std::vector<rk::Future<double>> parts;
    for (int r = 1; r < ranks; ++r) parts.push_back(rk::submit<part_of>({.rank = r}, object));
    for (const auto& part : parts) resident += part.get();
    copies_resident = resident / bytes;
  }

  void visit(const rk::Future<Words>& object, int ranks) {
    std::vector<rk::Future<std::string>> seen;
    for (int r = 1; r < ranks; ++r) seen.push_back(rk::submit<touch>({.rank = r}, object));
    for (const auto& one : seen) {
      const std::string place = one.get();
      if (where.empty()) where = place;
      require(place == where && place != "wrong" && !place.empty(), "ranks see different memory");
    }
  }

  std::string where;
  std::vector<double> seconds;  ///< the first touches every page for the first time
  double copies_held = 0;
  double copies_resident = 0;
};

Row one_value(double value, const std::string& unit) {
  Row row;
  row.value = value;
  row.unit = unit;
  row.better = Better::lower;
  return row;
}

void add_broadcast(Suite& suite, const RawReads& raw, std::size_t bytes, int ranks) {
  const auto broadcast = std::make_shared<std::optional<Broadcast>>();
  const auto get = [=]() -> Broadcast& {
    if (!*broadcast) broadcast->emplace(bytes / 8, ranks);
    return **broadcast;
  };
  const double copy_ms = 1e3 * static_cast<double>(bytes) / raw.memcpy_bytes_per_s;
  suite.figure("broadcast_same_node_first", [get] { return one_value(1e3 * get().seconds.front(), "ms"); },
               {.raw = copy_ms, .raw_is = "memcpy of it", .target = {}});
  suite.figure("broadcast_same_node_again",
               [get] {
                 std::vector<double> ms;
                 for (std::size_t i = 1; i < get().seconds.size(); ++i) ms.push_back(1e3 * get().seconds[i]);
                 return cost_row("ms", ms);
               },
               {.raw = copy_ms, .raw_is = "memcpy of it", .target = {}});
  suite.figure("broadcast_copies_held", [get] { return one_value(get().copies_held, "copies"); },
               {.raw = {}, .raw_is = {}, .target = 1.01});
  suite.figure("broadcast_copies_resident", [get] { return one_value(get().copies_resident, "copies"); },
               {.raw = {}, .raw_is = {}, .target = 1.1});
}

/// The end of raw reads on the rank that makes the objects; the driver has the other one.
class RawEnd {
 public:
  explicit RawEnd(std::size_t bytes) : link_(std::make_unique<RawLink>(0, bytes)) {}
  bool serve(bool by_get) { return link_->serve(by_get); }
  bool close() {
    link_.reset();
    return true;
  }

 private:
  std::unique_ptr<RawLink> link_;
};

/// Rates in GB/s, in turns: an object of another node, and as many bytes by bare MPI. At first into memory
/// that nobody has touched yet, then into memory that was used before.
struct RemoteReads {
  std::vector<double> ours, get, receive;  ///< `get` is empty where MPI makes no window

  RemoteReads(std::size_t bytes, int times, int maker) {
    const auto end = rk::spawn<RawEnd>({.rank = maker}, bytes);
    auto link = std::make_unique<RawLink>(maker, bytes);
    for (int i = 0; i < times; ++i) {
      ours.push_back(read_ours(bytes, maker));
      for (const bool by_get : {true, false}) {
        if (by_get && !link->has_window()) continue;
        const auto served = end.call<&RawEnd::serve>(by_get);
        (by_get ? get : receive).push_back(static_cast<double>(bytes) * 1e-9 / link->read(by_get));
        require(served.get());
      }
    }
    require(link->right());
    const auto closed = end.call<&RawEnd::close>();
    link.reset();  // together with the other end
    require(closed.get());
  }

  static double read_ours(std::size_t bytes, int maker) {
    const auto made = rk::submit<make_words>({.rank = maker}, bytes / 8);
    made.wait();
    std::optional<Words> here;
    const double seconds = seconds_of([&] { here = made.get(); });
    require(touch(*here) != "wrong");
    return static_cast<double>(bytes) * 1e-9 / seconds;
  }
};

std::vector<double> later(const std::vector<double>& rates) {
  return {rates.begin() + 1, rates.end()};
}

/// Our rate against that of bare MPI in the same turn, the median of all turns.
Row ratios(const std::vector<double>& ours, const std::vector<double>& raw) {
  std::vector<double> ratios;
  for (std::size_t i = 1; i < ours.size(); ++i) ratios.push_back(ours[i] / raw[i]);
  Row row = rate_row("ratio", ratios);
  row.value = *row.median;
  return row;
}

void add_large_reads(Suite& suite, std::size_t bytes, int maker, bool windows) {
  const int times = suite.quick() ? 16 : 6;
  const auto all = std::make_shared<std::optional<RemoteReads>>();
  const auto reads = [=]() -> const RemoteReads& {
    if (!*all) all->emplace(bytes, times, maker);
    return **all;
  };
  const Beside ratio{.raw = {}, .raw_is = {}, .target = kRawPart};
  suite.figure("remote_get_large", [=] { return rate_row("GB/s", later(reads().ours)); }, {});
  suite.figure("remote_get_large_raw_recv", [=] { return rate_row("GB/s", later(reads().receive)); }, {});
  suite.figure(
      "remote_get_large_against_recv", [=] { return ratios(reads().ours, reads().receive); }, ratio);
  if (windows) {
    suite.figure(
        "remote_get_large_against_get", [=] { return ratios(reads().ours, reads().get); }, ratio);
  }
  suite.figure("remote_get_large_first", [=] { return rate_row("GB/s", {reads().ours.front()}); }, {});
  suite.figure("remote_get_large_first_raw_recv", [=] { return rate_row("GB/s", {reads().receive.front()}); },
               {});
}

Row small_rates(int count, int times, int maker) {
  std::vector<std::uint64_t> seeds(static_cast<std::size_t>(count));
  std::iota(seeds.begin(), seeds.end(), 0);
  std::vector<double> rates;
  for (int i = 0; i < times; ++i) {
    const auto made = rk::map<make_small>({.rank = maker}, seeds);
    made.wait();
    std::vector<Words> all;
    const double seconds = seconds_of([&] { all = made.get(); });
    for (const std::uint64_t seed : seeds) require(all[seed][kSmallWords - 1] == seed + kSmallWords - 1);
    rates.push_back(count / seconds);
  }
  return rate_row("1/s", rates);
}

/// One object of a worker, read by all ranks: copies that came to each other node.
double copies_per_node(std::size_t bytes, int ranks, int nodes, int maker) {
  const double before = static_cast<double>(rk::statistics().store.pulled_bytes);
  const auto made = rk::submit<make_words>({.rank = maker}, bytes / 8);
  std::vector<rk::Future<std::string>> seen;
  for (int r = 1; r < ranks; ++r) seen.push_back(rk::submit<touch>({.rank = r}, made));
  require(touch(made.get()) != "wrong");
  for (const auto& one : seen) require(one.get() != "wrong");
  const double came = static_cast<double>(rk::statistics().store.pulled_bytes) - before;
  return came / (static_cast<double>(bytes) * (nodes - 1));
}

void add_remote(Suite& suite, const RawReads& raw, std::size_t bytes, int ranks, int nodes) {
  const int maker = ranks - 1;
  add_large_reads(suite, bytes, maker, raw.get_bytes_per_s > 0);
  suite.figure("broadcast_copies_into_a_node",
               [=] { return one_value(copies_per_node(bytes, ranks, nodes, maker), "copies"); },
               {.raw = {}, .raw_is = {}, .target = 1.01});
  const int count = suite.quick() ? 500 : 5000;
  suite.figure("remote_get_8KiB", [=] { return small_rates(count, 3, maker); },
               {.raw = raw.small_receives_per_s, .raw_is = "64 B asked for by MPI_Send", .target = {}});
}

}  // namespace

int main(int argc, char** argv) {
  CommandLine command_line;
  CLI::App app{"Large objects on one node and objects of other nodes. Run with mpirun -n 2 (or more)."};
  command_line.add_to(app);
  rk::RuntimeOptions options;
  options.arena_bytes = std::uint64_t{3} << 30;
  rk::Runtime runtime(options);
  if (const auto code = parse(app, argc, argv, runtime.is_head())) return *code;
  const std::size_t bytes = (command_line.quick ? std::size_t{64} : std::size_t{1024}) << 20;
  const RawReads raw = measure_raw_reads(bytes);
  const int ranks = runtime.size();
  const bool several = runtime.nodes() > 1;
  if (ranks < 2) {
    std::fprintf(stderr, "rankine-bench-objects: one rank shares with nobody. Remedy: mpirun -n 2 or more\n");
    return 2;
  }
  return runtime.run([&] {
    Suite suite(command_line, ranks);
    if (!several) add_broadcast(suite, raw, bytes, ranks);
    if (several) add_remote(suite, raw, bytes, ranks, runtime.nodes());
    return report(suite, command_line);
  });
}
