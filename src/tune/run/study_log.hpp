// SPDX-License-Identifier: Apache-2.0
// The calls that a study got, in the run's journal: the same calls on an equal study give the same history.
// One record for what came together and what was asked for then.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <rankine/tune/trial_context.hpp>

namespace rankine::tune {

/// A report, or the end, of an assignment.
struct StudyEvent {
  std::uint64_t assignment = 0;
  bool ended = false;
  Report report;  ///< if not ended
  Ending ending;  ///< if ended
  bool has_checkpoint = false;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& assignment& ended& report& ending& has_checkpoint;
  }
};

struct StudyRecord {
  double now = 0;  ///< seconds of the study
  std::vector<StudyEvent> events;
  std::vector<std::uint64_t> asked;  ///< hashes of the assignments that were given then

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& now& events& asked;
  }
};

/// Of all that an assignment says.
std::uint64_t hash_of(const Assignment& assignment);

class StudyLog {
 public:
  explicit StudyLog(std::uint64_t key) : name_("tune-" + std::to_string(key) + "-") {}
  void append(const StudyRecord& record);
  /// The next one that an earlier run left; after the last one append() goes on.
  std::optional<StudyRecord> next();

 private:
  std::string name_;
  std::uint64_t count_ = 0;
};

}  // namespace rankine::tune
