// SPDX-License-Identifier: Apache-2.0
#include "farm/plain_command.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace rankine::farm {

namespace {

/// Words that POSIX shells, dash and bash take for their own where a command's name stands.
constexpr std::array kShellWords = {
    ".",         ":",        "alias",   "bg",      "bind",     "break",   "builtin",  "caller",  "case",
    "cd",        "chdir",    "command", "compgen", "complete", "compopt", "continue", "coproc",  "declare",
    "dirs",      "disown",   "do",      "done",    "echo",     "elif",    "else",     "enable",  "esac",
    "eval",      "exec",     "exit",    "export",  "false",    "fc",      "fg",       "fi",      "for",
    "function",  "getopts",  "hash",    "help",    "history",  "if",      "in",       "jobs",    "kill",
    "let",       "local",    "logout",  "mapfile", "popd",     "printf",  "pushd",    "pwd",     "read",
    "readarray", "readonly", "return",  "select",  "set",      "shift",   "shopt",    "source",  "suspend",
    "test",      "then",     "time",    "times",   "trap",     "true",    "type",     "typeset", "ulimit",
    "umask",     "unalias",  "unset",   "until",   "wait",     "while"};

bool is_plain(char c) {
  constexpr std::string_view others = "_@%+:,./-=";
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || others.find(c) != std::string_view::npos;
}

}  // namespace

std::optional<std::vector<std::string>> plain_words(std::string_view command) {
  std::vector<std::string> words;
  while (!command.empty()) {
    const std::size_t first = command.find_first_not_of(" \t");
    if (first == std::string_view::npos) break;
    command.remove_prefix(first);
    const std::string_view word = command.substr(0, command.find_first_of(" \t"));
    if (!std::all_of(word.begin(), word.end(), is_plain)) return std::nullopt;
    words.emplace_back(word);
    command.remove_prefix(word.size());
  }
  if (words.empty()) return std::nullopt;
  const std::string& name = words.front();
  if (name.find('=') != std::string::npos || name.front() == '-' || name.front() == '+' ||
      name.front() == '%')
    return std::nullopt;
  if (std::find(kShellWords.begin(), kShellWords.end(), name) != kShellWords.end()) return std::nullopt;
  return words;
}

}  // namespace rankine::farm
