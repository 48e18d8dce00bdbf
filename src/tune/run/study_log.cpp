// SPDX-License-Identifier: Apache-2.0
#include "tune/run/study_log.hpp"

#include <rankine/core/hash.hpp>
#include <rankine/state.hpp>

namespace rankine::tune {

std::uint64_t hash_of(const Assignment& assignment) {
  std::uint64_t hash = hash_mix(assignment.configuration.hash(), assignment.number);
  hash = hash_mix(hash, assignment.trial);
  hash = hash_mix(hash, static_cast<std::uint64_t>(assignment.from));
  hash = hash_mix(hash, static_cast<std::uint64_t>(assignment.until));
  return hash_mix(hash, assignment.checkpoint);
}

void StudyLog::append(const StudyRecord& record) {
  save_state(name_ + std::to_string(count_++), record);
}

std::optional<StudyRecord> StudyLog::next() {
  auto record = load_state<StudyRecord>(name_ + std::to_string(count_));
  if (record) ++count_;
  return record;
}

}  // namespace rankine::tune
