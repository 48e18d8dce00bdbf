// SPDX-License-Identifier: Apache-2.0
// Handles to immutable values that exist or will: Future<T> for one, FutureRange<T> for the results of a map;
// put, get, wait, as_completed. A handle is cheap to copy, travels inside arguments, results and containers,
// and keeps its object alive on whichever rank it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/runtime/context.hpp>
#include <rankine/serialize/serialize.hpp>

namespace rankine {

namespace detail {

template <class T>
T unpack_value(Context& context, EntryElement what) {
  if constexpr (std::is_void_v<T>) {
    context.value(what);
  } else {
    ValueBytes value = context.value(what);
    Reader reader(value.bytes, std::move(value.owner));
    return unpack<T>(reader);
  }
}

}  // namespace detail

template <class T>
class FutureRange;

/// A typed handle to one object. Thread: the driver's or a task's.
template <class T>
class Future {
 public:
  using value_type = T;

  /// Refers to nothing; only assignment and valid() are allowed.
  Future() = default;

  /// Waits, then returns the value: a copy, except that rk::Array inside it are views of shared memory.
  /// Throws TaskError if the function threw, TaskCancelled, WorkerDied, Unsatisfiable, ObjectLost.
  T get() const { return detail::unpack_value<T>(context(), what()); }

  /// Whether get() would not wait.
  bool ready() const { return context().ready(what()); }
  /// Waits until it ended, well or not; false if `timeout` went by first.
  bool wait(std::chrono::nanoseconds timeout = std::chrono::nanoseconds{-1}) const {
    const detail::EntryElement one[] = {what()};
    return !context().wait(one, 1, timeout.count()).empty();
  }
  /// Asks that the task end as cancelled: pending work never starts; running work sees rk::cancelled().
  /// What has ended stays as it is.
  void cancel(const CancelOptions& options = {}) const { context().cancel(what(), 1, options.force); }

  bool valid() const { return static_cast<bool>(entry_); }
  ObjectId id() const { return offset(entry_->first, element_); }

  // For the runtime and the codec.
  Future(detail::EntryHandle entry, std::uint32_t element) : entry_(std::move(entry)), element_(element) {}
  detail::EntryElement what() const {
    if (!entry_) throw Error("rankine: this Future refers to nothing (default-constructed or moved from)");
    return {entry_.get(), element_};
  }
  const detail::EntryHandle& entry() const { return entry_; }

 private:
  detail::Context& context() const { return what().entry ? *entry_->context : detail::current_context(); }

  detail::EntryHandle entry_;
  std::uint32_t element_ = 0;
};

/// Ray's word for the same thing.
template <class T>
using ObjectRef = Future<T>;

/// The results of a map, in the order of its inputs, under one handle.
template <class T>
class FutureRange {
 public:
  using value_type = T;

  FutureRange() = default;
  explicit FutureRange(detail::EntryHandle entry) : entry_(std::move(entry)) {}

  std::size_t size() const { return entry_ ? entry_->count : 0; }
  Future<T> operator[](std::size_t i) const { return Future<T>(entry_, static_cast<std::uint32_t>(i)); }

  /// Waits for all and returns the values in order of the inputs (void: only waits). The first failure by
  /// index is thrown, after all ended.
  auto get() const {
    if (entry_) entry_->context->wait_all(*entry_, -1);
    if constexpr (std::is_void_v<T>) {
      for (std::size_t i = 0; i < size(); ++i) (*this)[i].get();
    } else {
      std::vector<T> values;
      values.reserve(size());
      for (std::uint32_t i = 0; i < size(); ++i) {
        values.push_back(detail::unpack_value<T>(*entry_->context, {entry_.get(), i}));
      }
      return values;
    }
  }
  /// Waits until all ended, well or not; false if `timeout` went by first.
  bool wait(std::chrono::nanoseconds timeout = std::chrono::nanoseconds{-1}) const {
    return !entry_ || entry_->context->wait_all(*entry_, timeout.count());
  }
  /// How many have ended, well or not.
  std::size_t ended() const { return entry_ ? entry_->context->ended(*entry_) : 0; }
  void cancel(const CancelOptions& options = {}) const {
    if (entry_) entry_->context->cancel({entry_.get(), 0}, entry_->count, options.force);
  }

  const detail::EntryHandle& entry() const { return entry_; }

