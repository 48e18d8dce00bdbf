// SPDX-License-Identifier: Apache-2.0
// The loop behind kernel.hpp for vectors of any width: load, step, store, note who is done; then those are
// started again, several at a time. Included by one file an instruction path.
#pragma once

#include "rl/lanes/acrobot.hpp"
#include "rl/lanes/cart_pole.hpp"
#include "rl/lanes/kernel.hpp"
#include "rl/lanes/mountain_car.hpp"
#include "rl/lanes/pendulum.hpp"

namespace rankine::rl::lanes {
namespace {

template <template <typename> class Dynamics, int kWidth>
struct Loop {
  using V = typename VectorOf<double, kWidth>::Type;
  using VInMemory = typename VectorOf<double, kWidth>::InMemory;
  using F = typename VectorOf<float, kWidth>::Type;
  using FloatsAnywhere = typename VectorOf<float, kWidth>::Unaligned;
  using B = Bits<V>;
  using Mask = typename Machine<V>::Mask;
  using BInMemory = typename VectorOf<long, kWidth>::InMemory;
  using IntegersAnywhere = typename VectorOf<int, kWidth>::Unaligned;
  using D = Dynamics<V>;
  static constexpr int kStates = D::kStates;
  static constexpr int kRow = D::kObservations;
  static constexpr bool kDiscrete = requires { D::kActions; };

  static V action_at(const Batch& batch, long at) {
    if constexpr (kDiscrete && requires { &Machine<V>::widened; }) {
      return Machine<V>::widened(batch.discrete + at);
    } else if constexpr (kDiscrete) {
      return __builtin_convertvector(*reinterpret_cast<const IntegersAnywhere*>(batch.discrete + at), V);
    } else {
      return __builtin_convertvector(*reinterpret_cast<const FloatsAnywhere*>(batch.continuous + at), V);
    }
  }

