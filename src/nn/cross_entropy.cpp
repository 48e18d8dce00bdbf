// SPDX-License-Identifier: Apache-2.0
#include "nn/cross_entropy.hpp"

#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::nn {

void begin_row(const Kernels& kernels, const float* logits, long columns, long first_column,
               std::int32_t target, const RowLoss& rows, long row) {
  const RowSums sums = kernels.row_sums(logits, columns);
  rows.largest[row] = sums.largest;
  rows.sum[row] = sums.sum;
  const long place = target - first_column;
  rows.wanted[row] = target >= 0 && place >= 0 && place < columns ? logits[place] : 0;
}

LossSum sum_rows(const RowLoss& rows, const std::int32_t* targets, long count, float* log_sums) {
  LossSum all;
  for (long row = 0; row < count; ++row) {
    log_sums[row] = rows.largest[row] + std::log(rows.sum[row]);
    if (targets == nullptr || targets[row] < 0) continue;
    all.loss += std::log(static_cast<double>(rows.sum[row])) +
                (static_cast<double>(rows.largest[row]) - static_cast<double>(rows.wanted[row]));
    all.count += 1;
    all.right += rows.wanted[row] >= rows.largest[row] ? 1 : 0;
  }
  return all;
}

void slope_row(const Kernels& kernels, float* logits, long columns, long first_column, std::int32_t target,
               float log_sum, float factor) {
  if (target < 0) {
    std::memset(logits, 0, static_cast<std::size_t>(columns) * 4);
    return;
  }
  kernels.probabilities(logits, columns, log_sum, factor);
  const long place = target - first_column;
  if (place >= 0 && place < columns) logits[place] -= factor;
}

long check_targets(const std::int32_t* targets, long count, long classes) {
  long wanted = 0;
  for (long k = 0; k < count; ++k) {
    if (targets[k] < -1 || targets[k] >= classes)
      throw InputError(fmt::format("target {} is not one of {} classes (-1: none)", targets[k], classes));
    wanted += targets[k] >= 0 ? 1 : 0;
  }
  return wanted;
}

}  // namespace rankine::nn
