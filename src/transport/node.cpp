// SPDX-License-Identifier: Apache-2.0
#include "transport/node.hpp"

#include <utility>
#include <vector>

#include <rankine/core/check.hpp>

#include "transport/shared_fabric.hpp"

namespace rankine::transport {
namespace {

constexpr std::size_t kPageBytes = 4096;

/// Windows begin on pages: ranks that have a node of memory each get theirs in it when they touch it first.
std::size_t window_bytes(const Layout& layout, int rank) {
  return (layout.bytes(Rank{rank}) + kPageBytes - 1) / kPageBytes * kPageBytes;
}

}  // namespace

std::size_t node_memory_bytes(int ranks, const RingLimits& limits) {
  const Layout layout = choose_layout(ranks, ranks, limits);
  std::size_t bytes = 0;
  for (int rank = 0; rank < ranks; ++rank) bytes += window_bytes(layout, rank);
  return bytes;
}

std::unique_ptr<RingTransport> make_node_transport(Rank rank, int ranks, Doorbells doorbells,
                                                   std::span<std::byte> memory, const RingLimits& limits) {
  check(memory.size() >= node_memory_bytes(ranks, limits), "the memory of all rings");
  const Layout layout = choose_layout(ranks, ranks, limits);
  std::vector<std::byte*> windows;
  std::byte* at = memory.data();
  for (int r = 0; r < ranks; ++r) {
    windows.push_back(at);
    at += window_bytes(layout, r);
  }
  return std::make_unique<RingTransport>(rank, layout, std::move(doorbells),
                                         std::make_unique<SharedFabric>(rank, std::move(windows)));
}

}  // namespace rankine::transport
