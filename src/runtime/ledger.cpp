// SPDX-License-Identifier: Apache-2.0
#include "runtime/ledger.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <utility>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/runtime/arguments.hpp>

#include "runtime/registry.hpp"

namespace rankine::runtime {

namespace {

/// What a checkpoint begins with, as actor_turn.cpp writes it: the number of callers, pairs, then the state.
constexpr std::size_t kStateAlignment = 64;

constexpr std::uint64_t kPutIdentity = 0x707574;

}  // namespace

Ledger::Ledger(const LedgerSettings& settings, BlobPool& blobs, Store& store, Puller& puller,
               std::function<void()> ring)
    : settings_(settings), blobs_(blobs), store_(store), puller_(puller), ring_(std::move(ring)) {
  journal::Program mine;
  mine.name = settings.program;
  mine.functions = function_table_hash();
  mine.options = settings.options;
  journal::Opened opened = journal::open_journal(settings.path, mine, settings.policy);
  std::fputs(opened.said.c_str(), stderr);
  index_ = std::move(opened.index);
  may_resume_ = opened.resumed;
  functions_ = index_.functions();
  writer_.emplace(std::move(opened.file), opened.bytes);
  note(may_resume_ ? journal::Note::What::resumed : journal::Note::What::started, {});
}

Ledger::~Ledger() {
  writer_.reset();  // its thread calls written()
}

void Ledger::note(journal::Note::What what, const std::string& text) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  writer_->append(journal::Note{what, std::chrono::duration_cast<std::chrono::nanoseconds>(now).count(),
                                settings_.ranks, text});
}

// ---- names ----

const Ledger::Range* Ledger::range_of(ObjectId object, std::uint32_t& element) const {
  const auto after = ranges_.upper_bound(number(object));
  if (after == ranges_.begin()) return nullptr;
  const auto& [first, range] = *std::prev(after);
  if (number(object) - first >= range.count) return nullptr;
  element = static_cast<std::uint32_t>(number(object) - first);
  return &range;
}

/// What an object is from run to run, whatever its id; nothing where that is not known.
std::optional<std::uint64_t> Ledger::identity_of(ObjectId object) const {
  const auto task = [this](std::uint32_t function, std::uint64_t key, std::uint64_t place,
                           std::uint64_t arguments) {
    return hash_mix(hash_mix(function_notes_[function].hash, key), hash_mix(place, arguments));
  };
  if (const auto found = singles_.find(number(object)); found != singles_.end()) {
    const Single& single = found->second;
    if (single.put) return hash_mix(kPutIdentity, single.arguments);
    return task(single.function, single.key, 0, single.arguments);
  }
  std::uint32_t element = 0;
  const Range* range = range_of(object, element);
  if (range == nullptr) return std::nullopt;
  return task(range->function, range->key, std::uint64_t{element} + 1, range->of(element));
}

std::optional<std::uint64_t> Ledger::identity_of_all(std::span<const ObjectId> objects) const {
  std::uint64_t all = 0;
  for (const ObjectId object : objects) {
    const auto one = identity_of(object);
    if (!one) return std::nullopt;
    all = hash_mix(all, *one);
  }
  return all;
}

std::uint64_t Ledger::name_hash(std::uint32_t number) {
  if (number >= function_notes_.size()) function_notes_.resize(number + std::size_t{1});
  FunctionNote& known = function_notes_[number];
  if (known.hash == 0) {
    known.hash = hash_text(function(FunctionId{number}).name);
    known.number = index_.function_number(known.hash);
  }
  return known.hash;
}

/// What records call the function; written down before the first of them.
std::optional<std::uint32_t> Ledger::function_number(std::uint32_t number) {
  name_hash(number);
  FunctionNote& known = function_notes_[number];
  if (known.number) return known.number;
  const FunctionEntry& entry = function(FunctionId{number});
  if (!writer_->append(journal::Function{functions_, entry.name, entry.display})) return std::nullopt;
  known.number = functions_++;
  return known.number;
}

// ---- submissions ----

std::span<const scheduler::Known> Ledger::on_submitted(const detail::Submission& submission,
                                                       const HeadPort::Names& names) {
  known_.clear();
  const auto identity = identity_of_all(submission.dependencies);
  if (submission.argument_hashes.empty() || !identity) {
    if (submission.options != nullptr && submission.options->key != 0) ++unknown_arguments_;
    return {};
  }
  const auto number = static_cast<std::uint32_t>(submission.function);
  const auto key = static_cast<std::uint64_t>(names.key);
  journal::TaskName name{name_hash(number), key, submission.range, 0, 0};
  const auto arguments = [&](std::uint64_t values) {
    return submission.dependencies.empty() ? values : hash_mix(values, *identity);
  };
  const std::uint64_t first = rankine::number(names.first);
  if (!submission.range) {
    name.arguments = arguments(submission.argument_hashes.front());
    singles_[first] = {key, name.arguments, number, false};
    look_up(name, 0);
    return known_;
  }
  Range& range = ranges_[first];
  range = {key, number, submission.count, {}};
  range.arguments.reserve(submission.argument_hashes.size());
  for (const std::uint64_t values : submission.argument_hashes) range.arguments.push_back(arguments(values));
  for (std::uint32_t i = 0; may_resume_ && i < range.count; ++i) {
    name.element = i;
    name.arguments = range.of(i);
    look_up(name, i);
  }
  return known_;
}

