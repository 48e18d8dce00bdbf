// SPDX-License-Identifier: Apache-2.0
#include "farm/command_list.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <functional>
#include <unordered_set>

#include <fmt/format.h>

#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>

#include "files/csv.hpp"

namespace rankine::farm {

namespace {

constexpr std::size_t kCommandsMax = 100'000'000;

std::string_view without_blanks(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// Makes keys of texts: the second of two equal ones gets another key.
class Keys {
 public:
  std::uint64_t of(std::string_view text, std::uint64_t seed) {
    const std::uint64_t hash = hash_text(text, seed);
    return hash_mix(hash, seen_[hash]++);
  }

 private:
  std::unordered_map<std::uint64_t, std::uint32_t> seen_;
};

void check_command(std::string_view text, const std::function<void(const std::string&)>& fail) {
  if (text.find('\0') != std::string_view::npos) fail("there is a zero byte in it: is it a text file?");
  if (text.size() > kCommandBytesMax)
    fail(fmt::format("{} bytes; a command may have {}. Remedy: a script, and its name here", text.size(),
                     kCommandBytesMax));
  const std::size_t last = text.find_last_not_of('\\');
  const std::size_t backslashes = text.size() - (last == std::string_view::npos ? 0 : last + 1);
  if (backslashes % 2 == 1) fail("it ends with a backslash: a command is one line");
}

std::uint32_t index_of(std::vector<Settings>& all, const Settings& settings) {
  constexpr std::size_t looked_at = 16;  // equal ones further back do no harm
  for (std::size_t k = all.size(); k > 0 && k + looked_at > all.size(); --k)
    if (all[k - 1] == settings) return static_cast<std::uint32_t>(k - 1);
  all.push_back(settings);
  return static_cast<std::uint32_t>(all.size() - 1);
}

const Command& only_command(const CommandList& list, const std::string& option) {
  if (list.commands.size() != 1)
    throw InputError(fmt::format("{} takes one command, here are {}. Remedy: name it by --command", option,
                                 list.commands.size()));
  return list.commands.front();
}

std::uint64_t number_of(std::string_view text, std::string_view whole) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    throw InputError(fmt::format("--array {}: write it as 1-1000, 0-30:10 or 1,5,7-9", whole));
  return value;
}

/// Calls name(text) for what stands in single braces and nothing else; gives the text with what it returned.
std::string replace_braces(std::string_view text,
                           const std::function<bool(std::string_view, std::string&)>& name) {
  std::string filled;
  filled.reserve(text.size() + 16);
  for (std::size_t at = 0; at < text.size();) {
    const bool variable = at > 0 && text[at - 1] == '$';
    const std::size_t end = text[at] == '{' && !variable ? text.find('}', at) : std::string_view::npos;
    if (end == std::string_view::npos) {
      filled += text[at++];
    } else if (text.substr(at, 2) == "{{" && text.substr(end, 2) == "}}") {
      filled += text.substr(at + 1, end - at);
      at = end + 2;
    } else if (name(text.substr(at + 1, end - at - 1), filled)) {
      at = end + 1;
    } else {
      filled += text[at++];
    }
  }
  return filled;
}

bool is_identifier(std::string_view text) {
  const auto fits = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_' || c == '.' || c == '-'; };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits) &&
         std::isdigit(static_cast<unsigned char>(text.front())) == 0 && text.front() != '.' &&
         text.front() != '-';
}

}  // namespace

CommandList parse_commands(std::string_view text, const std::string& file, const Settings& defaults) {
  CommandList list;
  Keys keys;
  std::uint32_t current = index_of(list.settings, defaults);
  std::uint64_t number = 0;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    const std::string_view line = without_blanks(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    ++number;
    const auto fail = [&](const std::string& words) {
      throw InputError(fmt::format("{}, line {}: {}", file, number, words));
    };
    if (line.starts_with("#@")) {
      Settings settings = defaults;
      try {
        apply_all(settings, line.substr(2));
      } catch (const InputError& error) {
        fail(error.what());
      }
      current = index_of(list.settings, settings);
    } else if (!line.empty() && !line.starts_with('#')) {
      check_command(line, fail);
      list.commands.push_back({number, keys.of(line, 0), current, std::string(line)});
    }
  }
  if (list.commands.empty()) throw InputError(fmt::format("{}: there is no command in it", file));
  return list;
}

std::vector<std::uint64_t> parse_indices(std::string_view text) {
  std::vector<std::uint64_t> indices;
  const std::string_view whole = text;
  do {
    const std::string_view part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    const std::string_view range = part.substr(0, part.find(':'));
    const std::uint64_t step =
        range.size() == part.size() ? 1 : number_of(part.substr(range.size() + 1), whole);
    const std::string_view from = range.substr(0, range.find('-'));
    const std::uint64_t first = number_of(from, whole);
    const std::uint64_t last =
        from.size() == range.size() ? first : number_of(range.substr(from.size() + 1), whole);
    if (step == 0 || last < first || (last - first) / step >= kCommandsMax - indices.size())
      throw InputError(fmt::format("--array {}: {} is no range, or too long a one", whole, part));
    for (std::uint64_t i = 0; i <= (last - first) / step; ++i) indices.push_back(first + i * step);
  } while (!text.empty());
  std::unordered_set<std::uint64_t> seen;
  for (const std::uint64_t index : indices)
    if (!seen.insert(index).second) throw InputError(fmt::format("--array {}: {} comes twice", whole, index));
  return indices;
}

CommandList make_array(const CommandList& list, const std::vector<std::uint64_t>& indices) {
  const Command& pattern = only_command(list, "--array");
  CommandList made{list.settings, {}, true};
  made.commands.reserve(indices.size());
  for (const std::uint64_t index : indices) {
    std::string text = replace_braces(pattern.text, [index](std::string_view name, std::string& filled) {
      if (name.empty()) filled += std::to_string(index);
      return name.empty();
    });
    const std::uint64_t key = hash_text(text, hash_mix(1, index));
    made.commands.push_back({index, key, pattern.settings, std::move(text)});
  }
  return made;
}

std::string quoted(std::string_view text) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view("_@%+:,./-").find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!text.empty() && std::all_of(text.begin(), text.end(), plain)) return std::string(text);
  std::string word = "'";
  for (const char c : text) {
    if (c == '\'') {
      word += "'\\''";
    } else {
      word += c;
    }
  }
  return word + "'";
}

