// SPDX-License-Identifier: Apache-2.0
// Implements NodeTable (see the header).
#include "scheduler/node_table.hpp"

#include <algorithm>
#include <cstdio>

namespace rankine::scheduler {

bool Supply::fits(const Demand& demand) const {
  for (std::size_t i = 0; i < base.size(); ++i) {
    if (demand.base[i] > 0 && base[i] < demand.base[i]) return false;
  }
  for (const auto& [name, amount] : demand.custom) {
    if (amount > 0 && (name >= custom.size() || custom[name] < amount)) return false;
  }
  return true;
}

void Supply::take(const Demand& demand) {
  for (std::size_t i = 0; i < base.size(); ++i) base[i] -= demand.base[i];
  for (const auto& [name, amount] : demand.custom) {
    if (name >= custom.size()) custom.resize(name + 1);
    custom[name] -= amount;
  }
}

void Supply::give(const Demand& demand) {
  for (std::size_t i = 0; i < base.size(); ++i) base[i] += demand.base[i];
  for (const auto& [name, amount] : demand.custom) custom[name] += amount;
}

namespace {

void append_amount(std::string& text, Amount amount, std::string_view unit) {
  if (amount.is_zero()) return;
  char digits[32];
  std::snprintf(digits, sizeof digits, "%g ", amount.value());
  if (!text.empty()) text += ", ";
  text += digits;
  text += unit;
}

}  // namespace

std::string describe(const Resources& resources) {
  std::string text;
  append_amount(text, resources.cpus, "cpus");
  append_amount(text, resources.gpus, "gpus");
  append_amount(text, resources.memory_gib, "GiB");
  for (const auto& [name, amount] : resources.custom) append_amount(text, amount, name);
  return text.empty() ? "nothing" : text;
}

std::uint32_t NodeTable::custom_number(const std::string& name) {
  const auto at = std::find(custom_names_.begin(), custom_names_.end(), name);
  if (at != custom_names_.end()) return static_cast<std::uint32_t>(at - custom_names_.begin());
  custom_names_.push_back(name);
  return static_cast<std::uint32_t>(custom_names_.size() - 1);
}

Supply NodeTable::supply(const Resources& resources) {
  Supply supply;
  const std::int64_t at_once = 64 + 16 * (resources.cpus.fixed() / Amount::kUnit);
  supply.base = {resources.cpus.fixed(), resources.gpus.fixed(), resources.memory_gib.fixed(), at_once};
  for (const auto& [name, amount] : resources.custom) {
    const std::uint32_t number = custom_number(name);
    if (number >= supply.custom.size()) supply.custom.resize(number + 1);
    supply.custom[number] += amount.fixed();
  }
  return supply;
}

ShapeId NodeTable::intern(const Resources& request) {
  Demand demand;
  demand.base = {request.cpus.fixed(), request.gpus.fixed(), request.memory_gib.fixed(), 1};
  for (const auto& [name, amount] : request.custom) {
    if (!amount.is_zero()) demand.custom.emplace_back(custom_number(name), amount.fixed());
  }
  for (ShapeId i = 0; i < shapes_.size(); ++i) {
    if (shapes_[i].demand == demand) return i;
  }
  const auto id = static_cast<ShapeId>(shapes_.size());
  if (id == stride_) widen();
  Shape& shape = shapes_.emplace_back();
  shape.demand = std::move(demand);
  shape.request = request;
  for (const Worker& worker : workers_) {
    if (!worker.live) continue;
    if (worker.total.fits(shape.demand)) ++shape.capable;
    if (worker.free.fits(shape.demand)) push_front(id, static_cast<Index>(index(worker.rank)));
  }
  return id;
}

/// Room for twice as many shapes.
void NodeTable::widen() {
  std::vector<Links> wider(workers_.size() * 2 * stride_);
  for (std::size_t rank = 0; rank < workers_.size(); ++rank)
    std::copy_n(links_.begin() + static_cast<std::ptrdiff_t>(rank * stride_), stride_,
                wider.begin() + static_cast<std::ptrdiff_t>(rank * 2 * stride_));
  links_.swap(wider);
  stride_ *= 2;
}

std::string NodeTable::describe(ShapeId shape) const {
  return scheduler::describe(shapes_[shape].request);
}

std::string NodeTable::describe_largest() const {
  const Worker* largest = nullptr;
  for (const Worker& worker : workers_) {
    if (worker.live && (largest == nullptr || worker.total.base > largest->total.base)) largest = &worker;
  }
  if (largest == nullptr) return "no rank is left";
  Resources has;
  has.cpus = Amount::of_fixed(largest->total.base[0]);
  has.gpus = Amount::of_fixed(largest->total.base[1]);
  has.memory_gib = Amount::of_fixed(largest->total.base[2]);
  for (std::size_t i = 0; i < largest->total.custom.size(); ++i) {
    has.custom.emplace_back(custom_names_[i], Amount::of_fixed(largest->total.custom[i]));
  }
  return "the largest rank (" + std::to_string(index(largest->rank)) + ") has " + scheduler::describe(has);
}

void NodeTable::join(Rank rank, NodeId node, const Resources& resources) {
  const auto at = static_cast<std::size_t>(index(rank));
  if (at >= workers_.size()) {
    workers_.resize(at + 1);
    links_.resize((at + 1) * stride_);
  }
  Worker& worker = workers_[at];
  if (worker.rank != rank) ++seen_count_;
  worker = Worker{};
  if (at < places_.size()) places_[at] = {};
  worker.rank = rank;
  worker.node = node;
  worker.live = true;
  worker.total = supply(resources);
  worker.free = worker.total;
  ++live_count_;
  const auto place = static_cast<std::size_t>(index(node));
  if (index(node) >= 0) {
    if (place >= nodes_.size()) nodes_.resize(place + 1);
    auto& ranks = nodes_[place];
    node_count_ += ranks.empty() ? 1 : 0;
    if (std::find(ranks.begin(), ranks.end(), rank) == ranks.end()) ranks.push_back(rank);
  }
  for (Shape& shape : shapes_) shape.capable += worker.total.fits(shape.demand) ? 1 : 0;
  touch(worker);
}

void NodeTable::lose(Rank rank) {
  Worker& lost = worker(rank);
  for (ShapeId id = 0; id < shapes_.size(); ++id) {
    if (lost.total.fits(shapes_[id].demand)) --shapes_[id].capable;
    unlink(id, static_cast<Index>(index(rank)));
  }
  lost.live = false;
  lost.lost = true;
  --live_count_;
}

void NodeTable::note_place(const Worker& worker, ShapeId shape, bool gang) {
  if (places_.size() < workers_.size()) places_.resize(workers_.size());
  Places& places = places_[static_cast<std::size_t>(index(worker.rank))];
  Supply& kept = gang ? places.gangs : places.actors;
  if (kept.custom.size() < worker.total.custom.size()) kept.custom.resize(worker.total.custom.size());
  kept.give(shapes_[shape].demand);
  if (!gang) kept.base[kPiecesAtOnce] = 0;
}

void NodeTable::forget_place(const Worker& worker, ShapeId shape, bool gang) {
  Places& places = places_[static_cast<std::size_t>(index(worker.rank))];
  (gang ? places.gangs : places.actors).take(shapes_[shape].demand);
  if (!gang) places.actors.base[kPiecesAtOnce] = 0;
}

const Places& NodeTable::places(const Worker& worker) const {
  static const Places nothing;
  const auto at = static_cast<std::size_t>(index(worker.rank));
  return at < places_.size() ? places_[at] : nothing;
}

bool NodeTable::could_hold(const Worker& worker, ShapeId shape, bool after_gangs) const {
  const auto amount = [](const std::vector<std::int64_t>& list, std::size_t at) {
    return at < list.size() ? list[at] : 0;
  };
  const Places& kept = places(worker);
  const Demand& demand = shapes_[shape].demand;
  for (std::size_t i = 0; i < demand.base.size(); ++i) {
    const std::int64_t gangs = after_gangs ? 0 : kept.gangs.base[i];
    if (demand.base[i] > 0 && worker.total.base[i] - kept.actors.base[i] - gangs < demand.base[i])
      return false;
  }
  for (const auto& [name, wanted] : demand.custom) {
    const std::int64_t gangs = after_gangs ? 0 : amount(kept.gangs.custom, name);
    if (amount(worker.total.custom, name) - amount(kept.actors.custom, name) - gangs < wanted) return false;
  }
  return true;
}

bool NodeTable::covers(const Worker& worker, ShapeId shape) const {
  const Demand& demand = shapes_[shape].demand;
  for (std::size_t i = 0; i < demand.base.size(); ++i) {
    if (demand.base[i] > 0 && worker.free.base[i] < 0) return false;
  }
  for (const auto& [name, wanted] : demand.custom) {
    if (wanted > 0 && (name >= worker.free.custom.size() || worker.free.custom[name] < 0)) return false;
  }
  return true;
}

const std::vector<Rank>& NodeTable::on_node(NodeId node) const {
  static const std::vector<Rank> nobody;
  const auto place = static_cast<std::size_t>(index(node));
  return index(node) >= 0 && place < nodes_.size() ? nodes_[place] : nobody;
}

void NodeTable::touch(Worker& worker) {
  const auto rank = static_cast<Index>(index(worker.rank));
  for (ShapeId id = 0; id < shapes_.size(); ++id) {
    const Shape& shape = shapes_[id];
    if (shape.head == rank || !worker.free.fits(shape.demand)) continue;
    unlink(id, rank);
    push_front(id, rank);
  }
}

void NodeTable::unlink(ShapeId id, Index rank) {
  Links& links = link(id, rank);
  if (links.next == kNotListed) return;
  (links.previous != kNone ? link(id, links.previous).next : shapes_[id].head) = links.next;
  if (links.next != kNone) link(id, links.next).previous = links.previous;
  links = {};
}

void NodeTable::push_front(ShapeId id, Index rank) {
  Shape& shape = shapes_[id];
  link(id, rank) = {shape.head, kNone};
  if (shape.head != kNone) link(id, shape.head).previous = rank;
  shape.head = rank;
}

Rank NodeTable::most_recent_with_room(ShapeId id) {
  Shape& shape = shapes_[id];
  while (shape.head != kNone) {
    const Worker& worker = workers_[shape.head];
    if (worker.queued.size == 0 && worker.free.fits(shape.demand)) return worker.rank;
    unlink(id, shape.head);
  }
  return kNoRank;
}

std::string NodeTable::broken_invariant() const {
  std::uint32_t live = 0;
  for (const Worker& worker : workers_) live += worker.live ? 1 : 0;
  if (live != live_count_) return "number of live workers";
  for (ShapeId id = 0; id < shapes_.size(); ++id) {
    const Shape& shape = shapes_[id];
    std::vector<bool> listed(workers_.size());
    Index previous = kNone;
    for (Index rank = shape.head; rank != kNone; rank = link(id, rank).next) {
      if (listed[rank]) return "a worker is twice in a free list";
      if (link(id, rank).previous != previous) return "links of a free list";
      if (!workers_[rank].live) return "a lost worker is in a free list";
      listed[rank] = true;
      previous = rank;
    }
    std::uint32_t capable = 0;
    for (const Worker& worker : workers_) {
      if (!worker.live) continue;
      capable += worker.total.fits(shape.demand) ? 1 : 0;
      if (worker.queued.size == 0 && worker.free.fits(shape.demand) &&
          !listed[static_cast<std::size_t>(index(worker.rank))]) {
        return "rank " + std::to_string(index(worker.rank)) + " has room but is in no free list";
      }
    }
    if (capable != shape.capable) return "number of capable workers";
  }
  return {};
}

std::uint64_t NodeTable::memory_bytes() const {
  return workers_.capacity() * sizeof(Worker) + places_.capacity() * sizeof(Places) +
         shapes_.capacity() * sizeof(Shape) + links_.capacity() * sizeof(Links);
}

}  // namespace rankine::scheduler