void Ledger::on_put(ObjectId object, std::uint64_t content) {
  if (content != 0) singles_[number(object)] = {0, content, 0, true};
}

void Ledger::look_up(const journal::TaskName& name, std::uint32_t element) {
  if (!may_resume_) return;
  const auto extent = index_.find(name);
  if (!extent) return;
  const auto value = value_at(*extent);
  if (!value) {
    ++no_room_;
    return;
  }
  known_.push_back({element, scheduler::Value{as_value(*value)}});
  ++resumed_;
}

std::vector<std::byte> Ledger::read(const journal::Extent& extent) const {
  std::vector<std::byte> bytes(extent.bytes);
  if (writer_->file().read(extent.offset, bytes) != bytes.size())
    throw SystemError("rankine: the journal " + settings_.path + " is shorter than it was at the start");
  return bytes;
}

/// Nothing where neither memory nor disk has room for it: the task runs again.
std::optional<Blob*> Ledger::value_at(const journal::Extent& extent) {
  const auto fill = [&](std::span<std::byte> into) {
    if (writer_->file().read(extent.offset, into) != into.size())
      throw SystemError("rankine: the journal " + settings_.path + " is shorter than it was at the start");
  };
  if (extent.bytes <= settings_.inline_bytes) {
    Blob* blob = blobs_.make_inline(extent.bytes);
    fill(blob->inline_bytes());
    return blob;
  }
  try {
    if (auto room = store_.try_create(extent.bytes, Store::Effort::full)) {
      fill(room->data());
      return blobs_.make_located(store_.seal(std::move(*room)));
    }
    return blobs_.make_located(store_.create_on_disk(read(extent)));
  } catch (const StoreFull&) {
    return std::nullopt;
  }
}

// ---- results ----

std::span<const ObjectId> Ledger::on_finished(const scheduler::Finished& event) {
  keep_.clear();
  std::uint32_t element = 0;
  const auto single = singles_.find(number(event.first));
  const Range* range = single == singles_.end() ? range_of(event.first, element) : nullptr;
  if (single == singles_.end() && range == nullptr) return {};
  const std::uint32_t function = range != nullptr ? range->function : single->second.function;
  const auto known_as = function_number(function);
  if (!known_as) return {};
  tasks_.function = *known_as;
  tasks_.key = range != nullptr ? range->key : single->second.key;
  tasks_.range = range != nullptr;
  tasks_.elements.clear();
  const std::uint64_t busy_each = static_cast<std::uint64_t>(event.busy) / std::max(event.count, 1u);
  const auto append = [&] {
    if (tasks_.elements.empty()) return;
    tasks_.busy_ns = busy_each * tasks_.elements.size();
    writer_->append(tasks_);
    tasks_.elements.clear();
  };
  const auto has_refs = [&](std::uint32_t i) {
    return std::any_of(event.inside.begin(), event.inside.end(),
                       [i](const scheduler::Inside& inside) { return inside.element == i; });
  };
  for (std::uint32_t i = 0; i < event.count; ++i) {
    const scheduler::Outcome& outcome = event.outcomes[i];
    const Blob& blob = *as_blob(outcome.value.payload);
    const bool left_out = outcome.failed || (!event.inside.empty() && has_refs(i));
    if (left_out || blob.located) append();
    if (left_out) continue;
    const std::uint64_t arguments = range != nullptr ? range->of(element + i) : single->second.arguments;
    if (tasks_.elements.empty()) tasks_.first = element + i;
    if (!blob.located) {
      tasks_.elements.push_back({arguments, blob.inline_bytes()});
      continue;
    }
    Kept kept{offset(event.first, i), blob.location(), tasks_};
    kept.task.first = element + i;
    kept.task.busy_ns = busy_each;
    kept.task.elements = {{arguments, {}}};
    keep_.push_back(kept.object);
    kept_.push_back(std::move(kept));
  }
  append();
  return keep_;
}

void Ledger::on_kept() {
  std::vector<Kept> all = std::exchange(kept_, {});
  under_way_ += all.size();
  for (Kept& kept : all) {
    const auto mine = std::make_shared<Kept>(std::move(kept));
    puller_.fetch(mine->place,
                  [this, mine](std::optional<detail::ValueBytes> bytes) { write(*mine, std::move(bytes)); });
  }
}

