// SPDX-License-Identifier: Apache-2.0
#include "transport/shared_fabric.hpp"

#include <atomic>
#include <cstring>
#include <utility>

namespace rankine::transport {
namespace {

std::atomic_ref<std::uint64_t> word(std::byte* window, std::size_t offset) {
  return std::atomic_ref<std::uint64_t>(*reinterpret_cast<std::uint64_t*>(window + offset));
}

}  // namespace

SharedFabric::SharedFabric(Rank rank, std::vector<std::byte*> windows, std::shared_ptr<const void> owner)
    : rank_(rank), windows_(std::move(windows)), owner_(std::move(owner)) {}

void SharedFabric::put(Rank target, std::size_t offset, std::span<const std::byte> bytes) {
  std::memcpy(windows_[index(target)] + offset, bytes.data(), bytes.size());
}

void SharedFabric::publish(std::span<const Flag> flags) {
  for (const Flag& flag : flags)
    word(windows_[index(flag.target)], flag.offset).store(flag.value, std::memory_order_release);
}

std::uint64_t SharedFabric::fetch_add(Rank target, std::size_t offset, std::uint64_t by) {
  return word(windows_[index(target)], offset).fetch_add(by);
}

}  // namespace rankine::transport
