// SPDX-License-Identifier: Apache-2.0
// The transport conformance suite over batches through a post office of threads: sends that end at once,
// late, and both mixed. What MPI's two-sided messaging does, without MPI.
#include <atomic>
#include <string>
#include <vector>

#include "catch.hpp"
#include "post_office.hpp"
#include "thread_member.hpp"
#include "transport/batch_transport.hpp"
#include "transport_suite.hpp"

namespace rankine::conformance {
namespace {

std::vector<std::string> run_through_post(const Behaviour& behaviour, int ranks, std::uint32_t late) {
  PostOffice office(ranks, late);
  std::vector<transport::Doorbell> bells(static_cast<std::size_t>(ranks));
  transport::Doorbells doorbells{bells, {}};
  for (int i = 0; i < ranks; ++i) doorbells.of.push_back(i);
  const std::size_t window_bytes = transport::choose_window_bytes(ranks, ranks, behaviour.limits);
  // All exist before one sends: a transport notes at its start where its doorbell's count stands.
  std::vector<std::unique_ptr<transport::Transport>> mails;
  for (int i = 0; i < ranks; ++i) {
    mails.push_back(std::make_unique<transport::BatchTransport>(Rank{i}, ranks, window_bytes, doorbells,
                                                                office.counter(Rank{i})));
  }
  return run_on_threads(behaviour, ranks,
                        [&mails](int i) { return std::move(mails[static_cast<std::size_t>(i)]); });
}

TEST_CASE("batches conform to the transport interface", "[transport]") {
  for (const Behaviour& behaviour : transport_behaviours()) {
    if (behaviour.rings_only) continue;
    for (const int ranks : {1, 2, 3, 8}) {
      if (ranks < behaviour.ranks_min) continue;
      const std::uint32_t late = ranks % 2 == 1 ? 30 : 100;
      DYNAMIC_SECTION(behaviour.name << " with " << ranks << " ranks, " << late << " of 100 sends end late") {
        REQUIRE(run_through_post(behaviour, ranks, late) == std::vector<std::string>{});
      }
    }
  }
}

}  // namespace
}  // namespace rankine::conformance
