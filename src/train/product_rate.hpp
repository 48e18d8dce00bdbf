// SPDX-License-Identifier: Apache-2.0
// What utilisation is measured by.
#pragma once

#include <rankine/nn/threads.hpp>

namespace rankine::train {

/// Floating-point operations a second of a product of two 512 x 512 matrices of float32 on each of the
/// threads at once, the best of a few (about 50 ms).
double measured_product_rate(nn::Threads& threads);

}  // namespace rankine::train
