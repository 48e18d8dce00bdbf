// SPDX-License-Identifier: Apache-2.0
// A long list of independent pieces of work, of which only a window is in memory: pieces come from a source,
// run as keyed tasks, and their results go to a consumer in the order of the source. What one piece does to
// itself (an exception, the death of its ranks, a time limit) costs that piece only. Nothing in here knows
// what is computed.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <type_traits>
#include <utility>

#include <rankine/core/hash.hpp>
#include <rankine/draining.hpp>
#include <rankine/many_models/progress.hpp>
#include <rankine/object.hpp>
#include <rankine/state.hpp>
#include <rankine/statistics.hpp>
#include <rankine/task.hpp>

namespace rankine {

struct ChunkOptions {
  detail::NotPositional not_positional = detail::NotPositional();

  /// Of the task of each chunk. `key` names the list: chunk k has the key hash_mix(key, k), by which the
  /// journal knows it again; 0 counts as 1.
  Options task = {};
  /// Chunks that were submitted and whose results were not yet consumed. 0: 64, and 16 a worker.
  std::size_t in_flight_max = 0;
  /// Of the packed requests of these, together; a single larger one goes alone. The driver holds them twice
  /// (as requests for the stand-in, as arguments in the object store), beside the results that wait for
  /// their turn.
  std::uint64_t in_flight_bytes_max = std::uint64_t{256} << 20;
  /// What the progress line counts, and how many there are in all (0: not known). A request with a member
  /// `units()` counts as so many, any other one as one.
  std::string unit = "chunks";
  std::uint64_t total = 0;
  bool show_progress = true;
};

/// What became of the list.
struct ChunkTotals {
  std::uint64_t chunks = 0;
  std::uint64_t failed = 0;   ///< chunks in whose place the consumer got a stand-in
  std::uint64_t resumed = 0;  ///< chunks taken from the journal of an earlier run
  std::uint64_t units = 0;
  double seconds = 0;

  /// The part of the work that this run computed itself.
  double computed_share() const {
    return chunks == 0 ? 0 : 1 - static_cast<double>(resumed) / static_cast<double>(chunks);
  }
};

/// A value that a resumed run must take over from the first one, such as the size of its chunks, which is
/// chosen by the number of workers: the value saved under `name`, else `fresh`, which is saved. Driver only.
template <class T>
T settled(const std::string& name, const T& fresh) {
  if (const auto before = load_state<T>(name)) return *before;
  save_state(name, fresh);
  return fresh;
}

namespace detail {

template <class Request>
std::uint64_t units_of(const Request& request) {
  if constexpr (requires { request.units(); }) {
    return static_cast<std::uint64_t>(request.units());
  } else {
    return 1;
  }
}

/// The chunks in flight, oldest first.
template <class Request, class Result>
class ChunkWindow {
 public:
  explicit ChunkWindow(const ChunkOptions& options)
      : options_(options),
        progress_(options.unit, options.total, options.show_progress),
        resumed_before_(statistics().resumed) {
    if (options_.task.key == 0) options_.task.key = 1;
    if (options_.in_flight_max == 0)
      options_.in_flight_max = 64 + 16 * static_cast<std::size_t>(statistics().workers);
  }
  ChunkWindow(const ChunkWindow&) = delete;
  ChunkWindow& operator=(const ChunkWindow&) = delete;
  ~ChunkWindow() {
    if (!drained_) {
      for (const Chunk& chunk : chunks_) chunk.result.cancel();
    }
    progress_.leave();
  }

  bool empty() const { return chunks_.empty(); }
  /// While the run drains nothing is added but what the driver can wait for: the wait then says that the
  /// time is over.
  bool has_room() const {
    if (chunks_.empty()) return true;
    return !draining() && chunks_.size() < options_.in_flight_max && bytes_ < options_.in_flight_bytes_max;
  }

