// SPDX-License-Identifier: Apache-2.0
// Prints what every model answers to the series that break models: the first value forecast, or why there is
// none. A program for people; the test of the same corpus is test_corpus.cpp.
#include <cstdio>

#include "corpus.hpp"
#include "forecast/registry.hpp"

int main() {
  for (const HardSeries& series : hard_series()) {
    std::printf("%s (%zu values, m = %d)\n", series.name.c_str(), series.values.size(), series.season);
    for (const auto& one : rankine::forecast::registered()) {
      const std::string text = example_of(one.name);
      const Answer answer = ask(*rankine::forecast::make_model(text), series);
      const std::string& words = answer.fault.empty() ? answer.failure : answer.fault;
      if (words.empty()) {
        std::printf("  %-40s %.6g\n", text.c_str(), answer.first);
      } else {
        std::printf("  %-40s %s%s\n", text.c_str(), answer.fault.empty() ? "" : "FAULT: ", words.c_str());
      }
    }
  }
  return 0;
}
