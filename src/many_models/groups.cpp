// SPDX-License-Identifier: Apache-2.0
#include <rankine/many_models/groups.hpp>

#include <algorithm>

#include <fmt/format.h>

namespace rankine::detail {

GroupsPerChunk groups_per_chunk(const Groups& groups, const ManyModelsOptions& options,
                                std::uint64_t workers) {
  if (options.groups_per_chunk > 0)
    return {std::numeric_limits<std::uint64_t>::max(), options.groups_per_chunk};
  constexpr std::uint64_t chunks_a_worker = 32;
  constexpr std::uint64_t groups_most = 1000;
  const std::uint64_t chunks = chunks_a_worker * std::max<std::uint64_t>(workers, 1);
  return {std::max<std::uint64_t>(groups.rows() / chunks, 1),
          std::clamp<std::uint64_t>(groups.size() / chunks, 1, groups_most)};
}

std::string key_in_words(const Groups& groups, std::size_t group) {
  const std::vector<std::string>& by = groups.schema().by;
  if (by.empty()) return "the whole table";
  std::string words;
  for (std::size_t k = 0; k < by.size(); ++k)
    words += fmt::format("{}{} = {}", k > 0 ? ", " : "", by[k], groups.key(group)[k]);
  return words;
}

}  // namespace rankine::detail
