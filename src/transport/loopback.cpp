// SPDX-License-Identifier: Apache-2.0
#include "transport/loopback.hpp"

#include <cstring>
#include <new>
#include <utility>
#include <vector>

#include <rankine/core/check.hpp>

#include "transport/shared_fabric.hpp"

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
};

LoopbackHub::LoopbackHub(int ranks, const RingLimits& limits)
    : state_(std::make_shared<State>(ranks, limits)) {}

std::unique_ptr<RingTransport> LoopbackHub::endpoint(Rank rank) {
  check(index(rank) >= 0 && index(rank) < state_->layout.ranks, "an endpoint for a rank that does not exist");
  Doorbells doorbells{state_->bells, {}};
  std::vector<std::byte*> windows;
  for (int i = 0; i < state_->layout.ranks; ++i) {
    doorbells.of.push_back(i);
    windows.push_back(state_->windows[i].get());
  }
  return std::make_unique<RingTransport>(rank, state_->layout, std::move(doorbells),
                                         std::make_unique<SharedFabric>(rank, std::move(windows), state_));
}

}  // namespace rankine::transport