CommandList make_rows(const CommandList& list, std::string_view csv, const std::string& file) {
  const Command& pattern = only_command(list, "--csv");
  CommandList made{list.settings, {}, false};
  files::Lines lines(csv, file);
  if (!lines.next()) throw InputError(file + ": it is empty; its first line should name the columns");
  std::vector<std::string_view> columns;
  files::split_fields(lines.line(), columns);
  std::vector<std::string_view> fields;
  Keys keys;
  while (lines.next()) {
    files::split_fields(lines.line(), fields);
    if (fields.size() != columns.size())
      lines.fail(fmt::format("{} fields, but {} columns are named in the first line", fields.size(),
                             columns.size()));
    Settings settings = list.of(pattern);
    for (std::size_t k = 0; k < columns.size(); ++k) {
      if (!columns[k].starts_with('@') || fields[k].empty()) continue;
      try {
        apply(settings, columns[k].substr(1), fields[k]);
      } catch (const InputError& error) {
        lines.fail(error.what());
      }
    }
    const auto value = [&](std::string_view name, std::string& filled) {
      const auto found = std::find(columns.begin(), columns.end(), name);
      if (found == columns.end() && is_identifier(name))
        lines.fail(fmt::format("there is no column {}. Remedy: one of {}; {{{{{}}}}} stays as it is", name,
                               fmt::join(columns, ", "), name));
      if (found != columns.end()) filled += quoted(fields[static_cast<std::size_t>(found - columns.begin())]);
      return found != columns.end();
    };
    std::string text = replace_braces(pattern.text, value);
    check_command(text, [&](const std::string& words) { lines.fail(words); });
    const std::uint64_t key = keys.of(text, 2);
    made.commands.push_back(
        {made.commands.size() + 1, key, index_of(made.settings, settings), std::move(text)});
  }
  if (made.commands.empty()) throw InputError(file + ": there are no rows below its first line");
  return made;
}

}  // namespace rankine::farm
