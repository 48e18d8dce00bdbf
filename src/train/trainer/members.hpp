// SPDX-License-Identifier: Apache-2.0
// The little that members of a training tell each other besides numbers of the model. In a gang of one
// nothing is said.
#pragma once

#include <string>
#include <vector>

#include <rankine/gang.hpp>

namespace rankine::train {

/// What the first member says, on all.
unsigned char said_by_first(Gang& gang, unsigned char own);
double sum_of(Gang& gang, double own);
double largest_of(Gang& gang, double own);
void wait_for_all(Gang& gang);
/// Of all members, on the first one; empty on the others.
std::vector<std::string> gathered(Gang& gang, const std::string& own);

}  // namespace rankine::train
