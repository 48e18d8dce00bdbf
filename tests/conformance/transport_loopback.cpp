// SPDX-License-Identifier: Apache-2.0
// The transport conformance suite over ranks that are threads of one process, each with
// a window of its own or with one memory for all.
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "catch.hpp"
#include "thread_member.hpp"
#include "transport/loopback.hpp"
#include "transport/node.hpp"
#include "transport_suite.hpp"

namespace rankine::conformance {
namespace {

TEST_CASE("loopback conforms to the transport interface", "[transport]") {
  for (const Behaviour& behaviour : transport_behaviours()) {
    for (const int ranks : {1, 2, 3, 8}) {
      if (ranks < behaviour.ranks_min) continue;
      DYNAMIC_SECTION(behaviour.name << " with " << ranks << " ranks") {
        transport::LoopbackHub hub(ranks, behaviour.limits);
        REQUIRE(run_on_threads(behaviour, ranks, [&hub](int i) { return hub.endpoint(Rank{i}); }) ==
                std::vector<std::string>{});
      }
    }
  }
}

TEST_CASE("messages in the memory of one node conform to the transport interface", "[transport]") {
  for (const Behaviour& behaviour : transport_behaviours()) {
    // Only the memory differs from loopback; between processes mpi_transport_conformance_node has more ranks.
    for (const int ranks : {2, 3}) {
      if (ranks < behaviour.ranks_min) continue;
      DYNAMIC_SECTION(behaviour.name << " with " << ranks << " ranks") {
        struct alignas(64) Line {
          std::byte bytes[64];
        };
        std::vector<Line> lines(transport::node_memory_bytes(ranks, behaviour.limits) / sizeof(Line) + 1);
        std::vector<transport::Doorbell> bells(static_cast<std::size_t>(ranks));
        const auto endpoint = [&](int i) {
          transport::Doorbells doorbells{bells, {}};
          for (int rank = 0; rank < ranks; ++rank) doorbells.of.push_back(rank);
          return transport::make_node_transport(Rank{i}, ranks, doorbells,
                                                std::as_writable_bytes(std::span(lines)), behaviour.limits);
        };
        REQUIRE(run_on_threads(behaviour, ranks, endpoint) == std::vector<std::string>{});
      }
    }
  }
}

}  // namespace
}  // namespace rankine::conformance
