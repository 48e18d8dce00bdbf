// SPDX-License-Identifier: Apache-2.0
// The user's side of a rank: submits, puts, waits, and counts the handles of this rank. It implements the
// context that the public API talks to; decisions are the head's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rankine/runtime/context.hpp>

#include "runtime/blob_pool.hpp"
#include "runtime/drain.hpp"
#include "runtime/entry.hpp"
#include "runtime/frame.hpp"
#include "runtime/head_port.hpp"
#include "runtime/messages.hpp"
#include "runtime/progress_mutex.hpp"
#include "runtime/puller.hpp"
#include "runtime/room.hpp"
#include "runtime/waiting.hpp"
#include "scheduler/id_table.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

/// Those who make results that the head does not know, actors' calls, as the client sees them.
class SecretKeeper {
 public:
  virtual detail::ActorContext& context() = 0;
  /// The head shall know it from now on: its name is about to leave this rank.
  virtual void publish(Entry& entry) = 0;
  /// Its last handle on this rank went; `freed`: the place in an arena of a value that nobody else knows.
  virtual void forget(Entry& entry) = 0;
  /// Asks that the call it is the result of end as cancelled.
  virtual void cancel(Entry& entry) = 0;

 protected:
  ~SecretKeeper() = default;
};

/// Keeps what the program saves from run to run. On rank 0.
class StateKeeper {
 public:
  virtual void save_state(const std::string& name, std::span<const std::byte> value) = 0;
  virtual std::optional<std::vector<std::byte>> load_state(const std::string& name) = 0;

 protected:
  ~StateKeeper() = default;
};

class Client final : public detail::Context {
 public:
  struct Settings {
    std::size_t inline_bytes = 8192;
    std::uint64_t seed = 0;
    std::string host;
    Rank rank{};
    std::string no_gangs;      ///< why there can be none; empty: there can
    std::string no_force;      ///< why cancel cannot kill; empty: it can
    bool journal = false;      ///< what has a key is journalled
    bool journal_all = false;  ///< everything is
  };
  Client(Waiting& waiting, HeadPort& head, Store& store, Puller& puller, Room& room, BlobPool& blobs,
         const Settings& settings, EndOfTime& end);
  ~Client();

  // detail::Context
  detail::Buffer allocate(std::size_t bytes) override;
  void discard(void* blob) override;
  detail::EntryHandle submit(const detail::Submission& submission, detail::Buffer&& arguments) override;
  detail::EntryHandle put(detail::Buffer&& value, std::span<const ObjectId> inside) override;
  detail::EntryHandle adopt(ObjectId first, std::uint32_t count) override;
  void release(detail::ObjectEntry* entry) override;
  void cancel(detail::EntryElement what, std::uint32_t count, bool force) override;
  bool ready(detail::EntryElement what) override;
  std::vector<std::uint32_t> wait(std::span<const detail::EntryElement> those, std::size_t count,
                                  Nanoseconds timeout_ns) override;
  bool wait_all(detail::ObjectEntry& entry, Nanoseconds timeout_ns) override;
  std::uint32_t ended(detail::ObjectEntry& entry) override;
  detail::ValueBytes value(detail::EntryElement what) override;
  /// The bytes of a value that came to this rank: of a task's arguments, or of a future argument. Waits
  /// until they are readable here, made again if they are lost. Called as value() is.
  detail::ValueBytes bytes_of(const Blob& blob);
  detail::ActorContext& actors() override { return secrets_->context(); }
  Philox& random() override;
  bool cancelled() override;
  bool draining() override { return end_.draining; }
  std::optional<Nanoseconds> time_left() override;
  void watch_draining(int change) override { end_.watchers += change; }
  Granted resources() override;
  Explanation explain(detail::EntryElement what) override;
  TaskKey task_key() const override;
  Statistics statistics() override;
  void save_state(const std::string& name, std::span<const std::byte> value) override;
  std::optional<std::vector<std::byte>> load_state(const std::string& name) override;

  // With the progress lock held: something that this rank waits for ended. The blob is taken over if `owned`.
  void deliver(ObjectId object, Slot::State state, Blob* blob, bool owned);
  /// A message with such deliveries.
  void on_deliver(MessageReader& message);

  /// A buffer was filled: it is sealed, in the arena or on disk, before it gets a name. Without the lock.
  /// Throws SystemError where the disk fails.
  void seal(const detail::Buffer& buffer);
  /// The head's answer to explain().
  void on_explained(std::uint64_t ticket, std::span<const std::byte> packed);

  // For actors' callers and hosts, with the progress lock held.
  void connect(SecretKeeper& keeper) { secrets_ = &keeper; }
  void connect(StateKeeper& keeper) { states_ = &keeper; }
  Entry* find(ObjectId object) const;
  /// The pending result of a call, with one reference.
  Entry* make_secret(ObjectId object);
  /// An actor that is spawned here, with one reference.
  Entry* make_actor(ObjectId actor);
  /// One more reference to a group of objects, whose name came in a message or may be known here.
  Entry* hold(ObjectId first, std::uint32_t count);
  void unhold(Entry* entry);
  void unhold_all(std::vector<Entry*>& entries);
  /// Makes the head know those of them that are secret.
  void publish(std::span<const ObjectId> objects);
  /// Ends a pending result of this rank; takes over `blob`.
  void fill(Entry& entry, Slot::State state, Blob* blob);
  /// Asks the head to deliver the element when it ends.
  void want(Entry& entry, std::uint32_t element, std::uint32_t count);
  /// The head knows the entry from now on, and that this rank holds it.
  void reveal(Entry& entry) {
    entry.secret = false;
    --secret_count_;
  }

  /// Handles that are still alive are cut off: their objects are gone with the runtime.
  void close();

 private:
  Entry* make_entry(ObjectId first, std::uint32_t count, bool range);
  Entry* name_entry(ObjectId first, std::uint32_t count, bool range);
  void erase(Entry* entry);
  void cut_off_entries();
  void complete(Entry& entry, std::uint32_t element);
  bool may_be_told(Nanoseconds timeout_ns) const;
  void wait_one(Entry& entry, std::uint32_t element, Lock& lock);
  detail::Buffer allocate_for_disk(std::size_t bytes);
  void read_ahead(Entry& entry, std::uint32_t element);
  bool ask_again(Entry& entry, std::uint32_t element, const Location& gone);

  Waiting& waiting_;
  HeadPort& head_;
  Store& store_;
  Puller& puller_;
  detail::EntryElement last_read_;  ///< of a range, in the arena
  Room& room_;
  BlobPool& blobs_;
  Settings settings_;
  EndOfTime& end_;
  scheduler::Slab<Entry> entries_;
  scheduler::IdTable ids_;  ///< of entries
  struct Question {
    Waiter waiter;
    Explanation answer;
  };
  struct ForDisk {
    std::shared_ptr<std::byte[]> memory;
    std::size_t bytes = 0;
  };
  std::mutex disk_mutex_;
  std::map<const void*, ForDisk> for_disk_;       ///< buffers that memory has no room for, by their Blobs
  std::map<std::uint64_t, Question*> questions_;  ///< by ticket
  std::uint64_t last_ticket_ = 0;
  SecretKeeper* secrets_ = nullptr;
  StateKeeper* states_ = nullptr;
  std::size_t secret_count_ = 0;  ///< entries that the head does not know
};

}  // namespace rankine::runtime
