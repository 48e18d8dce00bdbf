// SPDX-License-Identifier: Apache-2.0
#include "transport/p2p.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

#include "transport/gathering.hpp"
#include "transport/mpi_error.hpp"

namespace rankine::transport {
namespace {

constexpr int kTag = 0;
constexpr Nanoseconds kClosePatience = 10 * kSecond;

}  // namespace

class P2pTransport::MpiPost final : public Post {
 public:
  explicit MpiPost(MPI_Comm comm) : comm_(comm) {}

  MPI_Comm comm() const { return comm_; }

  bool send(Ticket ticket, Rank target, std::span<const std::byte> bytes) override {
    MPI_Request request = MPI_REQUEST_NULL;
    const int code = MPI_Isend(bytes.data(), static_cast<int>(bytes.size()), MPI_BYTE, index(target), kTag,
                               comm_, &request);
    if (code != MPI_SUCCESS) return fail(target);
    return done_or_kept(request, ticket, target);
  }

  bool next(Letter& letter) override {
    int found = 0;
    MPI_Status status;
    check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, kTag, comm_, &found, &status), "MPI_Iprobe");
    if (found == 0) return false;
    int bytes = 0;
    check_mpi(MPI_Get_count(&status, MPI_BYTE, &bytes), "MPI_Get_count");
    letter = {Rank{status.MPI_SOURCE}, static_cast<std::size_t>(bytes)};
    source_ = letter.source;
    return true;
  }

  // Not MPI_Imrecv: over UCX its request does not know the communicator (Open MPI 4.1), so that the test for
  // its end crashes, in the search for the error handler, when the sender has died.
  bool receive(Ticket ticket, std::span<std::byte> into) override {
    MPI_Request request = MPI_REQUEST_NULL;
    const int code = MPI_Irecv(into.data(), static_cast<int>(into.size()), MPI_BYTE, index(source_), kTag,
                               comm_, &request);
    if (code != MPI_SUCCESS) return fail(source_);
    return done_or_kept(request, ticket, source_);
  }

  void leave() override {
    int found = 0;
    MPI_Message message = MPI_MESSAGE_NULL;
    check_mpi(MPI_Improbe(index(source_), kTag, comm_, &found, &message, MPI_STATUS_IGNORE), "MPI_Improbe");
  }

  std::span<const Ticket> finished() override {
    finished_.clear();
    if (requests_.empty()) return finished_;
    int count = 0;
    indices_.resize(requests_.size());
    statuses_.resize(requests_.size());
    const int code = MPI_Testsome(static_cast<int>(requests_.size()), requests_.data(), &count,
                                  indices_.data(), statuses_.data());
    if (code != MPI_ERR_IN_STATUS) check_mpi(code, "MPI_Testsome on messages under way");
    if (count == MPI_UNDEFINED || count == 0) return finished_;
    for (int i = 0; i < count; ++i) {
      if (code == MPI_ERR_IN_STATUS && statuses_[i].MPI_ERROR != MPI_SUCCESS) fail(peers_[indices_[i]]);
      finished_.push_back(tickets_[indices_[i]]);
    }
    std::sort(indices_.begin(), indices_.begin() + count, std::greater<>());
    for (int i = 0; i < count; ++i) forget(static_cast<std::size_t>(indices_[i]));
    return finished_;
  }

  std::vector<Rank> take_unreachable() override { return std::exchange(unreachable_, {}); }

  // The request is neither cancelled nor freed: both may wait for the other side, which is dead. And MPI may
  // read or write the memory for as long as it runs.
  void abandon(Ticket ticket, std::unique_ptr<std::byte[]> memory) override {
    const auto at = std::ranges::find(tickets_, ticket);
    if (at != tickets_.end()) forget(static_cast<std::size_t>(at - tickets_.begin()));
    static_cast<void>(memory.release());
  }

 private:
  /// What MPI does with a dead rank differs: over shared memory nothing, over UCX operations fail. Its memory
  /// is free again either way.
  bool fail(Rank peer) {
    unreachable_.push_back(peer);
    return true;
  }
  bool done_or_kept(MPI_Request request, Ticket ticket, Rank peer) {
    int done = 0;
    if (MPI_Test(&request, &done, MPI_STATUS_IGNORE) != MPI_SUCCESS) return fail(peer);
    if (done != 0) return true;
    requests_.push_back(request);
    tickets_.push_back(ticket);
    peers_.push_back(peer);
    return false;
  }
  void forget(std::size_t at) {
    requests_[at] = requests_.back();
    tickets_[at] = tickets_.back();
    peers_[at] = peers_.back();
    requests_.pop_back();
    tickets_.pop_back();
    peers_.pop_back();
  }

  MPI_Comm comm_;
  std::vector<MPI_Request> requests_;  // under way
  std::vector<Ticket> tickets_;        // theirs
  std::vector<Rank> peers_;            // theirs
  Rank source_ = kNoRank;              // of the message that next() found
  std::vector<Rank> unreachable_;
  std::vector<int> indices_;
  std::vector<MPI_Status> statuses_;
  std::vector<Ticket> finished_;
};

P2pTransport::P2pTransport(Rank rank, int ranks, std::size_t window_bytes, Doorbells doorbells,
                           std::unique_ptr<MpiPost> post)
    : BatchTransport(rank, ranks, window_bytes, std::move(doorbells), std::move(post)),
      comm_(static_cast<MpiPost&>(this->post()).comm()) {}

// Credits may still be on their way, and a communicator with messages on their way cannot be freed: so every
// rank learns how many batches were sent to it, and takes them.
void P2pTransport::close(bool orderly) {
  if (comm_ == MPI_COMM_NULL) return;
  MPI_Comm comm = std::exchange(comm_, MPI_COMM_NULL);
  if (!orderly) return;
  const std::vector<std::uint64_t> sent = batches_to();
  std::uint64_t expected = 0;
  check_mpi(MPI_Reduce_scatter_block(sent.data(), &expected, 1, MPI_UINT64_T, MPI_SUM, comm),
            "MPI_Reduce_scatter_block");
  const Time start = now();
  while (!drop_mail(expected)) {
    if (now() - start > kClosePatience) return;  // left to the process's end
  }
  check_mpi(MPI_Comm_free(&comm), "MPI_Comm_free");
}

std::unique_ptr<P2pTransport> make_p2p_transport(MPI_Comm comm, Doorbells doorbells,
                                                 const P2pOptions& options) {
  const Gathering g = gather(comm, doorbells, options.limits);
  const std::size_t window_bytes = choose_window_bytes(g.ranks, g.ranks_on_node, g.limits);
  std::unique_ptr<P2pTransport> transport(new P2pTransport(Rank{g.rank}, g.ranks, window_bytes,
                                                           std::move(doorbells),
                                                           std::make_unique<P2pTransport::MpiPost>(g.comm)));
  // Nobody announces a batch on a doorbell before its owner has noted where the count stands.
  check_mpi(MPI_Barrier(g.comm), "MPI_Barrier");
  return transport;
}

}  // namespace rankine::transport
