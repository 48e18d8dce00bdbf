// SPDX-License-Identifier: Apache-2.0
// NCCL's collectives are linked, and refuse what is no GPU. What they compute is for a machine with GPUs.
#include <rankine/core/error.hpp>
#include <rankine/nn/threads.hpp>
#include <rankine/train/nccl_collectives.hpp>

#include "catch.hpp"

TEST_CASE("NCCL refuses the host's memory, or says that it is not built") {
  rankine::nn::Threads one;
  const auto host = rankine::nn::make_host_device(one);
  CHECK_THROWS_AS(rankine::train::make_nccl_collectives(*host), rankine::InputError);
}
