// SPDX-License-Identifier: Apache-2.0
// Held to what collectives.hpp says: all implementations on the host, or GPUs, in the same words. Then the
// sum of large arrays beside MPI_Allreduce, for the reader. Run by mpirun with any number of ranks:
// train_collectives [speed|cuda]
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <iostream>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include <boost/mpi/collectives.hpp>
#include <boost/mpi/communicator.hpp>
#include <boost/mpi/environment.hpp>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/nn/cuda.hpp>
#include <rankine/train/collectives.hpp>
#include <rankine/train/nccl_collectives.hpp>

namespace mpi = boost::mpi;
namespace nn = rankine::nn;
namespace train = rankine::train;

namespace {

int failures = 0;  // of this rank, which has one thread that counts

void expect(bool right, const std::string& what) {
  if (right) return;
  ++failures;
  std::cerr << "collectives: failed: " << what << std::endl;
}

/// Member `member`'s number i: many magnitudes, so that another order of sums has other bits.
float number(std::size_t member, std::size_t i) {
  const std::uint64_t hash = rankine::hash_mix(member + 1, i);
  return std::ldexp(static_cast<float>(hash % 2048) - 1024.0F, static_cast<int>(hash >> 40 & 15) - 8);
}

/// ((0 + 1) + (2 + 3)) + ...
float tree_sum(std::vector<float> values) {
  while (values.size() > 1) {
    std::vector<float> next;
    for (std::size_t k = 0; k + 1 < values.size(); k += 2) next.push_back(values[k] + values[k + 1]);
    if (values.size() % 2 == 1) next.push_back(values.back());
    values = std::move(next);
  }
  return values.front();
}
float sum_at(std::size_t members, std::size_t i) {
  std::vector<float> values;
  for (std::size_t member = 0; member < members; ++member) values.push_back(number(member, i));
  return tree_sum(std::move(values));
}

std::span<float> floats(const std::shared_ptr<void>& memory, std::size_t count) {
  return {static_cast<float*>(memory.get()), count};
}

class Suite {
 public:
  Suite(train::Collectives& group, std::string name) : group_(group), name_(std::move(name)) {}

