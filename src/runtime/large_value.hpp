// SPDX-License-Identifier: Apache-2.0
// The bytes of a large value while it is written: in the arena, or, where memory has no room for it soon, in
// this process on their way to disk.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "runtime/aligned.hpp"
#include "runtime/room.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

class LargeValue {
 public:
  /// Made by a task, without the progress lock; may wait. Throws StoreFull.
  LargeValue(Store& store, Room& room, std::size_t bytes)
      : store_(store), room_(room.reserve_for_task(bytes)) {
    if (room_) return;
    for_disk_ = aligned_bytes(bytes);
    on_its_way_ = {for_disk_.get(), bytes};
  }

  std::span<std::byte> bytes() { return room_ ? room_->data() : on_its_way_; }
  /// After it was written. Throws SystemError where the disk fails.
  Location seal() { return room_ ? store_.seal(std::move(*room_)) : store_.create_on_disk(on_its_way_); }

 private:
  Store& store_;
  std::optional<Reservation> room_;
  std::shared_ptr<std::byte[]> for_disk_;
  std::span<std::byte> on_its_way_;
};

}  // namespace rankine::runtime
