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

using Packed = std::tuple<double, double, std::uint64_t, std::vector<std::pair<std::string, double>>,
                          std::int32_t, std::int32_t, bool, std::int64_t, std::string, std::uint64_t,
                          std::int32_t, std::int32_t, bool, Placement>;

Amount amount(const std::string& name, double value) {
  if (!(value >= 0 && value < 1e12)) {
    throw InputError("rankine: option " + name + " is " + std::to_string(value) + ": it must be 0 or more");
  }
  return Amount(value);
}

}  // namespace

std::vector<std::byte> pack_options(const Options& o) {
  const Packed packed(o.cpus, o.gpus, o.memory_bytes, o.custom, o.priority, o.max_retries, o.retry_exceptions,
                      o.timeout.count(), o.name, o.key, o.rank, o.node, o.soft_affinity, o.placement);
  std::vector<std::byte> bytes(packed_bytes(packed));
  Writer writer(bytes);
  pack(writer, packed);
  return bytes;
}

Options unpack_options(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  Options o;
  std::int64_t timeout_ns = 0;
  std::tie(o.cpus, o.gpus, o.memory_bytes, o.custom, o.priority, o.max_retries, o.retry_exceptions,
           timeout_ns, o.name, o.key, o.rank, o.node, o.soft_affinity, o.placement) = unpack<Packed>(reader);
  o.timeout = std::chrono::nanoseconds{timeout_ns};
  return o;
}

scheduler::TaskClass task_class_of(FunctionId id, const Options& options) {
  scheduler::TaskClass c;
  c.function = id;
  c.request.cpus = amount("cpus", options.cpus);
  c.request.gpus = amount("gpus", options.gpus);
  c.request.memory_gib = amount("memory_bytes", static_cast<double>(options.memory_bytes) / (1u << 30));
  for (const auto& [name, value] : options.custom) c.request.custom.emplace_back(name, amount(name, value));
  std::sort(c.request.custom.begin(), c.request.custom.end());
  if (options.max_retries < 0) throw InputError("rankine: option max_retries is negative: 0 means no retry");
  if (options.timeout.count() < 0) throw InputError("rankine: option timeout is negative: 0 means none");
  c.priority = options.priority;
  c.max_retries = options.max_retries;
  c.retry_exceptions = options.retry_exceptions;
  c.timeout = options.timeout.count();
  c.rank = Rank{options.rank};
  c.node = NodeId{options.node};
  c.soft_affinity = options.soft_affinity;
  c.strategy =
      options.placement == Placement::spread ? scheduler::Strategy::spread : scheduler::Strategy::pack;
  c.name = options.name.empty() ? function(id).display : options.name;
  return c;
}

}  // namespace rankine::runtime
