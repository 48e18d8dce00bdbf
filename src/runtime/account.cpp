// SPDX-License-Identifier: Apache-2.0
#include "runtime/account.hpp"

#include <algorithm>

#include <rankine/serialize/serialize.hpp>

#include "runtime/options_codec.hpp"
#include "runtime/registry.hpp"

namespace rankine::runtime {

namespace {

constexpr Amount kWhole = Amount::of_fixed(Amount::kUnit);

using Packed = std::pair<std::vector<std::vector<std::byte>>, std::string>;

}  // namespace

std::vector<std::byte> pack_demand(const ClassDemand& demand) {
  Packed packed;
  packed.second = demand.name;
  for (const scheduler::Resources& choice : demand.choices) packed.first.push_back(pack_resources(choice));
  std::vector<std::byte> bytes(packed_bytes(packed));
  Writer writer(bytes);
  pack(writer, packed);
  return bytes;
}

ClassDemand unpack_demand(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  const auto packed = unpack<Packed>(reader);
  ClassDemand demand;
  demand.name = packed.second;
  for (const std::vector<std::byte>& choice : packed.first)
    demand.choices.push_back(unpack_resources(choice));
  return demand;
}

bool is_plain(const scheduler::TaskClass& task_class) {
  const scheduler::Resources& r = task_class.request;
  return r.cpus == kWhole && r.gpus.is_zero() && r.memory_gib.is_zero() && r.custom.empty() &&
         task_class.alternatives.empty() && task_class.name == function(task_class.function).display;
}

Account::Account(const scheduler::Resources& total, const std::vector<std::int32_t>& gpus) : free_(total) {
  for (const std::int32_t index : gpus) devices_.push_back({index, std::min(total.gpus, kWhole)});
}

Amount& Account::custom(const std::string& name) {
  const auto at = std::find_if(free_.custom.begin(), free_.custom.end(),
                               [&](const auto& entry) { return entry.first == name; });
  return at != free_.custom.end() ? at->second : free_.custom.emplace_back(name, Amount()).second;
}

bool Account::fits(const scheduler::Resources& demand) const {
  const auto enough = [](Amount wanted, Amount there) { return wanted.is_zero() || wanted <= there; };
  if (!enough(demand.cpus, free_.cpus) || !enough(demand.memory_gib, free_.memory_gib)) return false;
  for (const auto& [name, wanted] : demand.custom) {
    const auto at = std::find_if(free_.custom.begin(), free_.custom.end(),
                                 [&wanted_name = name](const auto& e) { return e.first == wanted_name; });
    if (!enough(wanted, at != free_.custom.end() ? at->second : Amount())) return false;
  }
  if (demand.gpus.is_zero()) return true;
  // A share must lie on one device, whole devices must be free as a whole.
  const Amount each = std::min(demand.gpus, kWhole);
  const auto devices = std::count_if(devices_.begin(), devices_.end(),
                                     [each](const Device& device) { return device.free >= each; });
  return demand.gpus <= kWhole ? devices > 0 : devices >= demand.gpus.fixed() / Amount::kUnit;
}

/// Whole devices: those with most left. A share: where least is left that is enough.
void Account::choose_devices(Holding& holding) const {
  const Amount wanted = holding.resources.gpus;
  if (wanted.is_zero() || devices_.empty()) return;
  std::vector<Device> order = devices_;
  const auto more_free = [](const Device& a, const Device& b) { return a.free > b.free; };
  std::stable_sort(order.begin(), order.end(), more_free);
  if (wanted > kWhole) {
    const auto count = static_cast<std::size_t>(wanted.fixed() / Amount::kUnit);
    for (std::size_t i = 0; i < std::min(count, order.size()); ++i) holding.gpus.push_back(order[i].index);
    std::sort(holding.gpus.begin(), holding.gpus.end());
    return;
  }
  const Device* best = &order.front();
  for (const Device& device : order) {
    if (device.free >= wanted && device.free < best->free) best = &device;
  }
  holding.gpus.push_back(best->index);
}

void Account::change_devices(const Holding& holding, bool take) {
  const Amount each = std::min(holding.resources.gpus, kWhole);
  for (const std::int32_t index : holding.gpus) {
    for (Device& device : devices_) {
      if (device.index == index) (take ? device.free -= each : device.free += each);
    }
  }
}

void Account::take(Holding& holding) {
  if (holding.gpus.empty()) choose_devices(holding);
  free_.cpus -= holding.resources.cpus;
  free_.gpus -= holding.resources.gpus;
  free_.memory_gib -= holding.resources.memory_gib;
  for (const auto& [name, amount] : holding.resources.custom) custom(name) -= amount;
  change_devices(holding, true);
}

void Account::give(const Holding& holding) {
  free_.cpus += holding.resources.cpus;
  free_.gpus += holding.resources.gpus;
  free_.memory_gib += holding.resources.memory_gib;
  for (const auto& [name, amount] : holding.resources.custom) custom(name) += amount;
  change_devices(holding, false);
}

}  // namespace rankine::runtime
