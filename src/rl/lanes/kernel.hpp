// SPDX-License-Identifier: Apache-2.0
// Steps of many environments of one kind in a structure of arrays, on several instruction paths that give the
// same bits. Only plain declarations stand here: files that include this are compiled for processors that the
// rest of the program may not assume.
#pragma once

namespace rankine::rl::lanes {

inline constexpr int kStatesMax = 4;
inline constexpr int kPadding = 16;  ///< state arrays have room for a multiple of this many environments

/// The environments that have kernels, in the order of Path::kernels.
enum Kind { kAcrobot, kCartPole, kMountainCar, kMountainCarContinuous, kPendulum, kKinds };

/// What a kernel reads and writes; names as in StepResult. Arrays of the state are aligned to 64 bytes.
struct Batch {
  long count = 0;
  double* state[kStatesMax] = {};  ///< [padded count] each
  long* deadline = nullptr;        ///< [padded count]; the clock at the step that an episode is cut in
  unsigned* episode = nullptr;     ///< [padded count]
  int* done = nullptr;             ///< scratch, [padded count + kPadding]
  long clock = 0;                  ///< steps of the batch since it was made, with this one
  long steps_max = 0;              ///< LONG_MAX / 2 for none
  unsigned long long seed = 0;
  unsigned first_index = 0;
  const int* discrete = nullptr;      ///< [count], or
  const float* continuous = nullptr;  ///< [count]
  float* observations = nullptr;
  float* rewards = nullptr;
  unsigned char* terminated = nullptr;
  unsigned char* truncated = nullptr;
  float* final_observations = nullptr;  ///< may be null
};

struct Kernel {
  void (*step)(const Batch&);
  /// Starts `ended` environments, whose indices stand in `done`, in the episode that `episode` says, and
  /// writes their rows of `observations`.
  void (*start)(const Batch&, long ended);
};

struct Path {
  const char* name;
  /// Whether all of `actions` are in 0 .. bound-1.
  bool (*in_range)(const int* actions, long count, int bound);
  Kernel kernels[kKinds];
};

extern const Path kPathBaseline;
extern const Path kPathV3;  ///< x86-64 with AVX2; not linked elsewhere
extern const Path kPathV4;  ///< x86-64 with AVX-512

}  // namespace rankine::rl::lanes
