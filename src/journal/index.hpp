// SPDX-License-Identifier: Apache-2.0
// What a journal holds, found by name: where the result of a task lies whose key, function and arguments are
// known, the last checkpoint of an actor, the last saved value.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tsl/robin_map.h>

#include "journal/record.hpp"
#include "journal/scan.hpp"

namespace rankine::journal {

/// What a task is known by from run to run.
struct TaskName {
  std::uint64_t function = 0;  ///< hash of its registered name
  std::uint64_t key = 0;       ///< of the submission
  bool range = false;
  std::uint32_t element = 0;  ///< of a range
  std::uint64_t arguments = 0;
};

/// Bytes in the journal's file.
struct Extent {
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;
};

class Index {
 public:
  /// Reads everything that `scanner` has left.
  void read(Scanner& scanner);
  /// One record, as `scanner` has just given it.
  void take(const Record& record, const Scanner& scanner);

  std::optional<Extent> find(const TaskName& task) const;

  struct SavedActor {
    std::string class_name;
    std::uint64_t class_hash = 0;
    Extent state;
  };
  const SavedActor* actor(std::string_view name) const;
  std::optional<Extent> saved(std::string_view name) const;
  /// The number that a function's name has in this journal.
  std::optional<std::uint32_t> function_number(std::uint64_t name_hash) const;

  /// The run that wrote last did all there was to do.
  bool finished() const { return finished_; }
  const std::optional<Program>& program() const { return program_; }
  /// There is nothing to go on from.
  bool empty() const { return tasks_.empty() && actors_.empty() && saved_.empty(); }
  std::uint64_t tasks() const { return tasks_.size(); }
  std::size_t actors() const { return actors_.size(); }
  std::size_t saved_values() const { return saved_.size(); }
  std::uint32_t functions() const { return static_cast<std::uint32_t>(functions_.size()); }

 private:
  void take_tasks(const Tasks& tasks, const Scanner& scanner);

  struct Entry {
    std::uint64_t check = 0;  ///< a second hash of the name
    std::uint64_t offset = 0;
    std::uint32_t bytes = 0;
  };
  std::optional<Program> program_;
  bool finished_ = false;
  std::unordered_map<std::uint32_t, std::uint64_t> functions_;  ///< hash of the name by number
  tsl::robin_map<std::uint64_t, Entry> tasks_;
  std::map<std::string, SavedActor, std::less<>> actors_;
  std::map<std::string, Extent, std::less<>> saved_;
};

}  // namespace rankine::journal
