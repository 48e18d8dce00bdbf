// SPDX-License-Identifier: Apache-2.0
// What a rank has of each resource and what its running work holds of it. The head decides what comes here;
// by this account the rank decides when the next piece may start, in order of arrival.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <rankine/core/amount.hpp>

#include "scheduler/types.hpp"

namespace rankine::runtime {

/// What tasks with other options than the defaults ask for; the head tells it before the first of them comes.
struct ClassDemand {
  std::vector<scheduler::Resources> choices;  ///< the request, then its alternatives
  std::string name;                           ///< for people
};
std::vector<std::byte> pack_demand(const ClassDemand& demand);
ClassDemand unpack_demand(std::span<const std::byte> bytes);
/// One CPU and nothing else, under the function's own name: needs no telling.
bool is_plain(const scheduler::TaskClass& task_class);

/// What one piece, actor or gang member holds.
struct Holding {
  scheduler::Resources resources;
  std::uint32_t choice = 0;
  std::vector<std::int32_t> gpus;  ///< device indices; kept while it waits, also when others use them then
};

/// All calls are made with the progress lock held. Amounts may fall below zero for a while: what goes on
/// after waiting takes its share back at once.
class Account {
 public:
  Account() = default;
  Account(const scheduler::Resources& total, const std::vector<std::int32_t>& gpus);

  // Plain tasks: one CPU.
  bool fits_plain() const { return free_.cpus >= kOneCpu; }
  void take_plain() { free_.cpus -= kOneCpu; }
  void give_plain() { free_.cpus += kOneCpu; }

  bool fits(const scheduler::Resources& demand) const;
  /// A new holding gets devices; one that goes on keeps those it had.
  void take(Holding& holding);
  void give(const Holding& holding);

  const scheduler::Resources& free() const { return free_; }

 private:
  static constexpr Amount kOneCpu = Amount::of_fixed(Amount::kUnit);
  struct Device {
    std::int32_t index = 0;
    Amount free;
  };
  Amount& custom(const std::string& name);
  void choose_devices(Holding& holding) const;
  void change_devices(const Holding& holding, bool take);

  scheduler::Resources free_;
  std::vector<Device> devices_;
};

}  // namespace rankine::runtime
