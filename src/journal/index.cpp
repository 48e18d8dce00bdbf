// SPDX-License-Identifier: Apache-2.0
#include "journal/index.hpp"

#include <variant>

#include <rankine/core/hash.hpp>

namespace rankine::journal {

namespace {

constexpr std::uint64_t kSecondHash = 0x6a09e667f3bcc909;

std::uint64_t hash_name(const TaskName& task, std::uint64_t seed) {
  const std::uint64_t place = task.range ? std::uint64_t{task.element} + 1 : 0;
  return hash_mix(hash_mix(hash_mix(seed ^ task.function, task.key), place), task.arguments);
}

}  // namespace

void Index::take_tasks(const Tasks& tasks, const Scanner& scanner) {
  const auto function = functions_.find(tasks.function);
  if (function == functions_.end()) return;
  TaskName name{function->second, tasks.key, tasks.range, tasks.first, 0};
  for (const Tasks::Element& element : tasks.elements) {
    name.arguments = element.arguments;
    tasks_[hash_name(name, 0)] = {hash_name(name, kSecondHash), scanner.offset_of(element.result),
                                  static_cast<std::uint32_t>(element.result.size())};
    ++name.element;
  }
}

void Index::take(const Record& record, const Scanner& scanner) {
  if (const auto* tasks = std::get_if<Tasks>(&record)) {
    take_tasks(*tasks, scanner);
  } else if (const auto* program = std::get_if<Program>(&record)) {
    program_ = *program;
  } else if (const auto* function = std::get_if<Function>(&record)) {
    functions_[function->number] = hash_text(function->name);
  } else if (const auto* actor = std::get_if<Checkpoint>(&record)) {
    actors_[actor->name] = {
        actor->class_name, actor->class_hash, {scanner.offset_of(actor->state), actor->state.size()}};
  } else if (const auto* saved = std::get_if<Saved>(&record)) {
    saved_[saved->name] = {scanner.offset_of(saved->value), saved->value.size()};
  } else if (const auto* note = std::get_if<Note>(&record)) {
    finished_ = note->what == Note::What::finished;
  }
}

void Index::read(Scanner& scanner) {
  while (auto item = scanner.next()) take(item->record, scanner);
}

std::optional<Extent> Index::find(const TaskName& task) const {
  const auto found = tasks_.find(hash_name(task, 0));
  if (found == tasks_.end() || found->second.check != hash_name(task, kSecondHash)) return std::nullopt;
  return Extent{found->second.offset, found->second.bytes};
}

const Index::SavedActor* Index::actor(std::string_view name) const {
  const auto found = actors_.find(name);
  return found != actors_.end() ? &found->second : nullptr;
}

std::optional<Extent> Index::saved(std::string_view name) const {
  const auto found = saved_.find(name);
  return found != saved_.end() ? std::optional(found->second) : std::nullopt;
}

std::optional<std::uint32_t> Index::function_number(std::uint64_t name_hash) const {
  for (const auto& [number, hash] : functions_) {
    if (hash == name_hash) return number;
  }
  return std::nullopt;
}

}  // namespace rankine::journal
