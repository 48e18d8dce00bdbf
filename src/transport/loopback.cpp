// SPDX-License-Identifier: Apache-2.0
#include "transport/loopback.hpp"

#include <atomic>
#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include <rankine/core/check.hpp>

namespace rankine::transport {
namespace {

constexpr std::align_val_t kLine{64};

struct Release {
  void operator()(std::byte* bytes) const { ::operator delete[](bytes, kLine); }
};
using Window = std::unique_ptr<std::byte[], Release>;

Window make_window(const Layout& layout, Rank rank) {
  Window window(new (kLine) std::byte[layout.bytes(rank)]);
  std::memset(window.get(), 0, layout.control_bytes(rank));
  return window;
}

}  // namespace

struct LoopbackHub::State {
  Layout layout;
  std::vector<Window> windows;
  std::vector<Doorbell> bells;

  State(int ranks, const RingLimits& limits)
      : layout(choose_layout(ranks, ranks, limits)), bells(static_cast<std::size_t>(ranks)) {
    for (int i = 0; i < ranks; ++i) windows.push_back(make_window(layout, Rank{i}));
  }

  std::atomic_ref<std::uint64_t> word(Rank rank, std::size_t offset) {
    return std::atomic_ref<std::uint64_t>(
        *reinterpret_cast<std::uint64_t*>(windows[index(rank)].get() + offset));
  }
};

namespace {

class LoopbackFabric final : public Fabric {
 public:
  LoopbackFabric(std::shared_ptr<LoopbackHub::State> state, Rank rank)
      : state_(std::move(state)), rank_(rank) {}

  std::byte* memory() override { return state_->windows[index(rank_)].get(); }

  void put(Rank target, std::size_t offset, std::span<const std::byte> bytes) override {
    std::memcpy(state_->windows[index(target)].get() + offset, bytes.data(), bytes.size());
  }

  void publish(std::span<const Flag> flags) override {
    for (const Flag& flag : flags)
      state_->word(flag.target, flag.offset).store(flag.value, std::memory_order_release);
  }

  std::uint64_t fetch_add(Rank target, std::size_t offset, std::uint64_t by) override {
    return state_->word(target, offset).fetch_add(by);
  }

  void progress() override {}

 private:
  std::shared_ptr<LoopbackHub::State> state_;
  Rank rank_;
};

}  // namespace

LoopbackHub::LoopbackHub(int ranks, const RingLimits& limits)
    : state_(std::make_shared<State>(ranks, limits)) {}

std::unique_ptr<RingTransport> LoopbackHub::endpoint(Rank rank) {
  check(index(rank) >= 0 && index(rank) < state_->layout.ranks, "an endpoint for a rank that does not exist");
  Doorbells doorbells{state_->bells, {}};
  for (int i = 0; i < state_->layout.ranks; ++i) doorbells.of.push_back(i);
  return std::make_unique<RingTransport>(rank, state_->layout, std::move(doorbells),
                                         std::make_unique<LoopbackFabric>(state_, rank));
}

}  // namespace rankine::transport
