// SPDX-License-Identifier: Apache-2.0
// Which back end a run uses: what the user wishes, or what a short trial at the start finds to work and to be
// fast. All ranks decide the same.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include <mpi.h>

#include "transport/doorbell.hpp"
#include "transport/layout.hpp"
#include "transport/transport.hpp"

namespace rankine::transport {

enum class TransportWish { automatic, node, rma, p2p };

/// "auto" (or nothing), "node", "rma" or "p2p"; throws InputError naming RANKINE_TRANSPORT for anything else.
TransportWish parse_wish(std::string_view text);

/// What a trial between two ranks found.
struct Trial {
  bool right = false;  ///< every message came back as it was sent
  int trips = 0;
  double best_us = 0;  ///< the shortest of them
};

/// Between nodes one-sided messaging is the rule. Two-sided wins where it works and the other does not, or,
/// between nodes, where the other is clearly slower: more than twice, and by more than the noise of a busy
/// machine. On one node, where one-sided messages are plain stores, a difference is noise.
bool prefer_p2p(const Trial& rma, const Trial& p2p, bool one_node);

struct Choice {
  std::unique_ptr<Transport> transport;
  const char* name = "";  ///< as in RANKINE_TRANSPORT
  std::string reason;     ///< a half-sentence for people; on rank 0
  /// MPI's windows work between these ranks and are worth using.
  bool one_sided() const { return std::string_view(name) == "rma"; }
};

/// Between ranks of one node, which share `memory` (node_memory_bytes of it): by what is written there.
Choice choose_node(Rank rank, int ranks, const Doorbells& doorbells, std::span<std::byte> memory);

/// Else: by MPI. Collective over `comm`, which is duplicated. The trial takes milliseconds: a few round trips
/// through both back ends between rank 0 and a rank of another node, or its neighbour where there is one
/// node; a back end that does not answer is given up after two seconds. Throws SystemError, on all ranks,
/// when the one that was wished for, or neither, works.
Choice choose_transport(MPI_Comm comm, const Doorbells& doorbells, TransportWish wish,
                        const RingLimits& limits = {});

}  // namespace rankine::transport
