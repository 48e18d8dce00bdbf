// SPDX-License-Identifier: Apache-2.0
// The user's side of a rank: submits, puts, waits, and counts the handles of this rank. It implements the
// context that the public API talks to; decisions are the head's.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <span>
#include <vector>

#include <tsl/robin_map.h>

#include <rankine/runtime/context.hpp>

#include "runtime/blob_pool.hpp"
#include "runtime/entry.hpp"
#include "runtime/head_port.hpp"
#include "runtime/messages.hpp"
#include "runtime/piece.hpp"
#include "runtime/worker.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

/// What the client needs of the rank it lives on. `lock` is the progress lock.
class Waiting {
 public:
  virtual std::mutex& progress_mutex() = 0;
  virtual TaskFrame& frame() = 0;
  /// Makes progress on this thread until waiter.remaining is 0 or the time is over (< 0: never).
  virtual void block(Waiter& waiter, Nanoseconds timeout_ns, std::unique_lock<std::mutex>& lock) = 0;
  /// The waiter's last event came.
  virtual void wake(Waiter& waiter) = 0;
  /// Something was sent; publish it soon.
  virtual void sent() = 0;
  /// A queued task of this rank is awaited.
  virtual void promote(ObjectId awaited) = 0;
  virtual Statistics statistics() = 0;

 protected:
  ~Waiting() = default;
};

class Client final : public detail::Context, public ObjectKeeper {
 public:
  struct Settings {
    std::size_t inline_bytes = 8192;
    std::uint64_t seed = 0;
    std::string host;
    Rank rank{};
  };
  Client(Waiting& waiting, HeadPort& head, Store& store, BlobPool& blobs, const Settings& settings);
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
  detail::ValueBytes value(detail::EntryElement what, bool keep) override;
  Philox& random() override;
  bool cancelled() override;
  TaskKey task_key() const override;
  Statistics statistics() override;

  // ObjectKeeper
  std::shared_ptr<const void> keep(ObjectId group, std::uint32_t count) override;

  // With the progress lock held: something that this rank waits for ended. The blob is taken over if `owned`.
  void deliver(ObjectId object, Slot::State state, Blob* blob, bool owned);
  /// A message with such deliveries.
  void on_deliver(const DeliverMessage& deliver, MessageReader& message);

  /// Cancels everything that this rank holds and that has not ended.
  void cancel_all();

  /// Handles that are still alive are cut off: their objects are gone with the runtime.
  void close();

 private:
  Entry* find(ObjectId object) const;
  Entry* make_entry(ObjectId first, std::uint32_t count, bool range);
  void erase(Entry* entry);
  void want(Entry& entry, std::uint32_t element, std::uint32_t count);
  void complete(Entry& entry, std::uint32_t element);
  void wait_one(Entry& entry, std::uint32_t element, std::unique_lock<std::mutex>& lock);
  detail::ValueBytes bytes_of(Entry& entry, const Blob& blob, bool keep);

  Waiting& waiting_;
  HeadPort& head_;
  Store& store_;
  BlobPool& blobs_;
  Settings settings_;
  tsl::robin_map<std::uint64_t, Entry*> singles_;
  std::map<std::uint64_t, Entry*> ranges_;  ///< by the first id
  std::vector<Entry*> free_entries_;
};

}  // namespace rankine::runtime