  void all() {
    for (const std::size_t count :
         {std::size_t{1}, std::size_t{17}, std::size_t{4096}, std::size_t{600'007}}) {
      for (const bool shared : {false, true}) {
        sums(count, shared);
        largest(count, shared);
        scatters(count * group_.size(), shared);
        gathers(count * group_.size(), shared, false);
        gathers(count * group_.size(), shared, true);
      }
    }
    halves();
    several_at_once();
    broadcasts();
    numbers();
    messages();
    messages_before_a_sum();
  }

 private:
  std::shared_ptr<void> memory(std::size_t count, bool shared) {
    if (shared) return group_.allocate(count * sizeof(float));
    return {new float[count](), [](void* freed) { delete[] static_cast<float*>(freed); }};
  }
  void fill(std::span<float> values) const {
    for (std::size_t i = 0; i < values.size(); ++i) values[i] = number(group_.member(), i);
  }
  std::string words(const char* what, std::size_t count, bool shared) const {
    return name_ + ": " + what + " of " + std::to_string(count) + (shared ? " in memory of the group" : "");
  }

  void sums(std::size_t count, bool shared) {
    const auto memory_of_sum = memory(count, shared);
    const auto values = floats(memory_of_sum, count);
    fill(values);
    group_.wait(
        group_.all_reduce({{nullptr, values.data(), count}}, nn::Scalar::f32, train::Reduction::sum, "sum"));
    bool right = true;
    for (std::size_t i = 0; i < count; ++i) right = right && values[i] == sum_at(group_.size(), i);
    expect(right, words("sum", count, shared));
  }
  void largest(std::size_t count, bool shared) {
    const auto memory_of_max = memory(count, shared);
    const auto values = floats(memory_of_max, count);
    fill(values);
    group_.wait(
        group_.all_reduce({{nullptr, values.data(), count}}, nn::Scalar::f32, train::Reduction::max, "max"));
    bool right = true;
    for (std::size_t i = 0; i < count; ++i) {
      float most = number(0, i);
      for (std::size_t member = 1; member < group_.size(); ++member) most = std::max(most, number(member, i));
      right = right && values[i] == most;
    }
    expect(right, words("largest", count, shared));
  }
  void scatters(std::size_t count, bool shared) {
    const auto from_memory = memory(count, shared);
    const auto from = floats(from_memory, count);
    fill(from);
    const std::size_t each = count / group_.size();
    std::vector<float> to(each);
    group_.wait(group_.reduce_scatter({{from.data(), to.data(), count}}, nn::Scalar::f32, "scatter"));
    bool right = true;
    for (std::size_t i = 0; i < each; ++i)
      right = right && to[i] == sum_at(group_.size(), group_.member() * each + i);
    expect(right, words("reduce_scatter", count, shared));
  }
  void gathers(std::size_t count, bool shared, bool in_place) {
    const std::size_t each = count / group_.size();
    const auto whole_memory = memory(count, shared);
    const auto part_memory = memory(each, shared);
    const auto whole = floats(whole_memory, count);
    const std::span<float> part =
        in_place ? whole.subspan(group_.member() * each, each) : floats(part_memory, each);
    fill(part);
    group_.wait(group_.all_gather({{part.data(), whole.data(), count}}, nn::Scalar::f32, "gather"));
    bool right = true;
    for (std::size_t i = 0; i < count; ++i) right = right && whole[i] == number(i / each, i % each);
    expect(right, words(in_place ? "all_gather in place" : "all_gather", count, shared));
  }
  /// bf16: 1, 2, 3... are exact, and so are their sums here.
  void halves() {
    std::vector<std::uint16_t> values(1000);
    for (std::size_t i = 0; i < values.size(); ++i) {
      const auto value = static_cast<float>(i % 8 + group_.member());
      std::uint32_t bits = 0;
      std::memcpy(&bits, &value, 4);
      values[i] = static_cast<std::uint16_t>(bits >> 16);
    }
    group_.wait(group_.all_reduce({{nullptr, values.data(), values.size()}}, nn::Scalar::bf16,
                                  train::Reduction::sum, "sum of bf16"));
    bool right = true;
    const std::size_t members = group_.size();
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::uint32_t bits = std::uint32_t{values[i]} << 16;
      float value = 0;
      std::memcpy(&value, &bits, 4);
      right = right && value == static_cast<float>(i % 8 * members + members * (members - 1) / 2);
    }
    expect(right, name_ + ": sum of bf16");
  }
  /// Queued together, waited for in the reverse order.
  void several_at_once() {
    const auto shared = memory(5000, true);
    std::vector<float> own(300);
    fill(floats(shared, 5000));
    fill(own);
    const auto first = group_.all_reduce({{nullptr, shared.get(), 5000}, {nullptr, own.data(), own.size()}},
                                         nn::Scalar::f32, train::Reduction::sum, "two arrays");
    std::vector<float> gathered(2 * group_.size());
    const std::vector<float> two{float(group_.member()), 7};
    const auto second =
        group_.all_gather({{two.data(), gathered.data(), gathered.size()}}, nn::Scalar::f32, "");
    group_.wait(second);
    group_.wait(first);
    bool right = gathered.back() == 7 && gathered[gathered.size() - 2] == float(group_.size() - 1);
    for (std::size_t i = 0; i < 5000; ++i)
      right = right && floats(shared, 5000)[i] == sum_at(group_.size(), i);
    for (std::size_t i = 0; i < own.size(); ++i) right = right && own[i] == sum_at(group_.size(), i);
    expect(right, name_ + ": two operations under way");
  }
  void broadcasts() {
    for (std::size_t root = 0; root < group_.size(); ++root) {
      std::vector<std::uint64_t> values(1000, group_.member());
      group_.wait(group_.broadcast(values.data(), values.size() * 8, root));
      expect(std::ranges::all_of(values, [root](std::uint64_t value) { return value == root; }),
             name_ + ": broadcast");
    }
  }
  /// In a ring, on both channels, the second waited for first.
  void numbers() {
    const auto own = static_cast<double>(group_.member()) + 0.1;
    const std::vector<double> all = group_.gather_numbers(std::vector{own, -own});
    bool right = all.size() == 2 * group_.size();
    for (std::size_t k = 0; right && k < group_.size(); ++k)
      right = all[2 * k] == static_cast<double>(k) + 0.1 && all[2 * k + 1] == -all[2 * k];
    expect(right, name_ + ": numbers of the host");
  }
  void messages() {
    if (group_.size() == 1) return;
    const std::size_t next = (group_.member() + 1) % group_.size();
    const std::size_t last = (group_.member() + group_.size() - 1) % group_.size();
    std::vector<std::uint64_t> out(100'000, group_.member());
    std::vector<std::uint64_t> forward(out.size());
    std::vector<std::uint64_t> backward(out.size());
    const std::size_t bytes = out.size() * 8;
    const auto a = group_.receive(forward.data(), bytes, last, train::Channel::forward);
    const auto b = group_.receive(backward.data(), bytes, next, train::Channel::backward);
    const auto c = group_.send(out.data(), bytes, last, train::Channel::backward);
    const auto d = group_.send(out.data(), bytes, next, train::Channel::forward);
    for (const auto ticket : {b, a, c, d}) group_.wait_message(ticket);
    expect(forward.front() == last && forward.back() == last && backward.front() == next &&
               backward.back() == next,
           name_ + ": messages");
  }

  /// Member 0 sends more than MPI takes at once and then waits for a sum; its receiver is late.
  void messages_before_a_sum() {
    constexpr std::size_t kMessages = 10000;
    std::vector<float> values(256, 1.0F), sum(16, 1.0F);
    if (group_.size() == 1) return;
    if (group_.member() == 0)
      for (std::size_t k = 0; k < kMessages; ++k)
        group_.wait_message(group_.send(values.data(), 1024, 1, train::Channel::forward));
    if (group_.member() == 1) {
      for (const rankine::Time begin = rankine::now(); rankine::seconds_since(begin) < 0.3;) continue;
      for (std::size_t k = 0; k < kMessages; ++k)
        group_.wait_message(group_.receive(values.data(), 1024, 0, train::Channel::forward));
    }
    group_.wait(
        group_.all_reduce({{nullptr, sum.data(), 16}}, nn::Scalar::f32, train::Reduction::sum, "late"));
    expect(sum[0] == static_cast<float>(group_.size()), name_ + ": a sum after many messages");
  }

  train::Collectives& group_;
  std::string name_;
};

/// A group that is broken while one member does not come: the others' waits end.
void breaks(const mpi::communicator& world, const train::MakeCollectives& make, const std::string& name) {
  const rankine::Time begin = rankine::now();
  const auto group = make({world, [begin] { return rankine::seconds_since(begin) > 0.3; }, true});
  if (world.rank() != world.size() - 1) {
    std::vector<float> values(100);
    bool thrown = false;
    try {
      group->wait(
          group->all_reduce({{nullptr, values.data(), 100}}, nn::Scalar::f32, train::Reduction::sum, ""));
    } catch (const rankine::GangBroken&) {
      thrown = true;
    }
    expect(thrown, name + ": a wait ends when the group breaks");
  }
  world.barrier();
}

template <class Operation>
double best_seconds(const mpi::communicator& world, int times, const Operation& operation) {
  double best = 1e9;
  for (int k = 0; k < times; ++k) {
    world.barrier();
    const rankine::Time begin = rankine::now();
    operation();
    best = std::min(best, mpi::all_reduce(world, rankine::seconds_since(begin), mpi::maximum<double>()));
  }
  return best;
}

void speed(const mpi::communicator& world) {
  const auto group = train::make_mpi_collectives({world, {}, false});
  for (const std::size_t mebibytes : {1U, 4U, 16U, 64U}) {
    const std::size_t count = (mebibytes << 20) / sizeof(float);
    const auto memory = group->allocate(count * sizeof(float));
    std::vector<float> plain(count, 0.0F);
    const double shared = best_seconds(world, 10, [&] {
      group->wait(
          group->all_reduce({{nullptr, memory.get(), count}}, nn::Scalar::f32, train::Reduction::sum, ""));
    });
    const double staged = best_seconds(world, 10, [&] {
      group->wait(
          group->all_reduce({{nullptr, plain.data(), count}}, nn::Scalar::f32, train::Reduction::sum, ""));
    });
    const double raw = best_seconds(world, 10, [&] {
      MPI_Allreduce(MPI_IN_PLACE, plain.data(), static_cast<int>(count), MPI_FLOAT, MPI_SUM, world);
    });
    if (world.rank() == 0)
      std::cout << mebibytes << " MiB: in memory of the group " << shared * 1e3 << " ms, in any memory "
                << staged * 1e3 << " ms, MPI_Allreduce " << raw * 1e3 << " ms; ratio " << shared / raw << ", "
                << staged / raw << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  mpi::environment environment(argc, argv, mpi::threading::multiple);
  const mpi::communicator world;
  const auto held = [&](const train::MakeCollectives& make, const std::string& name) {
    for (const bool background : {false, true}) {
      const auto group = make({world, {}, background, true});
      Suite(*group, name + (background ? ", background" : "")).all();
      world.barrier();
    }
  };
  const auto held_and_breaks = [&](const train::MakeCollectives& make, const std::string& name) {
    held(make, name);
    if (world.size() > 1) breaks(world, make, name);
  };
  if (argc > 1 && std::string(argv[1]) == "cuda") {
    const auto device = nn::make_cuda_device(0);
    held(train::make_nccl_collectives(*device), "NCCL");  // how its waits end: unit.nn_cuda_emulated
  } else {
    held_and_breaks(train::make_mpi_collectives, "shared");
    held_and_breaks(train::make_message_collectives, "messages");
  }
  const auto single = train::make_single_collectives();
  Suite(*single, "single").all();
  if (argc > 1 && std::string(argv[1]) == "speed" && world.size() > 1) speed(world);
  const int all = mpi::all_reduce(world, failures, mpi::maximum<int>());
  if (world.rank() == 0 && all == 0) std::cout << "collectives: all as promised" << std::endl;
  return all == 0 ? 0 : 1;
}