  /// kWidth rows of observations, row-major at `to`.
  __attribute__((always_inline)) static void store_rows(const D& dynamics, float* to) {
    V wide[kRow];
    dynamics.observe(wide);
    F column[kRow];
    for (int i = 0; i < kRow; ++i) column[i] = __builtin_convertvector(wide[i], F);
    if constexpr (kRow == 4 && kWidth == 8) {
      typedef typename VectorOf<float, 16>::Unaligned Rows;
      const Rows a =
          __builtin_shufflevector(column[0], column[1], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
      const Rows b =
          __builtin_shufflevector(column[2], column[3], 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
      *reinterpret_cast<Rows*>(to) =
          __builtin_shufflevector(a, b, 0, 8, 16, 24, 1, 9, 17, 25, 2, 10, 18, 26, 3, 11, 19, 27);
      *reinterpret_cast<Rows*>(to + 16) =
          __builtin_shufflevector(a, b, 4, 12, 20, 28, 5, 13, 21, 29, 6, 14, 22, 30, 7, 15, 23, 31);
    } else {
      for (int lane = 0; lane < kWidth; ++lane) {
        for (int i = 0; i < kRow; ++i) to[lane * kRow + i] = column[i][lane];
      }
    }
  }

  /// Writes the flags and appends the indices of who ended; returns how many.
  __attribute__((always_inline)) static long note(Mask terminated, Mask cut, long at, const Batch& out,
                                                  int* done) {
    if constexpr (requires { &Machine<V>::note; }) {
      return Machine<V>::note(terminated, cut, at, out.terminated, out.truncated, done);
    } else {
      long ended = 0;
      for (int lane = 0; lane < kWidth; ++lane) {
        const bool over = terminated[lane] != 0, late = cut[lane] != 0;
        out.terminated[lane] = over;
        out.truncated[lane] = late && !over;
        done[ended] = static_cast<int>(at) + lane;
        ended += over || late;
      }
      return ended;
    }
  }

  /// One step of kWidth environments from `at`; `out` has its pointers moved there. Appends to batch.done,
  /// where `ended` indices stand; returns how many then do.
  __attribute__((always_inline)) static long step_some(const Batch& batch, long at, const Batch& out,
                                                       V action, long ended) {
    D dynamics;
    for (int i = 0; i < kStates; ++i)
      dynamics.state[i] = *reinterpret_cast<const VInMemory*>(batch.state[i] + at);
    V reward;
    const Mask terminated = dynamics.step(action, reward);
    const Mask cut = Machine<V>::equal(*reinterpret_cast<const BInMemory*>(batch.deadline + at), batch.clock);
    for (int i = 0; i < kStates; ++i) *reinterpret_cast<VInMemory*>(batch.state[i] + at) = dynamics.state[i];
    store_rows(dynamics, out.observations);
    *reinterpret_cast<FloatsAnywhere*>(out.rewards) = __builtin_convertvector(reward, F);
    return ended + note(terminated, cut, at, out, batch.done + ended);
  }

  /// The last environments, fewer than kWidth, by way of memory that has room for kWidth.
  static long step_rest(const Batch& batch, long at, long ended) {
    const long rest = batch.count - at;
    int discrete[kWidth] = {};
    float continuous[kWidth] = {};
    float observations[kWidth * kRow], rewards[kWidth];
    unsigned char terminated[kWidth], truncated[kWidth];
    for (long i = 0; i < rest; ++i) {
      if constexpr (kDiscrete)
        discrete[i] = batch.discrete[at + i];
      else
        continuous[i] = batch.continuous[at + i];
    }
    Batch out;
    out.discrete = discrete;
    out.continuous = continuous;
    out.observations = observations;
    out.rewards = rewards;
    out.terminated = terminated;
    out.truncated = truncated;
    long all_ended = step_some(batch, at, out, action_at(out, 0), ended);
    while (all_ended > ended && batch.done[all_ended - 1] >= batch.count) --all_ended;
    for (long i = 0; i < rest; ++i) {
      for (int k = 0; k < kRow; ++k) batch.observations[(at + i) * kRow + k] = observations[i * kRow + k];
      batch.rewards[at + i] = rewards[i];
      batch.terminated[at + i] = terminated[i];
      batch.truncated[at + i] = truncated[i];
    }
    return all_ended;
  }

  /// Philox4x32-10 (rankine/core/philox.hpp) for kWidth streams, the first block: four numbers in (0, 1). The
  /// four words stand in the low halves of lanes; what is above them does not count.
  static void uniforms(const Batch& batch, B index, B episode, V (&out)[4]) {
    B c0 = B{}, c1 = B{}, c2 = episode, c3 = index;
    unsigned key0 = static_cast<unsigned>(batch.seed), key1 = static_cast<unsigned>(batch.seed >> 32);
    for (int round = 0; round < 10; ++round) {
      const B a = Machine<V>::product(c0, 0xD2511F53u);
      const B b = Machine<V>::product(c2, 0xCD9E8D57u);
      c0 = high_half(b) ^ c1 ^ static_cast<long>(key0);
      c1 = b;
      c2 = high_half(a) ^ c3 ^ static_cast<long>(key1);
      c3 = a;
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
    const B words[4] = {c0, c1, c2, c3};
    for (int i = 0; i < 4; ++i) {
      // An integer below 2^32 put into the mantissa of 2^52 is added to it.
      const B placed = (words[i] & 0xFFFFFFFFl) | 0x4330000000000000l;
      out[i] = (__builtin_bit_cast(V, placed) - 0x1p52 + 0.5) * 0x1p-32;
    }
  }

  static B high_half(B x) { return (x >> 32) & 0xFFFFFFFFl; }

  static void start(const Batch& given, long ended) {
    const Batch batch = given;
    // The last group is filled up with the first of them, which is started again to the same end.
    for (long k = ended; k % kWidth != 0; ++k) batch.done[k] = batch.done[0];
    for (long from = 0; from < ended; from += kWidth) {
      const int* const these = batch.done + from;
      B index, episode;
      for (int lane = 0; lane < kWidth; ++lane) {
        index[lane] = batch.first_index + static_cast<unsigned>(these[lane]);
        episode[lane] = batch.episode[these[lane]];
      }
      V uniform[4];
      uniforms(batch, index, episode, uniform);
      D dynamics;
      dynamics.start(uniform);
      float rows[kWidth * kRow];
      store_rows(dynamics, rows);
      for (int lane = 0; lane < kWidth; ++lane) {
        const long i = these[lane];
        for (int k = 0; k < kStates; ++k) batch.state[k][i] = dynamics.state[k][lane];
        __builtin_memcpy(batch.observations + i * kRow, rows + lane * kRow, sizeof(float) * kRow);
        batch.deadline[i] = batch.clock + batch.steps_max;
      }
    }
  }

  static void step(const Batch& given) {
    const Batch batch = given;  // a copy whose address nobody has: flags, being bytes, may overlap anything
    long ended = 0, at = 0;
    for (; at + kWidth <= batch.count; at += kWidth) {
      Batch out;
      out.observations = batch.observations + at * kRow;
      out.rewards = batch.rewards + at;
      out.terminated = batch.terminated + at;
      out.truncated = batch.truncated + at;
      ended = step_some(batch, at, out, action_at(batch, at), ended);
    }
    if (at < batch.count) ended = step_rest(given, at, ended);
    for (long k = 0; k < ended; ++k) {
      const long i = batch.done[k];
      ++batch.episode[i];
      if (batch.final_observations == nullptr) continue;
      __builtin_memcpy(batch.final_observations + i * kRow, batch.observations + i * kRow,
                       sizeof(float) * kRow);
    }
    start(given, ended);
  }
};

inline bool in_range(const int* actions, long count, int bound) {
  unsigned largest = 0;  // read as unsigned, a negative action is a large one
  for (long i = 0; i < count; ++i)
    largest = largest > static_cast<unsigned>(actions[i]) ? largest : static_cast<unsigned>(actions[i]);
  return largest < static_cast<unsigned>(bound);
}

template <template <typename> class Dynamics, int kWidth>
constexpr Kernel make_kernel() {
  return {Loop<Dynamics, kWidth>::step, Loop<Dynamics, kWidth>::start};
}

template <int kWidth>
constexpr Path make_path(const char* name) {
  return {
      name,
      in_range,
      {make_kernel<Acrobot, kWidth>(), make_kernel<CartPole, kWidth>(), make_kernel<MountainCar, kWidth>(),
       make_kernel<MountainCarContinuous, kWidth>(), make_kernel<Pendulum, kWidth>()}};
}

}  // namespace
}  // namespace rankine::rl::lanes