void Ledger::write(Kept& kept, std::optional<detail::ValueBytes> bytes) {
  const ObjectId object = kept.object;
  // Whoever lost the value loses the task, too: what makes it again comes by on_finished again.
  if (!bytes) return written(object);
  const bool taken = writer_->append_large(kept.task, bytes->bytes,
                                           [this, object, owner = bytes->owner] { written(object); });
  if (!taken) written(object);
}

/// On any thread.
void Ledger::written(ObjectId object) {
  {
    const std::lock_guard lock(written_mutex_);
    written_.push_back(object);
  }
  any_written_ = true;
  ring_();
}

std::vector<ObjectId> Ledger::take_written() {
  if (!any_written_.load(std::memory_order_acquire)) [[likely]]
    return {};
  any_written_ = false;
  const std::lock_guard lock(written_mutex_);
  under_way_ -= written_.size();
  return std::exchange(written_, {});
}

// ---- actors and saved values ----

void Ledger::on_checkpoint(const std::string& name, const std::string& class_name, std::uint64_t class_hash,
                           const Blob& checkpoint) {
  const auto append = [=, this](std::span<const std::byte> bytes) {
    std::uint64_t callers = 0;
    std::memcpy(&callers, bytes.data(), sizeof callers);
    const std::size_t front = detail::align_up(8 + 16 * callers, kStateAlignment);
    writer_->append(journal::Checkpoint{name, class_name, class_hash, bytes.subspan(front)});
  };
  if (!checkpoint.located) return append(checkpoint.inline_bytes());
  puller_.fetch(checkpoint.location(), [append](std::optional<detail::ValueBytes> bytes) {
    if (bytes) append(bytes->bytes);  // else the next one will do
  });
}

Blob* Ledger::restored(const std::string& name, std::uint64_t class_hash) {
  const journal::Index::SavedActor* saved = index_.actor(name);
  if (saved == nullptr || std::find(restored_.begin(), restored_.end(), name) != restored_.end())
    return nullptr;
  restored_.push_back(name);
  if (saved->class_hash != class_hash) {
    std::fprintf(stderr, "rankine: the journal's actor \"%s\" is a %s: the new one begins anew\n",
                 name.c_str(), saved->class_name.c_str());
    return nullptr;
  }
  // Nothing was applied: the calls of this run are all new.
  std::vector<std::byte> bytes(kStateAlignment);
  const std::vector<std::byte> state = read(saved->state);
  bytes.insert(bytes.end(), state.begin(), state.end());
  if (bytes.size() <= settings_.inline_bytes) {
    Blob* blob = blobs_.make_inline(bytes.size());
    std::memcpy(blob->body(), bytes.data(), bytes.size());
    return blob;
  }
  try {
    if (auto room = store_.try_create(bytes.size(), Store::Effort::full)) {
      std::memcpy(room->data().data(), bytes.data(), bytes.size());
      return blobs_.make_located(store_.seal(std::move(*room)));
    }
    return blobs_.make_located(store_.create_on_disk(bytes));
  } catch (const StoreFull& full) {
    std::fprintf(stderr,
                 "rankine: the state of actor \"%s\" in the journal has no room, it begins anew: %s\n",
                 name.c_str(), full.what());
    return nullptr;
  }
}

void Ledger::save_state(const std::string& name, std::span<const std::byte> value) {
  saved_[name].assign(value.begin(), value.end());
  writer_->append(journal::Saved{name, value});
}

std::optional<std::vector<std::byte>> Ledger::load_state(const std::string& name) {
  if (const auto found = saved_.find(name); found != saved_.end()) return found->second;
  const auto extent = index_.saved(name);
  if (!extent) return std::nullopt;
  return read(*extent);
}

// ---- the end ----

void Ledger::say_trouble() {
  if (!writer_->has_trouble()) [[likely]]
    return;
  std::fprintf(stderr, "%s\n", writer_->take_trouble().c_str());
}

void Ledger::end(bool finished) {
  note(finished ? journal::Note::What::finished : journal::Note::What::stopped, {});
  if (unknown_arguments_ > 0) {
    std::fprintf(stderr,
                 "rankine: %llu submissions with a key were not journalled: a resume cannot know refs "
                 "inside arguments, or futures of what is not journalled itself\n",
                 static_cast<unsigned long long>(unknown_arguments_));
  }
  if (no_room_ > 0) {
    std::fprintf(stderr, "rankine: %llu journalled results had no room in memory and were computed again\n",
                 static_cast<unsigned long long>(no_room_));
  }
}

void Ledger::flush(Nanoseconds at_most) {
  if (!writer_->flush(std::chrono::nanoseconds(at_most)) && !writer_->has_failed()) {
    std::fprintf(stderr,
                 "rankine: the journal %s could not be made safe within %.1f s: its last records may be "
                 "missing\n",
                 settings_.path.c_str(), static_cast<double>(at_most) * 1e-9);
  }
  say_trouble();
}

}  // namespace rankine::runtime