 private:
  detail::EntryHandle entry_;
};

/// A Future packs as the name of its object; the rank that unpacks it holds the object from then on.
template <class T>
struct Codec<Future<T>> {
  template <class Sink>
  static void pack(Sink& sink, const Future<T>& future) {
    const detail::EntryElement what = future.what();
    const std::uint64_t first = number(what.entry->first);
    const std::uint32_t parts[] = {what.entry->count, what.element};
    sink.bytes(&first, sizeof first);
    sink.bytes(parts, sizeof parts);
    sink.ref(future.id());
  }
  static Future<T> unpack(Reader& reader) {
    const auto first = rankine::unpack<std::uint64_t>(reader);
    const auto count = rankine::unpack<std::uint32_t>(reader);
    const auto element = rankine::unpack<std::uint32_t>(reader);
    return Future<T>(detail::current_context().adopt(ObjectId{first}, count), element);
  }
};

/// Stores a value once; the handle goes to as many tasks as you like. On one node nobody copies an rk::Array
/// again. Throws StoreFull naming the sizes.
template <class T>
Future<std::decay_t<T>> put(const T& value) {
  static_assert(
      !std::is_pointer_v<std::decay_t<T>>,
      "rankine: a pointer cannot be put: it points into this rank's memory. Put the value or an rk::Array");
  static_assert(Travels<std::decay_t<T>>,
                "rankine: this type cannot travel between ranks: give it a Boost.Serialization member "
                "`template <class Archive> void serialize(Archive& ar, unsigned) { ar & a & b; }`");
  detail::Context& context = detail::current_context();
  std::vector<ObjectId> refs;
  detail::Buffer buffer = context.allocate(packed_bytes(value));
  Writer writer(buffer.bytes(), &refs);
  pack(writer, value);
  return Future<std::decay_t<T>>(context.put(std::move(buffer), refs), 0);
}

/// Stores a copy of these elements as an rk::Array.
template <class T>
Future<Array<T>> put_array(std::span<const T> values) {
  return put(Array<T>(values));
}

template <class T>
T get(const Future<T>& future) {
  return future.get();
}

template <class T>
std::vector<T> get(const std::vector<Future<T>>& futures) {
  std::vector<T> values;
  values.reserve(futures.size());
  for (const Future<T>& future : futures) values.push_back(future.get());
  return values;
}

/// Waits until `count` of the futures ended or `timeout` went by (negative: never); returns the indices of
/// those that ended, in the order in which they did. A count of 0 or a timeout of 0 does not wait. A future
/// that is named twice counts twice. Throws InputError if there are fewer futures than
/// `count`, but of an empty list the default count of 1 gives nothing.
template <class T>
std::vector<std::uint32_t> wait(const std::vector<Future<T>>& futures, std::size_t count = 1,
                                std::chrono::nanoseconds timeout = std::chrono::nanoseconds{-1}) {
  std::vector<detail::EntryElement> those;
  those.reserve(futures.size());
  for (const Future<T>& future : futures) those.push_back(future.what());
  if (those.empty() && count <= 1) return {};  // the default count of a list that happens to be empty
  if (count > those.size()) {
    throw InputError("rankine: wait for " + std::to_string(count) + " of " + std::to_string(those.size()) +
                     " futures: there are not so many");
  }
  if (those.empty()) return {};
  return detail::current_context().wait(those, count, timeout.count());
}

/// for (auto [index, future] : as_completed(futures)): each as it ends. Which comes first depends on the
/// machine: what a program computes from the order is not reproducible.
template <class T>
class AsCompleted {
 public:
  struct Item {
    std::uint32_t index;
    Future<T> future;
  };

  explicit AsCompleted(std::vector<Future<T>> futures)
      : futures_(std::move(futures)), left_(futures_.size()) {
    waiting_.resize(futures_.size());
    for (std::uint32_t i = 0; i < waiting_.size(); ++i) waiting_[i] = i;
  }

  class Iterator {
   public:
    explicit Iterator(AsCompleted* owner) : owner_(owner) {}
    Item operator*() const { return {owner_->current_, owner_->futures_[owner_->current_]}; }
    Iterator& operator++() {
      if (!owner_->advance()) owner_ = nullptr;
      return *this;
    }
    bool operator!=(const Iterator& other) const { return owner_ != other.owner_; }

   private:
    AsCompleted* owner_;
  };
  Iterator begin() { return Iterator(advance() ? this : nullptr); }
  Iterator end() { return Iterator(nullptr); }

 private:
  /// Makes the next one current; false when none is left. One wait takes all that have ended by then.
  bool advance() {
    if (at_ == ended_.size()) {
      if (left_ == 0) return false;
      wait_for_more();
    }
    current_ = ended_[at_++];
    return true;
  }
  void wait_for_more() {
    std::vector<detail::EntryElement> those;
    those.reserve(waiting_.size());
    for (const std::uint32_t i : waiting_) those.push_back(futures_[i].what());
    const std::vector<std::uint32_t> found = detail::current_context().wait(those, 1, -1);
    ended_.clear();
    at_ = 0;
    std::vector<bool> gone(waiting_.size());
    for (const std::uint32_t i : found) {
      ended_.push_back(waiting_[i]);
      gone[i] = true;
    }
    std::vector<std::uint32_t> still;
    still.reserve(waiting_.size() - found.size());
    for (std::size_t i = 0; i < waiting_.size(); ++i) {
      if (!gone[i]) still.push_back(waiting_[i]);
    }
    waiting_ = std::move(still);
    left_ -= found.size();
  }

  std::vector<Future<T>> futures_;
  std::vector<std::uint32_t> waiting_;  ///< indices that have not been seen to end
  std::vector<std::uint32_t> ended_;    ///< seen to end, to be handed out from at_ on
  std::size_t at_ = 0;
  std::size_t left_;
  std::uint32_t current_ = 0;
};

template <class T>
AsCompleted<T> as_completed(std::vector<Future<T>> futures) {
  return AsCompleted<T>(std::move(futures));
}

}  // namespace rankine
