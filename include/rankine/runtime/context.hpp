// SPDX-License-Identifier: Apache-2.0
// The narrow waist between the templates of the public API and the runtime below: bytes in, bytes out. User
// code never names anything in here.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/core/philox.hpp>
#include <rankine/core/time.hpp>
#include <rankine/runtime/explanation.hpp>
#include <rankine/runtime/options.hpp>
#include <rankine/runtime/resources.hpp>
#include <rankine/runtime/statistics.hpp>

namespace rankine::detail {

class Context;
class ActorContext;

/// What a rank knows of one object, or of a range of them. Counted by the handles of this rank; the last one
/// to go tells the head. The runtime derives its own entry from it.
struct ObjectEntry {
  std::atomic<std::uint32_t> references{1};
  std::uint32_t count = 1;
  ObjectId first{};
  Context* context = nullptr;
};

/// Counted pointer to an ObjectEntry.
class EntryHandle {
 public:
  EntryHandle() = default;
  /// Takes over one reference.
  explicit EntryHandle(ObjectEntry* entry) : entry_(entry) {}
  EntryHandle(const EntryHandle& other) : entry_(other.entry_) {
    if (entry_) entry_->references.fetch_add(1, std::memory_order_relaxed);
  }
  EntryHandle(EntryHandle&& other) noexcept : entry_(std::exchange(other.entry_, nullptr)) {}
  EntryHandle& operator=(EntryHandle other) noexcept {
    std::swap(entry_, other.entry_);
    return *this;
  }
  ~EntryHandle() { reset(); }
  void reset();

  ObjectEntry* get() const { return entry_; }
  ObjectEntry* operator->() const { return entry_; }
  ObjectEntry& operator*() const { return *entry_; }
  explicit operator bool() const { return entry_ != nullptr; }

 private:
  ObjectEntry* entry_ = nullptr;
};

/// Memory for packed bytes: inline or in the node's arena, decided by size. Belongs to the context until
/// submitted; what is not submitted is given back.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Context* context, void* blob, std::span<std::byte> bytes)
      : context_(context), blob_(blob), bytes_(bytes) {}
  Buffer(Buffer&& other) noexcept
      : context_(std::exchange(other.context_, nullptr)),
        blob_(std::exchange(other.blob_, nullptr)),
        bytes_(other.bytes_) {}
  Buffer& operator=(Buffer other) noexcept {
    std::swap(context_, other.context_);
    std::swap(blob_, other.blob_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Buffer();

  std::span<std::byte> bytes() const { return bytes_; }
  void* blob() const { return blob_; }
  void* take() { return std::exchange(blob_, nullptr); }

 private:
  Context* context_ = nullptr;
  void* blob_ = nullptr;
  std::span<std::byte> bytes_;
};

/// How many ranks run one call together, if any.
struct GangShape {
  std::uint32_t ranks = 0;  ///< 0: an ordinary task
  bool all = false;         ///< the values of all members are kept: results are `ranks` objects, else one
};

/// One task, a range of them, or a gang, without the packed arguments.
struct Submission {
  FunctionId function{};
  const Options* options = nullptr;  ///< nullptr: the defaults
  std::uint32_t count = 1;
  bool range = false;
  std::span<const ObjectId> dependencies;  ///< objects that are arguments
  std::span<const ObjectId> inside;        ///< refs that lie inside argument values
  GangShape gang;
  /// Of the values among the arguments, for the journal: of each element of a range, else one. Empty: not
  /// journalled.
  std::span<const std::uint64_t> argument_hashes = {};
};

/// The bytes of a sealed value, and what keeps them alive (empty when they must be copied).
struct ValueBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
};

/// One element of an entry.
struct EntryElement {
  ObjectEntry* entry = nullptr;
  std::uint32_t element = 0;
};

class Context {
 public:
  virtual Buffer allocate(std::size_t bytes) = 0;
  virtual void discard(void* blob) = 0;

  virtual EntryHandle submit(const Submission& submission, Buffer&& arguments) = 0;
  virtual EntryHandle put(Buffer&& value, std::span<const ObjectId> inside) = 0;
  /// A handle to a group of objects whose name was unpacked from a message: this rank holds it from now on.
  virtual EntryHandle adopt(ObjectId first, std::uint32_t count) = 0;
  /// Drops what may be the last reference.
  virtual void release(ObjectEntry* entry) = 0;
  virtual void cancel(EntryElement what, std::uint32_t count, bool force) = 0;

  virtual bool ready(EntryElement what) = 0;
  /// Waits until `count` of these ended or the time is over (timeout_ns < 0: never); lists the indices of
  /// those that ended, in the order in which they did (those that had ended before first, by index).
  virtual std::vector<std::uint32_t> wait(std::span<const EntryElement> those, std::size_t count,
                                          Nanoseconds timeout_ns) = 0;
  /// Waits for the whole entry; false if the time went by first (timeout_ns < 0: never).
  virtual bool wait_all(ObjectEntry& entry, Nanoseconds timeout_ns) = 0;
  /// How many elements of the entry have ended, well or not.
  virtual std::uint32_t ended(ObjectEntry& entry) = 0;
  /// Waits for the value, then gives its bytes; throws what made it fail. Bytes without an owner live as long
  /// as the entry.
  virtual ValueBytes value(EntryElement what) = 0;

  virtual ActorContext& actors() = 0;

  virtual Philox& random() = 0;
  virtual bool cancelled() = 0;
  virtual bool draining() = 0;
  /// Until what runs is asked to stop; nothing: there is no limit.
  virtual std::optional<Nanoseconds> time_left() = 0;
  /// The driver looks at draining() itself while the sum of the changes is positive.
  virtual void watch_draining(int change) = 0;
  virtual Granted resources() = 0;
  virtual Explanation explain(EntryElement what) = 0;
  virtual TaskKey task_key() const = 0;
  virtual Statistics statistics() = 0;

  /// What the program keeps from run to run. Driver only.
  virtual void save_state(const std::string& name, std::span<const std::byte> value) = 0;
  virtual std::optional<std::vector<std::byte>> load_state(const std::string& name) = 0;

 protected:
  ~Context() = default;
};

/// The context of the thread that runs the driver or a task; throws Error on any other thread.
Context& current_context();
/// The same, or nullptr.
Context* context_or_null();

inline void EntryHandle::reset() {
  if (!entry_) return;
  ObjectEntry* entry = std::exchange(entry_, nullptr);
  // The step from one to none is the context's, under its lock: it may hand the entry out again at the same
  // moment.
  std::uint32_t count = entry->references.load(std::memory_order_relaxed);
  while (count > 1) {
    if (entry->references.compare_exchange_weak(count, count - 1, std::memory_order_acq_rel)) return;
  }
  entry->context->release(entry);
}

inline Buffer::~Buffer() {
  if (blob_) context_->discard(blob_);
}

}  // namespace rankine::detail
