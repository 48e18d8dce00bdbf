// SPDX-License-Identifier: Apache-2.0
#include "runtime/registry.hpp"

#include <algorithm>
#include <mutex>
#include <vector>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>

#include "runtime/failure.hpp"

namespace rankine {

namespace runtime {
namespace {

/// The one table of the process. Static initialisers fill it, in any order; the first question sorts it.
class Table {
 public:
  void add(FunctionEntry entry) {
    const std::lock_guard lock(mutex_);
    // The same function registered by several shared libraries is one function.
    for (const FunctionEntry& e : entries_) {
      if (e.name == entry.name && e.invoke == entry.invoke) return;
    }
    entries_.push_back(std::move(entry));
    sorted_ = false;
  }
  const std::vector<FunctionEntry>& sorted() {
    const std::lock_guard lock(mutex_);
    if (!sorted_) {
      std::sort(entries_.begin(), entries_.end(),
                [](const FunctionEntry& a, const FunctionEntry& b) { return a.name < b.name; });
      sorted_ = true;
    }
    return entries_;
  }

 private:
  std::mutex mutex_;
  std::vector<FunctionEntry> entries_;
  bool sorted_ = false;
};

Table& table() {
  static Table instance;
  return instance;
}

void drop_prefix(std::string& text, const std::string& prefix) {
  if (text.starts_with(prefix)) text.erase(0, prefix.size());
}

}  // namespace

std::string display_name(const std::string& demangled) {
  std::string text = demangled;
  drop_prefix(text, "rankine::detail::Tag<");
  if (text.size() != demangled.size() && text.ends_with(">")) text.pop_back();
  drop_prefix(text, "&");
  if (text.starts_with("(") && text.ends_with(")")) {
    text.erase(0, 1);
    text.pop_back();
  }
  drop_prefix(text, "&");
  return text;
}

const FunctionEntry& function(FunctionId id) {
  return table().sorted().at(static_cast<std::uint32_t>(id));
}

std::uint64_t function_table_hash() {
  std::uint64_t hash = 0;
  for (const FunctionEntry& e : table().sorted()) hash = hash_text(e.name, hash);
  return hash;
}

void check_function_table() {
  const std::vector<FunctionEntry>& entries = table().sorted();
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].name != entries[i - 1].name) continue;
    throw Error(
        "rankine: two different task functions are both called " + entries[i].display + ", one in " +
        entries[i - 1].source_file + ", one in " + entries[i].source_file +
        " (static, or in an unnamed namespace). Remedy: rename one, or put one into a named namespace");
  }
}

}  // namespace runtime

namespace detail {

bool add_function(const std::type_info& tag, Invoke invoke, const char* source_file) {
  const std::string display = runtime::display_name(runtime::demangle(tag.name()));
  runtime::table().add({tag.name(), display, invoke, source_file});
  return true;
}

FunctionId function_id(const std::type_info& tag, Invoke invoke) {
  runtime::check_function_table();
  const std::vector<runtime::FunctionEntry>& entries = runtime::table().sorted();
  const auto found =
      std::lower_bound(entries.begin(), entries.end(), std::string(tag.name()),
                       [](const runtime::FunctionEntry& e, const std::string& n) { return e.name < n; });
  if (found == entries.end() || found->name != tag.name() || found->invoke != invoke) {
    throw Error("rankine: function " + runtime::demangle(tag.name()) + " is not in the table");
  }
  return FunctionId{static_cast<std::uint32_t>(found - entries.begin())};
}

}  // namespace detail

}  // namespace rankine
