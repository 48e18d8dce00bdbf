// SPDX-License-Identifier: Apache-2.0
#include "runtime/options_codec.hpp"

#include <algorithm>
#include <string>
#include <tuple>

#include <rankine/core/error.hpp>
#include <rankine/serialize/serialize.hpp>

#include "runtime/registry.hpp"

namespace rankine::runtime {

namespace {

using Custom = std::vector<std::pair<std::string, double>>;
using PackedRequest = std::tuple<double, double, std::uint64_t, Custom>;
using Packed =
    std::tuple<PackedRequest, std::vector<PackedRequest>, std::int32_t, std::int32_t, bool, std::int64_t,
               std::string, std::uint64_t, std::int32_t, std::int32_t, bool, Placement>;
using PackedAmounts =
    std::tuple<std::int64_t, std::int64_t, std::int64_t, std::vector<std::pair<std::string, std::int64_t>>>;

constexpr double kGiB = std::uint64_t{1} << 30;
constexpr double kAmountMax = 1e9;

Amount amount(const std::string& name, double value) {
  if (!(value >= 0 && value <= kAmountMax)) {
    throw InputError("rankine: option " + name + " is " + std::to_string(value) +
                     ": it must be from 0 to 1e9");
  }
  return Amount(value);
}

/// `where` names the alternative in errors.
template <class Request>
scheduler::Resources amounts_of(const Request& request, const std::string& where) {
  scheduler::Resources asked;
  asked.cpus = amount("cpus" + where, request.cpus);
  asked.gpus = amount("gpus" + where, request.gpus);
  if (request.gpus > 1 && asked.gpus.fixed() % Amount::kUnit != 0) {
    throw InputError("rankine: option gpus" + where + " is " + std::to_string(request.gpus) +
                     ": above 1 it must be a whole number of devices");
  }
  asked.memory_gib = amount("memory_bytes" + where, static_cast<double>(request.memory_bytes) / kGiB);
  for (const auto& [name, value] : request.custom) {
    if (name.empty()) throw InputError("rankine: option custom" + where + " names a resource \"\"");
    asked.custom.emplace_back(name, amount("custom" + where + ": " + name, value));
  }
  std::sort(asked.custom.begin(), asked.custom.end());
  const auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  const auto twice = std::adjacent_find(asked.custom.begin(), asked.custom.end(), same);
  if (twice != asked.custom.end())
    throw InputError("rankine: option custom" + where + " names " + twice->first + " twice");
  return asked;
}

scheduler::Strategy strategy_of(Placement placement) {
  switch (placement) {
    case Placement::spread:
      return scheduler::Strategy::spread;
    case Placement::strict_pack:
      return scheduler::Strategy::strict_pack;
    default:
      return scheduler::Strategy::pack;
  }
}

template <class Request>
PackedRequest packed_request(const Request& request) {
  return {request.cpus, request.gpus, request.memory_bytes, request.custom};
}

template <class Request>
void set_request(Request& request, PackedRequest&& packed) {
  std::tie(request.cpus, request.gpus, request.memory_bytes, request.custom) = std::move(packed);
}

template <class T>
std::vector<std::byte> bytes_of(const T& packed) {
  std::vector<std::byte> bytes(packed_bytes(packed));
  Writer writer(bytes);
  pack(writer, packed);
  return bytes;
}

PackedAmounts packed_amounts(const scheduler::Resources& resources) {
  PackedAmounts packed(resources.cpus.fixed(), resources.gpus.fixed(), resources.memory_gib.fixed(), {});
  for (const auto& [name, value] : resources.custom) std::get<3>(packed).emplace_back(name, value.fixed());
  return packed;
}

scheduler::Resources amounts(const PackedAmounts& packed) {
  scheduler::Resources resources;
  resources.cpus = Amount::of_fixed(std::get<0>(packed));
  resources.gpus = Amount::of_fixed(std::get<1>(packed));
  resources.memory_gib = Amount::of_fixed(std::get<2>(packed));
  for (const auto& [name, value] : std::get<3>(packed))
    resources.custom.emplace_back(name, Amount::of_fixed(value));
  return resources;
}

}  // namespace

std::vector<std::byte> pack_options(const Options& o) {
  std::vector<PackedRequest> alternatives;
  for (const Resources& one : o.alternatives) alternatives.push_back(packed_request(one));
  return bytes_of(Packed(packed_request(o), std::move(alternatives), o.priority, o.max_retries,
                         o.retry_exceptions, o.timeout.count(), o.name, o.key, o.rank, o.node,
                         o.soft_affinity, o.placement));
}

Options unpack_options(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  Options o;
  PackedRequest request;
  std::vector<PackedRequest> alternatives;
  std::int64_t timeout_ns = 0;
  std::tie(request, alternatives, o.priority, o.max_retries, o.retry_exceptions, timeout_ns, o.name, o.key,
           o.rank, o.node, o.soft_affinity, o.placement) = unpack<Packed>(reader);
  set_request(o, std::move(request));
  for (PackedRequest& one : alternatives) set_request(o.alternatives.emplace_back(), std::move(one));
  o.timeout = std::chrono::nanoseconds{timeout_ns};
  return o;
}

std::vector<std::byte> pack_resources(const scheduler::Resources& resources) {
  return bytes_of(packed_amounts(resources));
}

scheduler::Resources unpack_resources(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  return amounts(unpack<PackedAmounts>(reader));
}

scheduler::TaskClass task_class_of(FunctionId id, const Options& options) {
  scheduler::TaskClass c;
  c.function = id;
  c.request = amounts_of(options, "");
  for (std::size_t i = 0; i < options.alternatives.size(); ++i) {
    c.alternatives.push_back(amounts_of(options.alternatives[i], " of alternative " + std::to_string(i + 1)));
  }
  if (options.max_retries < 0) throw InputError("rankine: option max_retries is negative: 0 means no retry");
  if (options.timeout.count() < 0) throw InputError("rankine: option timeout is negative: 0 means none");
  c.priority = options.priority;
  c.max_retries = options.max_retries;
  c.retry_exceptions = options.retry_exceptions;
  c.timeout = options.timeout.count();
  c.rank = Rank{options.rank};
  c.node = NodeId{options.node};
  c.soft_affinity = options.soft_affinity;
  c.strategy = strategy_of(options.placement);
  c.name = options.name.empty() ? function(id).display : options.name;
  return c;
}

}  // namespace rankine::runtime
