// SPDX-License-Identifier: Apache-2.0
#include "trace/story.hpp"

#include <algorithm>

namespace rankine::trace {

namespace {

bool covers(TaskId first, std::uint64_t count, TaskId task) {
  return number(task) >= number(first) && number(task) - number(first) < count;
}

/// Whether what has ended is the whole of it: a failed attempt may be followed by another one.
bool is_last(const Slice& slice, const Recording& recording) {
  if (slice.piece->failed == 0 || slice.owner == nullptr) return true;
  const scheduler::TaskClass& options = recording.classes[slice.owner->task_class].options;
  return !options.retry_exceptions || slice.piece->attempt > options.max_retries;
}

}  // namespace

Storyteller::Storyteller(const Recording& recording)
    : recording_(recording), owners_(recording), slices_(slices_of(recording)) {
  for (const Slice& slice : slices_)
    if (slice.owner != nullptr) by_submission_[number(slice.owner->first)].push_back(&slice);
  for (auto& [first, slices] : by_submission_)
    std::stable_sort(slices.begin(), slices.end(),
                     [](const Slice* a, const Slice* b) { return a->to < b->to; });
}

Nanoseconds Storyteller::ended(ObjectId object) const {
  const Submission* submission = owners_.of(object);
  if (submission == nullptr) return -1;
  const auto slices = by_submission_.find(number(submission->first));
  if (slices == by_submission_.end()) return -1;
  Nanoseconds last = -1;
  for (const Slice* slice : slices->second)
    if (covers(slice->piece->first, slice->piece->count, object)) last = slice->to;
  return last;
}

Story Storyteller::tell(TaskId task) const {
  Story story;
  story.task = task;
  story.submission = owners_.of(task);
  if (story.submission == nullptr) return story;
  if (const auto slices = by_submission_.find(number(story.submission->first));
      slices != by_submission_.end())
    for (const Slice* slice : slices->second)
      if (covers(slice->piece->first, slice->piece->count, task)) story.attempts.push_back(slice);
  story.ended = !story.attempts.empty() && is_last(*story.attempts.back(), recording_);
  story.ready = story.submission->at;
  for (const ObjectId object : story.submission->dependencies) {
    // What was put, or was there before the recording began, has no submission and is there.
    const Nanoseconds at = owners_.of(object) == nullptr ? 0 : ended(object);
    story.depends_on.emplace_back(object, at);
    story.ready = at < 0 || story.ready < 0 ? -1 : std::max(story.ready, at);
  }
  if (story.ended && story.ready < 0) story.ready = story.attempts.front()->from;
  for (const Cancelled& cancelled : recording_.cancelled)
    story.cancelled = story.cancelled || covers(cancelled.first, cancelled.count, task);
  for (const Recording::Pause& pause : recording_.pauses)
    if (pause.task == task) story.paused += pause.to - pause.from;
  for (const Submission& other : recording_.submissions) {
    story.children += other.parent == task ? other.count : 0;
    const auto& needs = other.dependencies;
    if (std::find(needs.begin(), needs.end(), task) != needs.end()) story.needed_by.push_back(&other);
  }
  tell_wait(story);
  return story;
}

/// What happened between its being ready and its start, or until now.
void Storyteller::tell_wait(Story& story) const {
  if (story.ready < 0) return;
  const Nanoseconds from = story.ready;
  const Nanoseconds to = story.attempts.empty() ? recording_.length() : story.attempts.front()->from;
  const Nanoseconds end = story.ended ? story.attempts.back()->to : recording_.length();
  for (const WorkerLost& lost : recording_.lost)
    if (lost.at >= from && lost.at <= end) story.losses.push_back(lost);
  double cpus = 0;
  for (const Worker& worker : recording_.workers)
    if (worker.rank != kHead || recording_.workers.size() == 1)
      cpus += std::max(1.0, worker.resources.cpus.value());
  if (to <= from || cpus <= 0) return;
  double used = 0;
  for (const Slice& slice : slices_) {
    if (slice.owner == nullptr) continue;
    if (slice.from >= from && slice.from < to) story.began_before += slice.piece->count;
    const Nanoseconds overlap = std::min(slice.to, to) - std::max(slice.from, from);
    const double request = recording_.classes[slice.owner->task_class].options.request.cpus.value();
    if (overlap > 0) used += static_cast<double>(overlap) * (slice.owner->gang_ranks > 0 ? 1.0 : request);
  }
  story.cpus_used = std::min(1.0, used / (cpus * static_cast<double>(to - from)));
}

}  // namespace rankine::trace
