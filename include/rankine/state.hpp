// SPDX-License-Identifier: Apache-2.0
// What a program keeps from run to run: named values in the run's journal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <rankine/runtime/context.hpp>
#include <rankine/serialize/serialize.hpp>

namespace rankine {

/// Keeps a value under a name: of several the last one counts. Driver only. It is in the journal of the run
/// directory within 100 ms; without a run directory it lasts as long as the run. Throws Error in a task.
template <class T>
void save_state(const std::string& name, const T& value) {
  Sizer sizer;
  pack(sizer, value);
  std::vector<std::byte> bytes(sizer.written());
  Writer writer(bytes);
  pack(writer, value);
  detail::current_context().save_state(name, bytes);
}

/// The value last saved under the name, by this run or the one that it resumes; nothing if there is none.
/// Driver only. T is what was saved: another type throws SerializeError where the bytes do not fit it.
template <class T>
std::optional<T> load_state(const std::string& name) {
  const auto bytes = detail::current_context().load_state(name);
  if (!bytes) return std::nullopt;
  Reader reader(*bytes);
  return unpack<T>(reader);
}

}  // namespace rankine
