// SPDX-License-Identifier: Apache-2.0
// The transport over rings of one sender each, for any fabric that can write into another rank's window:
// queues, credits, claims of worker-worker rings, relaying when none is left, sleeping. It never includes
// <mpi.h> and never waits for another rank's attention.
#pragma once

#include <atomic>
#include <memory>
#include <vector>

#include "transport/doorbell.hpp"
#include "transport/fabric.hpp"
#include "transport/layout.hpp"
#include "transport/ring.hpp"
#include "transport/self_mail.hpp"
#include "transport/sleeper.hpp"
#include "transport/transport.hpp"

namespace rankine::transport {

class RingTransport : public Transport {
 public:
  /// `layout` must be equal on all ranks.
  RingTransport(Rank rank, const Layout& layout, Doorbells doorbells, std::unique_ptr<Fabric> fabric);

  Rank rank() const override { return rank_; }
  int size() const override { return layout_.ranks; }
  std::size_t message_bytes_max() const override { return layout_.message_bytes_max(); }
  std::span<std::byte> append(Rank destination, std::size_t bytes) override;
  void flush() override;
  void hold_wakes(bool hold) override { holds_wakes_ = hold; }
  std::size_t poll(MailSink& sink, std::size_t messages_max = 256) override;
  bool has_mail() override { return mail_waits(); }
  std::size_t queued_bytes() const override;
  void sleep(Nanoseconds timeout_ns) override;
  void ring() override { sleeper_.ring(); }
  void exclude(Rank dead) override;
  void close(bool) override {}

  /// What happened so far, for tests, benches and the run's summary.
  struct Counters {
    std::uint64_t claimed_rings = 0;       ///< worker-worker rings this rank was granted
    std::uint64_t relayed_messages = 0;    ///< sent by this rank through the head
    std::uint64_t forwarded_messages = 0;  ///< passed on by this rank as the head
    std::uint64_t credits_written = 0;
  };
  const Counters& counters() const { return counters_; }
  const Layout& layout() const { return layout_; }

 protected:
  Fabric& fabric() { return *fabric_; }

 private:
  enum class Route : std::uint8_t { kUnknown, kSelf, kDirect, kRelay, kExcluded };

  struct Outbox {
    OutgoingRing ring;
    Route route = Route::kUnknown;
    bool dirty = false;            ///< listed in dirty_: has records that flush() did not see
    bool blocked = false;          ///< listed in blocked_: has records that wait for credit
    bool carries_relayed = false;  ///< may hold relayed records of others (at the head)
    std::int32_t slot = -1;        ///< of the ring at the destination, if the route is direct
  };

  struct Slot {
    std::uint64_t credited = 0;  ///< the position last written back to the sender
    std::uint32_t sequence = 0;
    Rank source = kNoRank;  ///< unknown until the owner of a spare ring has shown up
  };

  // Sending.
  std::span<std::byte> enqueue(Rank destination, RecordKind kind, std::size_t payload_bytes);
  void send_pending();
  void resolve_route(Outbox& outbox, Rank destination);
  void relay_queued(Rank destination);
  void put_queued(Rank destination);
  void owe_relay_credit(std::int32_t origin, std::size_t bytes);
  void count_relayed(std::span<const std::byte> records);
  bool append_relay_credits();
  void publish_flags();
  void wake_receivers();
  void retry_blocked();

  // Receiving.
  std::size_t scan(int begin, int end, MailSink& sink, std::size_t messages_max);
  std::size_t drain_slot(int slot, MailSink& sink, std::size_t messages_max);
  bool accept(Rank source, const ArrivedRecord& record, MailSink& sink);
  void forward(const Envelope& envelope, std::span<const std::byte> payload);
  bool resolve_source(int slot);
  void drive_progress(bool busy);
  bool mail_waits();
  std::uint64_t credit_sum();
  int slots_in_use();
  std::uint64_t load_word(std::size_t offset);
  bool is_excluded(Rank rank) const;

  const Rank rank_;
  const Layout layout_;
  Sleeper sleeper_;
  SelfMail self_mail_;
  std::unique_ptr<Fabric> fabric_;
  std::byte* const memory_;

  std::vector<Outbox> outboxes_;  // one a rank
  std::vector<std::int32_t> dirty_;
  std::vector<std::int32_t> blocked_;
  std::vector<Flag> flags_;
  std::vector<Rank> unwoken_;  // sent to, but perhaps asleep
  bool holds_wakes_ = false;
  bool own_records_ = false;  // relays or relay credits that no caller will flush

  // Relaying. A sender has at most a window of bytes on their way through the head; the head says when it
  // passed them on, so its memory for relaying is bounded by a window a rank.
  std::size_t relay_in_flight_bytes_ = 0;
  std::vector<std::uint64_t> relay_owed_bytes_;  // at the head, one a rank
  std::vector<std::int32_t> relay_creditors_;    // ranks whose owed bytes reached a step

  std::vector<Slot> slots_;
  int next_slot_ = 0;  // where the next scan starts, so that a busy sender does not starve others
  unsigned polls_ = 0;

  // Read by sleep() while another thread may poll: through std::atomic_ref.
  std::vector<std::uint64_t> consumed_;      // one a slot
  std::vector<std::uint8_t> slot_excluded_;  // one a slot
  std::atomic<std::uint64_t> credit_sum_seen_{0};
  std::atomic<bool> waits_for_credit_{false};

  Counters counters_;
};

}  // namespace rankine::transport
