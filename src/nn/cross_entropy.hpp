// SPDX-License-Identifier: Apache-2.0
// Softmax with cross-entropy on rows of logits, of which a member of a tensor-parallel group may have a part
// of the columns.
#pragma once

#include <cstdint>

#include <rankine/nn/layer.hpp>

#include "nn/kernels/kernels.hpp"

namespace rankine::nn {

/// What a row's loss is made of. Of a part of the columns first, then of all.
struct RowLoss {
  float* largest = nullptr;  ///< [rows]
  float* sum = nullptr;      ///< [rows] of exp(logit - largest)
  float* wanted = nullptr;   ///< [rows] the target's logit, 0 where it is in another part or there is none
};

/// Fills a row from its logits [columns], of which the first is number `first_column` of all.
void begin_row(const Kernels& kernels, const float* logits, long columns, long first_column,
               std::int32_t target, const RowLoss& rows, long row);

/// The sum over the rows, in their order; log_sums[rows] = log sum exp of each.
LossSum sum_rows(const RowLoss& rows, const std::int32_t* targets, long count, float* log_sums);

/// logits become slopes: factor (softmax - 1 at the target); zeros without a target.
void slope_row(const Kernels& kernels, float* logits, long columns, long first_column, std::int32_t target,
               float log_sum, float factor);

/// Throws InputError for a target that is not in [-1, classes). Returns how many are not -1.
long check_targets(const std::int32_t* targets, long count, long classes);

}  // namespace rankine::nn
