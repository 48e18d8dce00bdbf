// SPDX-License-Identifier: Apache-2.0
// What won where: how often which form of which model was chosen, by group of series. One model alone wins
// everywhere; its forms are counted.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace rankine::forecast {

class Winners {
 public:
  void add(std::string_view group, std::string_view model, std::string_view form);

  struct Row {
    std::string model;
    std::string form;
    std::int64_t series = 0;
    std::map<std::string, std::int64_t, std::less<>> by_group;
  };
  /// The most frequent first, then by name.
  std::vector<Row> rows() const;
  bool empty() const { return counts_.empty(); }

 private:
  struct Count {
    std::int64_t series = 0;
    std::map<std::string, std::int64_t, std::less<>> by_group;
  };
  std::map<std::string, std::map<std::string, Count, std::less<>>, std::less<>> counts_;  // model, form
};

/// A line a form under `title`, a column a group and the total; of many the first `lines_max`, then how many
/// are left.
std::string render(const Winners& winners, std::string_view title, const std::vector<std::string>& groups,
                   std::size_t lines_max);

}  // namespace rankine::forecast
