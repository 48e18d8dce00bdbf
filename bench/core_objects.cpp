// SPDX-License-Identifier: Apache-2.0
// Objects: small ones by the call, large ones by the gigabyte, and one that holds 10,000 references.
#include <cstdint>
#include <vector>

#include "core.hpp"

namespace rk = rankine;

namespace rankine::bench {

namespace {

constexpr int kClients = 10;  // tasks that put, as in Ray's benchmark
constexpr int kPutsOfAClient = 100;
constexpr std::size_t kClientBytes = std::size_t{80} << 20;
constexpr std::size_t kViewedBytes = std::size_t{1} << 30;
constexpr int kRefsInside = 10'000;
constexpr std::uint64_t kWord = 0x0123456789abcdef;

void get_calls(benchmark::State& state) {
  const auto ref = rk::put(7);
  for (auto _ : state) require(ref.get() == 7);
  state.SetItemsProcessed(state.iterations());
}

void put_calls(benchmark::State& state) {
  rk::Future<int> ref;
  for (auto _ : state) ref = rk::put(7);
  require(ref.get() == 7);
  state.SetItemsProcessed(state.iterations());
}

int put_small(int times) {
  rk::Future<int> ref;
  for (int i = 0; i < times; ++i) ref = rk::put(i);
  return ref.get();
}

void multi_client_put_calls(benchmark::State& state) {
  for (auto _ : state) {
    std::vector<rk::Future<int>> futures;
    for (int i = 0; i < kClients; ++i) futures.push_back(rk::submit<put_small>(kPutsOfAClient));
    for (const auto& future : futures) require(future.get() == kPutsOfAClient - 1);
  }
  state.SetItemsProcessed(state.iterations() * kClients * kPutsOfAClient);
}

void put_gigabytes(benchmark::State& state, std::size_t bytes) {
  const std::vector<std::uint64_t> values(bytes / 8, kWord);
  rk::Future<std::vector<std::uint64_t>> ref;
  for (auto _ : state) {
    ref = {};  // the one before makes room
    ref = rk::put(values);
  }
  require(ref.get() == values);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

/// Puts the same 80 MiB again and again; the last stays. Ray's is a task that makes its array each time,
/// which numpy does lazily; here it is made once, so that puts are what is timed.
struct Putter {
  std::vector<std::uint64_t> values = std::vector<std::uint64_t>(kClientBytes / 8, kWord);
  rk::Future<std::vector<std::uint64_t>> put(int times) {
    rk::Future<std::vector<std::uint64_t>> ref;
    for (int i = 0; i < times; ++i) {
      ref = {};
      ref = rk::put(values);
    }
    return ref;
  }
};

void multi_client_put_gigabytes(benchmark::State& state, int times) {
  std::vector<rk::Actor<Putter>> clients;
  for (int i = 0; i < kClients; ++i) clients.push_back(rk::spawn<Putter>());
  for (const auto& client : clients) client.call<&Putter::put>(1).wait();
  std::vector<rk::Future<rk::Future<std::vector<std::uint64_t>>>> futures;
  for (auto _ : state) {
    futures.clear();
    for (const auto& client : clients) futures.push_back(client.call<&Putter::put>(times));
    for (const auto& future : futures) future.wait();
  }
  for (const auto& future : futures) {
    const std::vector<std::uint64_t> values = future.get().get();
    require(values.size() == kClientBytes / 8 && values.front() == kWord && values.back() == kWord);
  }
  state.SetBytesProcessed(state.iterations() * kClients * times * static_cast<std::int64_t>(kClientBytes));
}

std::vector<rk::Future<int>> make_refs() {
  std::vector<rk::Future<int>> refs;
  for (int i = 0; i < kRefsInside; ++i) refs.push_back(rk::put(i));
  return refs;
}

void get_refs_inside(benchmark::State& state) {
  const auto object = rk::submit<make_refs>();
  std::vector<rk::Future<int>> refs;
  for (auto _ : state) {
    refs = object.get();
    require(refs.size() == kRefsInside);
  }
  for (int i = 0; i < kRefsInside; ++i) require(refs[static_cast<std::size_t>(i)].get() == i);
  state.SetItemsProcessed(state.iterations());
}

rk::Array<std::uint64_t> make_array(std::size_t bytes) {
  return rk::Array<std::uint64_t>(bytes / 8, [](std::size_t i) { return i; });
}

/// A view of what another rank of the node made: nothing is copied, whatever its size.
void get_view(benchmark::State& state) {
  const auto ref = rk::submit<make_array>(kViewedBytes);
  const std::uint64_t* where = ref.get().data();
  for (auto _ : state) {
    const rk::Array<std::uint64_t> values = ref.get();
    require(values.data() == where && values[kViewedBytes / 16] == kViewedBytes / 16);
  }
  state.SetItemsProcessed(state.iterations());
}

/// The bytes of another rank's object in this rank's own memory, which had the one before.
void get_gigabytes(benchmark::State& state, std::size_t bytes) {
  const auto ref = rk::submit<make_array>(bytes);
  std::vector<std::uint64_t> values(bytes / 8);
  for (auto _ : state) {
    values[1] = 0;
    const rk::Array<std::uint64_t> view = ref.get();
    std::copy(view.begin(), view.end(), values.begin());
    require(values[1] == 1 && values.back() == values.size() - 1);
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

}  // namespace

void add_objects(Suite& suite, const Setting& setting) {
  const RawFloor& raw = setting.raw;
  const std::size_t bytes = setting.large_bytes;
  const double copied = raw.memcpy_bytes_per_s / 1e9;
  const double got = raw.get_bytes_per_s / 1e9;
  suite.rate("single_client_get_calls", get_calls,
             {Setting::measured(raw.gets_per_s), "MPI_Get of 64 B and flush", setting.target(2'000'000)});
  suite.rate("single_client_put_calls", put_calls,
             {Setting::measured(raw.puts_per_s), "MPI_Put of 64 B and flush", setting.target(1'000'000)});
  suite.rate("multi_client_put_calls", multi_client_put_calls,
             {Setting::measured(raw.puts_per_s), "MPI_Put of 64 B and flush", {}});
  suite.rate("single_client_get_object_containing_10k_refs", get_refs_inside);
  suite.rate("single_client_get_1GiB_same_node", get_view,
             {raw.memcpy_bytes_per_s / double{kViewedBytes}, "memcpy of 1 GiB", {}});
  suite.rate("single_client_put_gigabytes", [bytes](benchmark::State& state) { put_gigabytes(state, bytes); },
             {copied, "memcpy", setting.target(0.9 * copied)});
  suite.rate(
      "multi_client_put_gigabytes",
      [times = suite.quick() ? 2 : 10](benchmark::State& state) { multi_client_put_gigabytes(state, times); },
      {copied, "memcpy", {}});
  suite.rate("single_client_get_gigabytes_copied",
             [bytes](benchmark::State& state) { get_gigabytes(state, bytes); },
             {Setting::measured(got), "MPI_Get", setting.target(0.9 * got)});
}

}  // namespace rankine::bench
