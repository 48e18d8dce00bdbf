// SPDX-License-Identifier: Apache-2.0
// The words of a line of a scenario.
#pragma once

#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "scheduler/scheduler.hpp"

namespace rankine::scheduler {

/// An event name, positional words, and key=value options.
struct Words {
  std::vector<std::string> plain;
  std::map<std::string, std::string> options;

  explicit Words(const std::string& line) {
    std::istringstream in(line);
    for (std::string word; in >> word;) {
      const std::size_t equals = word.find('=');
      if (equals == std::string::npos) {
        plain.push_back(word);
      } else {
        options[word.substr(0, equals)] = word.substr(equals + 1);
      }
    }
  }
  double option(const std::string& name, double otherwise) const {
    const auto found = options.find(name);
    return found == options.end() ? otherwise : std::stod(found->second);
  }
  bool flag(const std::string& name) const { return option(name, 0) != 0; }
  std::vector<ObjectId> ids(const std::string& name) const {
    std::vector<ObjectId> list;
    const auto found = options.find(name);
    if (found == options.end()) return list;
    std::istringstream in(found->second);
    for (std::string part; std::getline(in, part, ',');) list.push_back(ObjectId{std::stoull(part)});
    return list;
  }
  ObjectId id(std::size_t at) const { return ObjectId{std::stoull(plain.at(at))}; }
  Rank rank(const char* name, int otherwise) const { return Rank{static_cast<int>(option(name, otherwise))}; }
};

}  // namespace rankine::scheduler
