// SPDX-License-Identifier: Apache-2.0
// The inner loops of fitting, over eight series (or eight starts of one) at once: a structure of arrays with
// one lane a job. No operation mixes lanes, and operations, their order and what is fused of them
// are in a lane the same on every instruction path: a job has the same bits in any lane, beside any
// others, on any processor. Only plain declarations stand here: files that include this are compiled for
// processors that the rest of the program may not assume.
#pragma once

#include <cstddef>

namespace rankine::forecast::ets {

inline constexpr int kLanes = 8;
inline constexpr int kSeasonStates = 24;  ///< the longest season
/// alpha, beta, gamma, phi, level, trend and all seasonal states but one.
inline constexpr int kVariablesMax = 6 + kSeasonStates - 1;
inline constexpr int kProductsMax = kVariablesMax * (kVariablesMax + 1) / 2;

/// One number of each lane.
struct alignas(64) Lanes {
  double of[kLanes];
};

/// What a pass over the series reads. Variables are, in this order and as far as the form has them: alpha;
/// beta; gamma; phi; l_0; b_0; the seasonal states for the second value, the third ... (that for the first
/// follows from their constraint).
struct Trial {
  const double* values = nullptr;  ///< [n_max][kLanes], aligned to 64 bytes
  long n_min = 0;                  ///< the shortest lane
  long n_max = 0;
  int m = 1;
  Lanes length;
  Lanes variables[kVariablesMax];
};

/// What comes out. The likelihood is made a sum of squares: n log sum e^2 + 2 sum log |f| = n log sum (e g)^2
/// with g the geometric mean of |f|, whose derivatives are known too; so Gauss and Newton's method serves
/// multiplicative errors as it does additive ones. `slope` and `product` are those of the (e g) / g.
struct Sums {
  Lanes squares;   ///< sum of e^2
  Lanes mantissa;  ///< prod |f| = mantissa 2^exponent; 1 and 0 with additive errors
  Lanes exponent;
  Lanes slope[kVariablesMax];   ///< minus half the gradient
  Lanes product[kProductsMax];  ///< J'J, the lower triangle row after row
};

/// What a step is made of: (product + damping diag(product)) step = slope over the free variables.
struct StepInput {
  int variables = 0;
  Lanes damping;
  Lanes free[kVariablesMax];  ///< 1, or 0 for a variable that is held
  Lanes slope[kVariablesMax];
  Lanes product[kProductsMax];
};
using Step = Lanes[kVariablesMax];  ///< not finite in lanes without a solution

/// The loops of one instruction path.
struct Path {
  const char* name;
  void (*pass[2][3][3])(const Trial&, Sums&);  ///< by error, trend, season; null where there is no such form
  void (*solve)(const StepInput&, Step&);
};

extern const Path kPathBaseline;
extern const Path kPathV3;  ///< x86-64 with AVX2; not linked elsewhere
extern const Path kPathV4;  ///< x86-64 with AVX-512

}  // namespace rankine::forecast::ets
