// SPDX-License-Identifier: Apache-2.0
// The transport conformance suite over ranks that are threads of one process.
#include <string>
#include <vector>

#include "catch.hpp"
#include "thread_member.hpp"
#include "transport/loopback.hpp"
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

}  // namespace
}  // namespace rankine::conformance
