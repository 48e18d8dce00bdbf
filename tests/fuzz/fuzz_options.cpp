// SPDX-License-Identifier: Apache-2.0
// Options, resources, demands, failures and explanations as they travel, and the texts of RANKINE_RESOURCES,
// RANKINE_TRANSPORT and of wall times.
#include <stdexcept>
#include <string>
#include <vector>

#include "fuzz_input.hpp"
#include "runtime/account.hpp"
#include "runtime/explanation.hpp"
#include "runtime/failure.hpp"
#include "runtime/grant.hpp"
#include "runtime/options_codec.hpp"
#include "runtime/walltime.hpp"
#include "transport/choice.hpp"

namespace {

using namespace rankine::runtime;

void read_packed(unsigned kind, const std::vector<std::byte>& bytes) {
  if (kind == 0) {
    rankine::Options options = unpack_options(bytes);
    if (options.name.empty()) options.name = "fuzz";  // else the function's, of which there is none
    task_class_of(rankine::FunctionId{0}, options);
    unpack_options(pack_options(options));
  }
  if (kind == 1) unpack_resources(pack_resources(unpack_resources(bytes)));
  if (kind == 2) unpack_demand(bytes);
  if (kind == 3) unpack_failure(pack_failure(unpack_failure(bytes)));
  if (kind == 4) unpack_explanation(bytes);
}

/// As a duration, and as what Slurm's variable says.
void read_wall_time(const std::string& text) {
  const auto read = read_duration(text);
  if (read && *read <= 0) throw std::logic_error("a duration of nothing");
  WallTimeFacts facts;
  facts.job_end = text;
  plan_for(decide_wall_time(facts));
  facts.margin_variable = facts.variable = text;
  plan_for(decide_wall_time(facts));
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rankine_fuzz::Input input(data, size);
  const auto kind = input.number<std::uint8_t>() % 8;
  rankine_fuzz::may_be_refused([&] {
    if (kind < 5) read_packed(kind, input.bytes());
    if (kind == 5) parse_resources(std::string(input.text()));
    if (kind == 6) rankine::transport::parse_wish(input.text());
    if (kind == 7) read_wall_time(std::string(input.text()));
  });
  return 0;
}
