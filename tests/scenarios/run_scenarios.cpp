// SPDX-License-Identifier: Apache-2.0
// Runs scenario files: a line at the margin is an event, the indented lines after it are the commands that
// the scheduler must answer with. RANKINE_REWRITE=1 writes what it answers into the files, to be reviewed as
// a diff.
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

#include "scenario.hpp"

namespace {

/// The file as it should be; equal to the file itself if the scheduler answers as expected.
std::string replay(std::istream& in) {
  rankine::scheduler::Scenario scenario;
  std::string text;
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line[0] == '#') {
      text += line + '\n';
    } else if (line[0] != ' ') {
      text += line + '\n';
      for (const std::string& said : scenario.step(line)) text += "    " + said + '\n';
    }
  }
  return text;
}

bool run(const std::string& path, bool rewrite) {
  std::ifstream in(path);
  std::stringstream content;
  content << in.rdbuf();
  const std::string expected = content.str();
  const std::string actual = replay(content);
  if (expected.empty()) std::cout << path << " is empty or unreadable\n";
  if (actual == expected) return !expected.empty();
  if (rewrite) {
    std::ofstream(path) << actual;
    std::cout << path << " rewritten\n";
    return true;
  }
  std::istringstream a(expected);
  std::istringstream b(actual);
  std::string want;
  std::string got;
  int number = 0;
  do {
    ++number;
    if (!std::getline(a, want)) want = "(end of file)";
    if (!std::getline(b, got)) got = "(end of file)";
  } while (want == got);
  std::cout << path << ':' << number << ": expected\n  " << want << "\nbut the scheduler says\n  " << got
            << '\n';
  return false;
}

}  // namespace

int main(int argc, char** argv) {
  const char* rewrite = std::getenv("RANKINE_REWRITE");
  bool good = argc > 1;
  for (int i = 1; i < argc; ++i) good = run(argv[i], rewrite != nullptr && *rewrite == '1') && good;
  return good ? 0 : 1;
}
