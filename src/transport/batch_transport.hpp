// SPDX-License-Identifier: Apache-2.0
// The transport over a network that sends and receives: many messages in one batch, credit from the receiver,
// a bounded number of sends under way, receives that never wait. It never includes <mpi.h>.
//
// Many to one is what two-sided messaging dies of: what nobody has received yet lies in the receiver's
// memory, out of its control. So a sender has at most a window of bytes under way to a receiver, and the
// receiver says in the head of its own batches how far it has read.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "transport/doorbell.hpp"
#include "transport/layout.hpp"
#include "transport/post.hpp"
#include "transport/ring.hpp"
#include "transport/self_mail.hpp"
#include "transport/sleeper.hpp"
#include "transport/transport.hpp"

namespace rankine::transport {

/// Bytes that one sender may have under way to one receiver: the largest power of two within the limits such
/// that all windows into the ranks of a node together stay in the node's budget; never less than the smallest
/// ring, since the memory is used only where receivers are behind. Throws InputError for limits that make no
/// sense.
std::size_t choose_window_bytes(int ranks, int ranks_on_node, const RingLimits& limits);

/// The first bytes of a batch; records follow.
struct BatchHeader {
  std::uint64_t consumed;  ///< how far the sender has read what the receiver sent: credit
  std::uint64_t tail;      ///< the sender's position after the records
};
static_assert(sizeof(BatchHeader) == 16);

class BatchTransport : public Transport {
 public:
  static constexpr std::size_t kBatchBytes = 4000;  ///< a little below what MPI libraries send eagerly
  static constexpr int kSendsPerTarget = 8;
  static constexpr int kSends = 256;
  static constexpr int kReceivesPerPoll = 32;

  BatchTransport(Rank rank, int ranks, std::size_t window_bytes, Doorbells doorbells,
                 std::unique_ptr<Post> post);
  ~BatchTransport() override;

  Rank rank() const override { return rank_; }
  int size() const override { return static_cast<int>(peers_.size()); }
  std::size_t message_bytes_max() const override { return window_bytes_ / 4; }
  std::span<std::byte> append(Rank destination, std::size_t bytes) override;
  void flush() override { send_pending(); }
  std::size_t poll(MailSink& sink, std::size_t messages_max = 256) override;
  std::size_t queued_bytes() const override;
  void sleep(Nanoseconds timeout_ns) override;
  void ring() override { sleeper_.ring(); }
  void exclude(Rank dead) override;
  std::vector<Rank> take_unreachable() override { return std::exchange(unreachable_, {}); }
  void close(bool) override {}

  /// What happened so far, for tests, benches and the run's summary.
  struct Counters {
    std::uint64_t batches_sent = 0;
    std::uint64_t batches_received = 0;  ///< those left where they were included
    int sends_under_way_max = 0;
    int sends_to_one_max = 0;
  };
  const Counters& counters() const { return counters_; }

 protected:
  Post& post() { return *post_; }
  /// Batches started to each rank so far.
  std::vector<std::uint64_t> batches_to() const;
  /// Takes what comes and drops it; true once `batches` have come in all and no send is under way.
  bool drop_mail(std::uint64_t batches);

 private:
  struct Peer {
    OutgoingRing ring;
    std::uint64_t credit = 0;    ///< how far it has read what I sent
    std::uint64_t consumed = 0;  ///< how far I have read what it sent
    std::uint64_t credited = 0;  ///< how far it knows that I have
    std::uint64_t batches = 0;   ///< sent to it
    std::uint32_t sequence = 0;  ///< of the next record from it
    std::uint32_t stalled = 0;   ///< the last drain in which a batch of it was not there yet
    int sends = 0;               ///< under way
    bool dirty = false;          ///< listed in dirty_
    bool blocked = false;        ///< listed in blocked_
    bool excluded = false;
  };

  struct Buffer {
    std::unique_ptr<std::byte[]> bytes;  ///< 8-byte aligned as all that new gives
    std::size_t capacity = 0;
  };
  struct Operation {
    Buffer buffer;
    Rank peer = kNoRank;
    bool is_send = false;
    bool here = false;    ///< a receive: the bytes have come, or never will
    bool opened = false;  ///< a receive: the header was read
    bool over = false;    ///< a receive: nothing is left in it
    std::size_t bytes = 0;
    std::size_t at = 0;  ///< a receive: where the next record lies
    std::uint64_t tail = 0;
  };

  // Sending.
  void mark_dirty(std::int32_t destination);
  void send_pending();
  void send_queued(Rank destination);
  bool may_send(const Peer& peer) const;
  void start_send(Rank destination, std::span<const std::byte> records);
  void retry_blocked();

  // Receiving.
  void note_finished();
  void give_up_unreachable();
  bool accept_next();
  std::size_t drain(MailSink& sink, std::size_t messages_max);
  std::size_t read_batch(Operation& operation, MailSink& sink, std::size_t messages_max);
  void open_batch(Operation& operation);
  void sweep();
  void leave_notes_for_sleep(bool more);

  static bool is_under_way(const Operation& operation) {
    return operation.peer != kNoRank && !operation.here;
  }
  Ticket new_operation(std::size_t bytes);
  void end_operation(Ticket ticket);
  void end_send(Ticket ticket);
  bool owes_credit(const Peer& peer) const { return peer.consumed - peer.credited >= window_bytes_ / 4; }

  const Rank rank_;
  const std::size_t window_bytes_;
  Sleeper sleeper_;
  SelfMail self_mail_;
  std::unique_ptr<Post> post_;

  std::vector<Peer> peers_;
  std::vector<std::int32_t> dirty_;
  std::vector<std::int32_t> blocked_;
  bool unblocked_ = false;  ///< credit came or a send ended since blocked_ was tried
  int sends_ = 0;           ///< under way
  std::size_t sends_bytes_ = 0;

  std::deque<Operation> operations_;  ///< by ticket; a sink that sends leaves them in place
  std::vector<Ticket> free_tickets_;
  std::vector<Buffer> spare_small_;
  std::vector<Buffer> spare_large_;
  std::vector<Rank> unreachable_;  ///< excluded by us, not reported yet
  std::vector<Ticket> arrivals_;   ///< receives in order of matching
  std::uint32_t drains_ = 0;

  // Read by sleep() while another thread may poll.
  const std::uint32_t announced_before_;  ///< on our bell when this transport was made
  std::uint32_t near_received_ = 0;       ///< batches from ranks of this node
  std::atomic<std::uint32_t> announced_seen_{0};
  std::atomic<bool> mail_here_{false};     ///< there may be more than the last poll took
  std::atomic<bool> looks_needed_{false};  ///< something under way ends only while somebody polls

  Counters counters_;
};

}  // namespace rankine::transport
