// SPDX-License-Identifier: Apache-2.0
// The head's side of the journal: what of this run it shall keep, and what an earlier one has left. A task is
// known again by the key of its submission, its function's name and its arguments: values by their bytes,
// futures by what they are the results of. What cannot be known again is not journalled: tasks with refs
// inside their arguments or results, or with a future of something that is not journalled.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tsl/robin_map.h>

#include <rankine/core/ids.hpp>
#include <rankine/runtime/context.hpp>

#include "journal/open.hpp"
#include "journal/writer.hpp"
#include "runtime/blob_pool.hpp"
#include "runtime/head_port.hpp"
#include "runtime/puller.hpp"
#include "scheduler/events.hpp"
#include "store/store.hpp"

namespace rankine::runtime {

struct LedgerSettings {
  std::string path;  ///< of the journal; empty: there is none
  journal::Policy policy = journal::Policy::automatic;
  std::string program;
  std::string options;  ///< what results depend on
  bool all = false;     ///< also what has no key of its own
  std::size_t inline_bytes = 4096;
  std::uint32_t ranks = 1;
};

/// All calls with the progress lock held.
class Ledger {
 public:
  /// Opens the journal and says on standard error what is resumed and what was lost. Throws InputError where
  /// it belongs to another program or other options, SystemError. `ring`: something can be settled, called on
  /// any thread.
  Ledger(const LedgerSettings& settings, BlobPool& blobs, Store& store, Puller& puller,
         std::function<void()> ring);
  ~Ledger();

  /// Before the submission is handled: those of its elements whose values an earlier run left. The span is
  /// valid until the next call.
  std::span<const scheduler::Known> on_submitted(const detail::Submission& submission,
                                                 const HeadPort::Names& names);
  void on_put(ObjectId object, std::uint64_t content);
  /// Before results become visible. Returns elements whose groups must be kept until take_written() names
  /// them; with on_kept() they are written.
  std::span<const ObjectId> on_finished(const scheduler::Finished& event);
  void on_kept();
  std::vector<ObjectId> take_written();
  /// Results are on their way into the journal.
  bool busy() const { return under_way_ > 0; }

  /// The state of a named actor, without what it had applied.
  void on_checkpoint(const std::string& name, const std::string& class_name, std::uint64_t class_hash,
                     const Blob& checkpoint);
  /// The last checkpoint that an earlier run left for the first actor of this name, or nullptr.
  Blob* restored(const std::string& name, std::uint64_t class_hash);

  void save_state(const std::string& name, std::span<const std::byte> value);
  std::optional<std::vector<std::byte>> load_state(const std::string& name);

  /// Says on standard error, once, what went wrong with the journal.
  void say_trouble();
  /// The run is over: all of it was done, or there is something left for a resume.
  void end(bool finished);
  /// Waits until the journal is safe, at most so long. Without the progress lock.
  void flush(Nanoseconds at_most);
  std::uint64_t resumed() const { return resumed_; }
  /// Forgets submissions of which gone(first) holds, when there are twice as many as were left last time.
  template <class Gone>
  void prune(Gone gone) {
    if (singles_.size() + ranges_.size() < prune_at_) return;
    for (auto at = singles_.begin(); at != singles_.end();)
      at = gone(ObjectId{at->first}) ? singles_.erase(at) : std::next(at);
    for (auto at = ranges_.begin(); at != ranges_.end();)
      at = gone(ObjectId{at->first}) ? ranges_.erase(at) : std::next(at);
    prune_at_ = 2 * (singles_.size() + ranges_.size()) + 4096;
  }

 private:
  /// A submission whose results are journalled; of something put only `arguments`, the hash of its bytes.
  struct Single {
    std::uint64_t key = 0;
    std::uint64_t arguments = 0;
    std::uint32_t function = 0;
    bool put = false;
  };
  struct Range {
    std::uint64_t key = 0;
    std::uint32_t function = 0;
    std::uint32_t count = 0;
    std::vector<std::uint64_t> arguments;  ///< one for all, or one each
    std::uint64_t of(std::uint32_t element) const { return arguments[arguments.size() > 1 ? element : 0]; }
  };
  /// One result that is not inline.
  struct Kept {
    ObjectId object{};
    Location place;
    journal::Tasks task;
  };

  std::optional<std::uint64_t> identity_of(ObjectId object) const;
  std::optional<std::uint64_t> identity_of_all(std::span<const ObjectId> objects) const;
  const Range* range_of(ObjectId object, std::uint32_t& element) const;
  std::uint64_t name_hash(std::uint32_t function);
  std::optional<std::uint32_t> function_number(std::uint32_t function);
  std::optional<Blob*> value_at(const journal::Extent& extent);
  std::vector<std::byte> read(const journal::Extent& extent) const;
  void look_up(const journal::TaskName& name, std::uint32_t element);
  void write(Kept& kept, std::optional<detail::ValueBytes> bytes);
  void written(ObjectId object);
  void note(journal::Note::What what, const std::string& text);

  LedgerSettings settings_;
  BlobPool& blobs_;
  Store& store_;
  Puller& puller_;
  std::function<void()> ring_;
  journal::Index index_;
  std::optional<journal::Writer> writer_;
  bool may_resume_ = false;  ///< the index holds something
  std::uint32_t functions_ = 0;
  struct FunctionNote {
    std::uint64_t hash = 0;
    std::optional<std::uint32_t> number;
  };
  std::vector<FunctionNote> function_notes_;  ///< by FunctionId
  tsl::robin_map<std::uint64_t, Single> singles_;
  std::map<std::uint64_t, Range> ranges_;  ///< by the first id
  std::size_t prune_at_ = 4096;
  std::map<std::string, std::vector<std::byte>> saved_;  ///< in this run
  std::vector<std::string> restored_;                    ///< names of actors
  std::vector<scheduler::Known> known_;
  journal::Tasks tasks_;  ///< for reuse
  std::vector<ObjectId> keep_;
  std::vector<Kept> kept_;
  std::uint64_t under_way_ = 0;
  std::uint64_t resumed_ = 0;
  std::uint64_t unknown_arguments_ = 0;  ///< submissions with a key that could not be journalled
  std::uint64_t no_room_ = 0;

  std::mutex written_mutex_;
  std::vector<ObjectId> written_;
  std::atomic<bool> any_written_{false};
};

}  // namespace rankine::runtime