  template <class Submit>
  void add(Request&& request, Submit&& submit) {
    Options task = options_.task;
    task.key = hash_mix(options_.task.key, totals_.chunks);
    if (task.key == 0) task.key = 1;
    Chunk chunk{std::move(request), {}, 0, 0, false};
    chunk.bytes = packed_bytes(chunk.request);
    chunk.units = units_of(chunk.request);
    chunk.result = submit(task, chunk.request);
    bytes_ += chunk.bytes;
    ++totals_.chunks;
    chunks_.push_back(std::move(chunk));
    tell();
  }

  /// Waits for the oldest one and hands its request and result, or the stand-in, to `take`.
  template <class Take, class StandIn>
  void take_first(Take&& take, StandIn&& stand_in) {
    try {
      while (!chunks_.front().result.wait(std::chrono::milliseconds(200))) tell();
    } catch (const Drained&) {
      leave_drained();
      throw;
    }
    const Chunk first = std::move(chunks_.front());
    chunks_.pop_front();
    bytes_ -= first.bytes;
    if (!first.ended) ended_units_ += first.units;
    totals_.units += first.units;
    take(first.request, value_or(first, stand_in));
    tell();
  }

  ChunkTotals finish() {
    totals_.resumed = statistics().resumed - resumed_before_;
    totals_.seconds = progress_.seconds();
    progress_.done(totals_.units);
    return totals_;
  }

 private:
  struct Chunk {
    Request request;
    Future<Result> result;
    std::uint64_t bytes;
    std::uint64_t units;
    bool ended;  ///< and counted as such
  };

  template <class StandIn>
  Result value_or(const Chunk& chunk, StandIn& stand_in) {
    try {
      return chunk.result.get();
    } catch (const Drained&) {
      leave_drained();
      throw;
    } catch (const Error& error) {
      ++totals_.failed;
      return stand_in(chunk.request, error);
    }
  }

  void tell() {
    const bool drains = draining();
    if (!progress_.due(drains)) return;
    for (Chunk& chunk : chunks_) {
      if (chunk.ended || !chunk.result.ready()) continue;
      chunk.ended = true;
      ended_units_ += chunk.units;
    }
    progress_.show(ended_units_, drains);
  }
  void leave_drained() {
    drained_ = true;  // the runtime cancels what is left, and counts it as work for the next run
    progress_.show(ended_units_, true);
  }

  ChunkOptions options_;
  ProgressLine progress_;
  std::uint64_t resumed_before_;
  std::deque<Chunk> chunks_;
  std::uint64_t bytes_ = 0;        ///< of the packed requests in chunks_
  std::uint64_t ended_units_ = 0;  ///< that the progress line knows of
  bool drained_ = false;
  ChunkTotals totals_;
};

}  // namespace detail

/// Runs F(request, common...) as a task for each request that next() gives, until it gives none:
///   next()                   -> std::optional<Request>; called on the driver, at most so far ahead of `take`
///                               as the options allow
///   take(request, result)    consumes in the order of the requests
///   stand_in(request, error) -> the Result in the place of one that failed for good (const rk::Error&)
/// `common` arguments go to every task; a large one should be a Future made by rk::put. Driver only. A chunk
/// in an earlier run's journal, with the same key, arguments and function, is not computed again. What next,
/// take and stand_in throw ends the list: what is in flight is cancelled. Throws Drained when the time of the
/// run is over.
template <auto F, class Next, class Take, class StandIn, class... Common>
ChunkTotals run_chunks(const ChunkOptions& options, Next&& next, Take&& take, StandIn&& stand_in,
                       const Common&... common) {
  using Request = typename std::invoke_result_t<Next&>::value_type;
  using Result = std::remove_cv_t<typename detail::SignatureFor<decltype(F)>::Result>;
  detail::ChunkWindow<Request, Result> window(options);
  const auto submit = [&](const Options& task, const Request& request) {
    return rankine::submit<F>(task, request, common...);
  };
  for (bool more = true;;) {
    while (more && window.has_room()) {
      if (auto request = next()) {
        window.add(std::move(*request), submit);
      } else {
        more = false;
      }
    }
    if (window.empty()) return window.finish();
    window.take_first(take, stand_in);
  }
}

}  // namespace rankine
