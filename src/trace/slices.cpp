// SPDX-License-Identifier: Apache-2.0
#include "trace/slices.hpp"

#include <algorithm>
#include <map>
#include <unordered_map>

#include "trace/owners.hpp"

namespace rankine::trace {

namespace {

/// On which row of its rank a slice is drawn, so that none lies upon another.
class Rows {
 public:
  std::size_t row(Rank rank, Nanoseconds from, Nanoseconds to) {
    std::vector<Nanoseconds>& ends = ends_[rank];
    std::size_t row = 0;
    while (row < ends.size() && ends[row] > from) ++row;
    if (row == ends.size()) ends.push_back(0);
    ends[row] = to;
    return row;
  }

 private:
  std::map<Rank, std::vector<Nanoseconds>> ends_;
};

using Paused = std::unordered_map<std::uint64_t, Nanoseconds>;

/// Of a rank that runs one piece at a time: the head hears of several ends at once, so that pieces seem to
/// lie upon each other. They ended one after another, the last of them when the head heard of it.
void straighten(std::vector<Slice>& slices, const Recording& recording, const Paused& paused) {
  std::map<Rank, Nanoseconds> next;  // where the later piece of the rank begins
  for (const Worker& worker : recording.workers)
    if (worker.resources.cpus.value() <= 1) next[worker.rank] = recording.length();
  for (auto slice = slices.rbegin(); slice != slices.rend(); ++slice) {
    const auto later = next.find(slice->piece->worker);
    if (later == next.end()) continue;
    if (paused.contains(number(slice->piece->first))) continue;  // others ran meanwhile
    const Nanoseconds least = slice->owner != nullptr ? slice->owner->at : 0;
    const Nanoseconds length = slice->to - slice->from;
    slice->to = std::max(std::min(slice->to, later->second), std::min(slice->to, least + length));
    slice->from = slice->to - length;
    later->second = std::min(later->second, slice->from);
  }
}

/// A step of a count at a time.
struct Step {
  Nanoseconds at = 0;
  double change = 0;
};

void sort_steps(std::vector<Step>& steps) {
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return a.at < b.at; });
}

double cpus_of(const Recording& recording, const Submission* owner) {
  if (owner == nullptr || owner->gang_ranks > 0) return 1;
  return std::max(1.0, recording.classes[owner->task_class].options.request.cpus.value());
}

/// When tasks were there that no rank had begun.
std::vector<Step> waiting_tasks(const Recording& recording, const std::vector<Slice>& slices) {
  std::vector<Step> steps;
  for (const Submission& one : recording.submissions) {
    if (one.gang_ranks == 0) steps.push_back({one.at, static_cast<double>(one.count)});
  }
  for (const Slice& slice : slices) {
    if (slice.owner == nullptr || slice.owner->gang_ranks > 0) continue;
    if (slice.piece->attempt <= 1)
      steps.push_back({std::max(slice.from, slice.owner->at), -static_cast<double>(slice.piece->count)});
  }
  sort_steps(steps);
  return steps;
}

/// Adds what the rank did until the end to `use`. `running`: changes of the CPUs in use.
void add_up(TimeUse& use, const std::vector<Step>& running, const std::vector<Step>& waiting,
            Nanoseconds end) {
  std::size_t r = 0;
  std::size_t w = 0;
  double busy = 0;
  double tasks = 0;
  for (Nanoseconds at = 0; at < end;) {
    for (; r < running.size() && running[r].at <= at; ++r) busy += running[r].change;
    for (; w < waiting.size() && waiting[w].at <= at; ++w) tasks += waiting[w].change;
    Nanoseconds until = end;
    if (r < running.size()) until = std::min(until, running[r].at);
    if (w < waiting.size()) until = std::min(until, waiting[w].at);
    const auto length = static_cast<double>(until - at);
    const double used = std::clamp(busy, 0.0, use.cpus);
    use.executing += used * length;
    (tasks > 0.5 ? use.idle_waited_for : use.idle_nothing) += (use.cpus - used) * length;
    at = until;
  }
  use.granted = use.cpus * static_cast<double>(end);
}

}  // namespace

std::vector<Slice> slices_of(const Recording& recording) {
  const Owners owners(recording);
  Paused paused;
  for (const Recording::Pause& pause : recording.pauses) paused[number(pause.task)] += pause.to - pause.from;
  std::vector<Slice> slices;
  slices.reserve(recording.pieces.size());
  for (const Piece& piece : recording.pieces) {
    const auto found = paused.find(number(piece.first));
    const Nanoseconds length = piece.busy + (found == paused.end() ? 0 : found->second);
    slices.push_back(
        {std::max<Nanoseconds>(0, piece.at - length), piece.at, 0, &piece, owners.of(piece.first)});
  }
  straighten(slices, recording, paused);
  std::stable_sort(slices.begin(), slices.end(),
                   [](const Slice& a, const Slice& b) { return a.from < b.from; });
  Rows rows;
  for (Slice& slice : slices) slice.row = rows.row(slice.piece->worker, slice.from, slice.to);
  return slices;
}

std::vector<TimeUse> time_uses(const Recording& recording, const std::vector<Slice>& slices) {
  std::unordered_map<std::uint64_t, const Slice*> by_task;
  std::map<Rank, std::vector<Step>> running;
  for (const Slice& slice : slices) {
    const double cpus = cpus_of(recording, slice.owner);
    std::vector<Step>& steps = running[slice.piece->worker];
    steps.push_back({slice.from, cpus});
    steps.push_back({slice.to, -cpus});
    by_task[number(slice.piece->first)] = &slice;
  }
  for (const Recording::Pause& pause : recording.pauses) {
    const auto found = by_task.find(number(pause.task));
    if (found == by_task.end()) continue;
    const Slice& slice = *found->second;
    const double cpus = cpus_of(recording, slice.owner);
    running[slice.piece->worker].push_back({std::max(slice.from, pause.from), -cpus});
    running[slice.piece->worker].push_back({std::max(slice.from, std::min(slice.to, pause.to)), cpus});
  }
  const std::vector<Step> waiting = waiting_tasks(recording, slices);
  std::vector<TimeUse> uses;
  for (const Worker& worker : recording.workers) {
    if (worker.rank == kHead && !running.contains(kHead)) continue;
    Nanoseconds end = recording.length();
    for (const WorkerLost& lost : recording.lost)
      if (lost.rank == worker.rank) end = std::min(end, lost.at);
    TimeUse use;
    use.rank = worker.rank;
    use.cpus = std::max(1.0, worker.resources.cpus.value());
    sort_steps(running[worker.rank]);
    add_up(use, running[worker.rank], waiting, end);
    uses.push_back(use);
  }
  return uses;
}

}  // namespace rankine::trace
