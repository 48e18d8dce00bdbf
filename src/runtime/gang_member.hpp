// SPDX-License-Identifier: Apache-2.0
// One member of a gang on its rank: what it was told, how far it is, what came of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include <rankine/core/hash.hpp>
#include <rankine/core/ids.hpp>
#include <rankine/runtime/gang_place.hpp>

#include "runtime/account.hpp"
#include "runtime/arguments.hpp"
#include "runtime/frame.hpp"
#include "runtime/gang_comms.hpp"
#include "runtime/messages.hpp"

namespace rankine::runtime {

struct GangMember {
  /// How far it may go.
  static constexpr std::uint32_t kWait = 0;
  static constexpr std::uint32_t kRun = 1;    ///< all members are ready
  static constexpr std::uint32_t kLeave = 2;  ///< broken before that: there is no communicator to be made

  TaskId gang{};
  TaskKey key{};
  FunctionId function{};
  std::uint16_t attempt = 1;
  std::uint32_t serial = 0;
  bool value_wanted = true;
  std::vector<Rank> ranks;
  Blob* arguments = nullptr;
  std::vector<Blob*> dependencies;

  std::atomic<std::uint32_t> go{kWait};
  std::atomic<bool> broken{false};
  std::atomic<Creation> creation{Creation::outside};
  Time broken_at{};
  bool said_ready = false;
  bool failed = false;
  std::vector<std::byte> body;  ///< the packed value or failure
  std::vector<InsideRecord> inside;

  detail::GangPlace place;
  Holding holding;
  TaskFrame frame;

  /// Every member names what it submits after itself: all of them are parents of their own.
  TaskId id() const {
    return ObjectId{hash_mix(number(gang) ^ 0x67616e67ull, static_cast<std::uint64_t>(place.rank)) |
                    kDerivedBit};
  }
  TaskKey own_key() const { return child_key(key, static_cast<std::uint64_t>(place.rank) + 1); }

  void let_go(std::uint32_t how_far) {
    std::uint32_t waiting = kWait;
    if (go.compare_exchange_strong(waiting, how_far)) go.notify_one();
  }
  void break_off() {
    broken = true;
    let_go(kLeave);
  }
};

}  // namespace rankine::runtime
