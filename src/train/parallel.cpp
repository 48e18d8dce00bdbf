// SPDX-License-Identifier: Apache-2.0
#include <rankine/train/parallel.hpp>

#include <bit>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::train {

std::string describe(const Parallel& parallel) {
  std::string words = fmt::format("data {}, tensor {}, pipeline {}, zero {}", parallel.data, parallel.tensor,
                                  parallel.pipeline, parallel.zero);
  if (parallel.interleave > 1) words += fmt::format(", interleave {}", parallel.interleave);
  if (parallel.recompute) words += ", recompute";
  if (parallel.sequence) words += ", sequence";
  return words;
}

void check(const Parallel& parallel, std::size_t shards, std::size_t layers) {
  const auto refuse = [&](const std::string& words) {
    throw InputError("train: " + words + " (the mesh is: " + describe(parallel) + ")");
  };
  if (parallel.data == 0 || parallel.tensor == 0 || parallel.pipeline == 0 || parallel.interleave == 0)
    refuse("data, tensor, pipeline and interleave must be 1 or more");
  if (!std::has_single_bit(parallel.data))
    refuse(fmt::format("data is {}: it must be a power of two, as the sums over it are a binary tree",
                       parallel.data));
  if (!std::has_single_bit(shards))
    refuse(fmt::format("shards is {}: it must be a power of two, as the sums over it are a binary tree",
                       shards));
  if (shards % parallel.data != 0)
    refuse(fmt::format("{} data ranks cannot share {} shards evenly: raise shards to {}", parallel.data,
                       shards, parallel.data));
  if (parallel.zero > 3) refuse(fmt::format("zero is {}: it must be 0, 1, 2 or 3", parallel.zero));
  const std::size_t pieces = parallel.pipeline * parallel.interleave;
  if (pieces > layers)
    refuse(fmt::format("{} pieces of a chain of {} layers: lower pipeline or interleave", pieces, layers));
  if (parallel.interleave > 1 && parallel.pipeline == 1)
    refuse("interleave is for pipelines: set it to 1, or pipeline to 2 or more");
  if (parallel.interleave > 1 && shards / parallel.data % parallel.pipeline != 0)
    refuse(
        fmt::format("with interleave a rank's {} micro-batches must be a multiple of the {} stages: raise "
                    "shards to {}",
                    shards / parallel.data, parallel.pipeline, parallel.data * parallel.pipeline));
}

}  // namespace rankine::train
