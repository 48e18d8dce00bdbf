// SPDX-License-Identifier: Apache-2.0
// Windows that every rank can reach by a pointer: of threads of one process, or of processes that have mapped
// the same memory. Puts are copies and flags are stores; never MPI.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <rankine/core/ids.hpp>

#include "transport/fabric.hpp"

namespace rankine::transport {

class SharedFabric final : public Fabric {
 public:
  /// `windows`: one a rank, 64-byte aligned, control words zero. `owner` keeps their memory, if anything
  /// must.
  SharedFabric(Rank rank, std::vector<std::byte*> windows, std::shared_ptr<const void> owner = nullptr);

  std::byte* memory() override { return windows_[index(rank_)]; }
  void put(Rank target, std::size_t offset, std::span<const std::byte> bytes) override;
  void publish(std::span<const Flag> flags) override;
  std::uint64_t fetch_add(Rank target, std::size_t offset, std::uint64_t by) override;
  void progress() override {}

 private:
  Rank rank_;
  std::vector<std::byte*> windows_;
  std::shared_ptr<const void> owner_;
};

}  // namespace rankine::transport
