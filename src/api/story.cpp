// SPDX-License-Identifier: Apache-2.0
#include <rankine/task_story.hpp>

#include <algorithm>

#include "api/trace_summary.hpp"
#include "scheduler/node_table.hpp"
#include "trace/recording.hpp"
#include "trace/story.hpp"

namespace rankine {

namespace {

constexpr std::size_t kNeededMax = 5;

double seconds(Nanoseconds at) {
  return at < 0 ? -1 : static_cast<double>(at) * 1e-9;
}

const scheduler::TaskClass& options_of(const trace::Recording& recording, const trace::Submission& of) {
  return recording.classes[of.task_class].options;
}

TaskStory::Link link_to(const trace::Storyteller& teller, ObjectId object, Nanoseconds ended) {
  const trace::Submission* submission = teller.owners().of(object);
  return {number(object),
          submission != nullptr ? options_of(teller.recording(), *submission).name : std::string(),
          seconds(ended)};
}

TaskStory::Attempt attempt_of(const trace::Slice& slice, const trace::Recording& recording) {
  const trace::Piece& piece = *slice.piece;
  TaskStory::Attempt attempt{.number = piece.attempt,
                             .rank = index(piece.worker),
                             .from = seconds(slice.from),
                             .to = seconds(slice.to),
                             .busy = seconds(piece.busy),
                             .threw = piece.failed > 0,
                             .together = piece.count,
                             .bytes = piece.bytes};
  for (const trace::Worker& worker : recording.workers)
    if (worker.rank == piece.worker) attempt.node = index(worker.node);
  return attempt;
}

bool fits(const scheduler::Resources& request, const scheduler::Resources& room) {
  const auto custom = [&](const auto& wanted) {
    return std::any_of(room.custom.begin(), room.custom.end(), [&](const auto& has) {
      return has.first == wanted.first && has.second >= wanted.second;
    });
  };
  return request.cpus <= room.cpus && request.gpus <= room.gpus && request.memory_gib <= room.memory_gib &&
         std::all_of(request.custom.begin(), request.custom.end(), custom);
}

/// Whether a rank that has not been lost has enough.
bool is_possible(const scheduler::TaskClass& options, const trace::Recording& recording) {
  return std::any_of(recording.workers.begin(), recording.workers.end(), [&](const trace::Worker& worker) {
    const auto is_it = [&](const trace::WorkerLost& lost) { return lost.rank == worker.rank; };
    if (std::any_of(recording.lost.begin(), recording.lost.end(), is_it)) return false;
    return fits(options.request, worker.resources) ||
           std::any_of(options.alternatives.begin(), options.alternatives.end(),
                       [&](const auto& other) { return fits(other, worker.resources); });
  });
}

TaskStory::State state_of(const trace::Story& story) {
  using enum TaskStory::State;
  const bool threw = story.ended && story.attempts.back()->piece->failed > 0;
  if (story.ended && !threw) return ended;
  if (story.cancelled) return cancelled;
  if (threw) return failed;
  return story.ready < 0 ? waiting : ready;
}

TaskStory story_of(const trace::Storyteller& teller, TaskId task) {
  const trace::Recording& recording = teller.recording();
  const trace::Story from = teller.tell(task);
  const trace::Submission& submission = *from.submission;
  const scheduler::TaskClass& options = options_of(recording, submission);
  TaskStory story;
  story.state = state_of(from);
  story.task = number(task);
  story.function = options.name;
  story.key = submission.key;
  if (submission.range) {
    story.element = number(task) - number(submission.first);
    story.elements = submission.count;
  }
  story.gang_ranks = static_cast<int>(submission.gang_ranks);
  story.request = scheduler::describe(options.request);
  for (const scheduler::Resources& other : options.alternatives)
    story.request += " or " + scheduler::describe(other);
  story.possible = is_possible(options, recording);
  story.priority = options.priority;
  story.submitted = seconds(submission.at);
  story.submitter = index(submission.submitter);
  story.parent = number(submission.parent);
  story.argument_bytes = submission.argument_bytes;
  for (const auto& [object, at] : from.depends_on) story.depends_on.push_back(link_to(teller, object, at));
  story.ready = seconds(from.ready);
  for (const trace::Slice* slice : from.attempts) story.attempts.push_back(attempt_of(*slice, recording));
  for (const trace::Failed& failed : recording.failures)
    if (failed.task == task) story.said.push_back(failed.words);
  story.paused = seconds(from.paused);
  for (const trace::WorkerLost& lost : from.losses)
    story.losses.push_back({index(lost.rank), seconds(lost.at)});
  story.cpus_used = from.cpus_used;
  story.began_before = from.began_before;
  story.submitted_by_it = from.children;
  story.needed_by_all = from.needed_by.size();
  for (const trace::Submission* other : from.needed_by) {
    if (story.needed_by.size() == kNeededMax) break;
    story.needed_by.push_back(link_to(teller, other->first, teller.ended(other->first)));
  }
  return story;
}

/// A task of a submission, and what it comes by among those that match.
struct Match {
  TaskId task{};
  bool ended = false;
  Nanoseconds length = 0;
};

bool matches(const trace::Submission& submission, const scheduler::TaskClass& options,
             const TaskQuestion& question) {
  if (question.key) return submission.key == *question.key && question.element < submission.count;
  return question.name.empty() || options.name.find(question.name) != std::string::npos;
}

/// All tasks that are asked for; of a map each element.
std::vector<Match> find(const trace::Storyteller& teller, const TaskQuestion& question) {
  const trace::Recording& recording = teller.recording();
  std::unordered_map<std::uint64_t, const trace::Slice*> last;
  for (const trace::Slice& slice : teller.slices())
    for (std::uint32_t i = 0; i < slice.piece->count; ++i) last[number(slice.piece->first) + i] = &slice;
  std::vector<Match> found;
  const bool only_open = !question.key && question.name.empty();
  for (const trace::Submission& submission : recording.submissions) {
    if (!matches(submission, options_of(recording, submission), question)) continue;
    const std::uint64_t from = question.key ? question.element : 0;
    const std::uint64_t to = question.key ? from + 1 : submission.count;
    for (std::uint64_t i = from; i < to; ++i) {
      const auto slice = last.find(number(submission.first) + i);
      const bool ended = slice != last.end();
      if (only_open && ended) continue;
      found.push_back({offset(submission.first, i), ended,
                       ended ? slice->second->piece->busy / slice->second->piece->count : 0});
    }
  }
  std::stable_sort(found.begin(), found.end(), [](const Match& a, const Match& b) {
    return a.ended != b.ended ? b.ended : a.length > b.length;
  });
  return found;
}

}  // namespace

TaskStories tell_stories(const std::string& run, const TaskQuestion& question) {
  const trace::Recording recording = trace::read_recording(run);
  const trace::Storyteller teller(recording);
  TaskStories stories;
  stories.summary = summary_of(recording);
  if (question.task) {
    const TaskId task{*question.task};
    if (teller.owners().of(task) == nullptr) return stories;
    stories.matching = 1;
    stories.stories.push_back(story_of(teller, task));
    return stories;
  }
  const std::vector<Match> found = find(teller, question);
  stories.matching = found.size();
  for (const Match& match : found) {
    if (stories.stories.size() == question.most) break;
    stories.stories.push_back(story_of(teller, match.task));
  }
  return stories;
}

}  // namespace rankine
