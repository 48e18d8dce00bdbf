// SPDX-License-Identifier: Apache-2.0
#include "simulate/workers.hpp"

#include <algorithm>

namespace rankine::simulate {

std::uint32_t Workers::custom_number(const std::string& name) {
  const auto at = std::find(customs_.begin(), customs_.end(), name);
  if (at != customs_.end()) return static_cast<std::uint32_t>(at - customs_.begin());
  customs_.push_back(name);
  return static_cast<std::uint32_t>(customs_.size() - 1);
}

std::uint32_t Workers::demand_of(const scheduler::Resources& request) {
  scheduler::Demand demand;
  demand.base = {request.cpus.fixed(), request.gpus.fixed(), request.memory_gib.fixed(), 0};
  for (const auto& [name, amount] : request.custom)
    demand.custom.emplace_back(custom_number(name), amount.fixed());
  const auto at = std::find(demands_.begin(), demands_.end(), demand);
  if (at != demands_.end()) return static_cast<std::uint32_t>(at - demands_.begin());
  demands_.push_back(std::move(demand));
  return static_cast<std::uint32_t>(demands_.size() - 1);
}

void Workers::join(Rank rank, const scheduler::Resources& resources) {
  const auto at = static_cast<std::size_t>(index(rank));
  if (at >= workers_.size()) workers_.resize(at + 1);
  Worker& worker = workers_[at];
  worker = Worker{};
  worker.live = true;
  worker.free.base = {resources.cpus.fixed(), resources.gpus.fixed(), resources.memory_gib.fixed(), 0};
  for (const auto& [name, amount] : resources.custom) {
    const std::uint32_t number = custom_number(name);
    if (number >= worker.free.custom.size()) worker.free.custom.resize(number + 1);
    worker.free.custom[number] += amount.fixed();
  }
}

void Workers::lose(Rank rank) {
  Worker& worker = of(rank);
  for (const List& list : worker.lists) {
    for (Index at = list.head; at != kNone;) {
      const Index next = works_[at].next;
      ++works_[at].generation;
      works_.release(at);
      at = next;
    }
  }
  worker = Worker{};
}

void Workers::push(Worker& worker, Index index, Work::State state) {
  List& list = worker.lists[static_cast<std::size_t>(state)];
  Work& work = works_[index];
  work.state = state;
  work.next = kNone;
  work.previous = list.tail;
  (list.tail != kNone ? works_[list.tail].next : list.head) = index;
  list.tail = index;
}

void Workers::unlink(Worker& worker, Index index) {
  const Work& work = works_[index];
  List& list = worker.lists[static_cast<std::size_t>(work.state)];
  (work.previous != kNone ? works_[work.previous].next : list.head) = work.next;
  (work.next != kNone ? works_[work.next].previous : list.tail) = work.previous;
}

Index Workers::add(const scheduler::Start& start, std::uint32_t demand) {
  const Index index = works_.allocate();
  Work& work = works_[index];
  const std::uint32_t generation = work.generation + 1;
  work = Work{};
  work.generation = generation;
  work.first = start.first;
  work.count = start.count;
  work.element = start.element;
  work.worker = start.worker;
  work.demand = demand;
  work.payload = static_cast<std::uint64_t>(start.payload);
  work.attempt = start.attempt;
  work.ticket = start.ticket;
  push(of(start.worker), index, Work::State::queued);
  return index;
}

Index Workers::begin_next(Rank rank) {
  Worker& worker = of(rank);
  const Index index = worker.lists[static_cast<std::size_t>(Work::State::queued)].head;
  if (index == kNone) return kNone;
  const scheduler::Demand& demand = demands_[works_[index].demand];
  if (!worker.free.fits(demand)) return kNone;
  worker.free.take(demand);
  unlink(worker, index);
  push(worker, index, Work::State::running);
  return index;
}

void Workers::end(Index index) {
  const Work& work = works_[index];
  Worker& worker = of(work.worker);
  if (work.state == Work::State::running) worker.free.give(demands_[work.demand]);
  unlink(worker, index);
  ++works_[index].generation;
  works_.release(index);
}

void Workers::block(Index index) {
  Worker& worker = of(works_[index].worker);
  worker.free.give(demands_[works_[index].demand]);
  unlink(worker, index);
  push(worker, index, Work::State::blocked);
}

void Workers::unblock(Index index) {
  Worker& worker = of(works_[index].worker);
  worker.free.take(demands_[works_[index].demand]);
  unlink(worker, index);
  push(worker, index, Work::State::running);
}

Index Workers::find(Rank rank, TaskId element, std::uint16_t attempt, Work::State state) const {
  const Worker& worker = workers_[static_cast<std::size_t>(index(rank))];
  for (Index at = worker.lists[static_cast<std::size_t>(state)].head; at != kNone; at = works_[at].next) {
    const Work& work = works_[at];
    if (number(element) - number(work.first) < work.count && work.attempt == attempt) return at;
  }
  return kNone;
}

}  // namespace rankine::simulate
