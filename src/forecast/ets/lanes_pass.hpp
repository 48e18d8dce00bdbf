// SPDX-License-Identifier: Apache-2.0
// The loops behind lanes.hpp, for vectors of any width: included by one file an instruction path, which is
// compiled for it. Everything is in an unnamed namespace, and no other header is included, so that no
// function compiled for a newer processor can stand in for one that older ones run. That file defines
// fused(a, b, c) before, which is a b + c with one rounding in each lane: what is fused is so on every path.
#pragma once

#include "forecast/ets/lanes.hpp"

namespace rankine::forecast::ets {
namespace {

template <int kWidth>
struct VectorOf {
  typedef double Type __attribute__((vector_size(kWidth * 8), may_alias));
  typedef long long Bits __attribute__((vector_size(kWidth * 8), may_alias));
};

/// The recursion of one form with its derivatives, for kWidth lanes.
template <int kWidth, bool kRelative, int kTrend, int kSeason>
struct Loop {
  using V = typename VectorOf<kWidth>::Type;
  using B = typename VectorOf<kWidth>::Bits;

  static constexpr bool kTrended = kTrend > 0;
  static constexpr bool kDamped = kTrend == 2;
  static constexpr bool kSeasonal = kSeason > 0;
  static constexpr bool kRatio = kSeason == 2;
  static constexpr int kAlpha = 0;
  static constexpr int kBeta = 1;
  static constexpr int kGamma = 1 + kTrended;
  static constexpr int kPhi = 1 + kTrended + kSeasonal;
  static constexpr int kLevel = kPhi + kDamped;
  static constexpr int kTrend0 = kLevel + 1;
  static constexpr int kFixed = kLevel + 1 + kTrended;  // and m - 1 seasonal states
  static constexpr int kSpace = kSeasonal ? kVariablesMax : kFixed;
  static constexpr int kRank = kSeasonal ? 4 : 1;  // steps whose products are added at once

  static V load(const Lanes& from, int lane) { return *reinterpret_cast<const V*>(from.of + lane); }
  static void store(Lanes& to, int lane, V value) { *reinterpret_cast<V*>(to.of + lane) = value; }

  V alpha, beta, gamma, phi;
  V level, trend;
  V mantissa, exponent;
  V dl[kSpace], db[kSpace], logs[kSpace];
  V g[kRank][kSpace + 1];                      // derivatives of forecasts, and behind them the errors
  V product[(kSpace + 1) * (kSpace + 2) / 2];  // of columns of g; the last row: slopes and squares
  V season[kSeasonal ? kSeasonStates : 1];
  V ds[kSeasonal ? kSeasonStates * kVariablesMax : 1];

  /// Cold values of every sum and derivative.
  __attribute__((always_inline)) void begin(const Trial& in, int lane, int count) {
    const V zero = V{};
    alpha = load(in.variables[kAlpha], lane);
    beta = kTrended ? load(in.variables[kBeta], lane) : zero;
    gamma = kSeasonal ? load(in.variables[kGamma], lane) : zero;
    phi = kDamped ? load(in.variables[kPhi], lane) : zero + 1.0;
    level = load(in.variables[kLevel], lane);
    trend = kTrended ? load(in.variables[kTrend0], lane) : zero;
    exponent = zero;
    mantissa = zero + 1.0;
    for (int k = 0; k < count; ++k) dl[k] = db[k] = logs[k] = zero;
    dl[kLevel] = zero + 1.0;
    if constexpr (kTrended) db[kTrend0] = zero + 1.0;
    for (int i = 0; i < (count + 1) * (count + 2) / 2; ++i) product[i] = zero;
    if constexpr (kSeasonal) begin_season(in, lane, count);
  }

  __attribute__((always_inline)) void begin_season(const Trial& in, int lane, int count) {
    const V zero = V{};
    for (int i = 0; i < in.m * count; ++i) ds[i] = zero;
    V first = zero + (kRatio ? static_cast<double>(in.m) : 0.0);
    for (int j = 1; j < in.m; ++j) {
      season[j] = load(in.variables[kFixed + j - 1], lane);
      first = first - season[j];
      ds[j * count + kFixed + j - 1] = zero + 1.0;
      ds[kFixed + j - 1] = zero - 1.0;
    }
    season[0] = first;
  }

  /// What the derivatives of one step have in common, whatever variable they are by.
  struct Shared {
    V q, s;               // level with trend, and the season: f = q, q + s or q s
    V trend;              // before the step
    V da, dc;             // where the season is a ratio: minus the derivatives of y / s by s, of y / q by q
    V reciprocal, grown;  // where errors are relative: 1 / f and e + 1
    V minus_alpha, minus_beta, minus_gamma;
  };

  /// The derivatives of the states by variable k, one value on. Returns what goes into g: that of the
  /// forecast, times (e + 1) / f where errors are relative.
  template <bool kMasked>
  __attribute__((always_inline)) V differentiate(const Shared& at, V* dseason, int k, B live) {
    V dq = dl[k];
    V phi_db{};
    if constexpr (kTrended) {
      phi_db = kDamped ? phi * db[k] : db[k];
      if (kDamped && k == kPhi) phi_db = phi_db + at.trend;
      dq = dq + phi_db;
    }
    V df = dq;
    V change = dq;  // minus the derivative of the surprise
    if constexpr (kRatio) {
      df = fused(at.q, dseason[k], at.s * dq);
      change = fused(at.da, dseason[k], dq);
      dseason[k] = fused(at.minus_gamma, fused(at.dc, dq, dseason[k]), dseason[k]);
    } else if constexpr (kSeasonal) {
      df = change = dq + dseason[k];
      dseason[k] = fused(at.minus_gamma, df, dseason[k]);
    }
    dl[k] = fused(at.minus_alpha, change, dq);
    if constexpr (kTrended) db[k] = fused(at.minus_beta, change, phi_db);
    if constexpr (kRelative) {
      V h = at.reciprocal * df;
      if constexpr (kMasked) h = reinterpret_cast<V>(reinterpret_cast<B>(h) & live);
      logs[k] = logs[k] + h;
      df = at.grown * h;
    }
    if constexpr (kMasked) df = reinterpret_cast<V>(reinterpret_cast<B>(df) & live);
    return df;
  }

  /// One value: the error, the derivatives of the forecast into g[row], and the new states. Lanes outside
  /// `live` add nothing to any sum.
  template <bool kMasked>
  __attribute__((always_inline)) void step(V y, int slot, int row, int count, B live) {
    const V damped = kDamped ? phi * trend : trend;
    const V q = kTrended ? level + damped : level;
    const V s = kSeasonal ? season[slot] : V{};
    V* const dseason = kSeasonal ? ds + slot * count : ds;
    V r_s{}, r_q{}, a = y, c{}, da{}, dc{};
    if constexpr (kRatio) {
      r_s = 1.0 / s;
      r_q = 1.0 / q;
      a = y * r_s;
      c = y * r_q;
      da = a * r_s;
      dc = c * r_q;
    } else if constexpr (kSeasonal) {
      a = y - s;
    }
    const V f = kRatio ? q * s : kSeasonal ? q + s : q;
    const V surprise = a - q;
    const V absolute = kRatio ? y - f : surprise;
    const V reciprocal = kRelative ? (kRatio ? r_q * r_s : 1.0 / f) : V{} + 1.0;
    V e = kRelative ? absolute * reciprocal : absolute;
    const V grown = kRelative ? e + 1.0 : V{};
    const Shared at{q, s, trend, da, dc, reciprocal, grown, -alpha, -beta, -gamma};
#pragma GCC unroll 8
    for (int k = 0; k < count; ++k) g[row][k] = differentiate<kMasked>(at, dseason, k, live);
    if constexpr (kMasked) e = reinterpret_cast<V>(reinterpret_cast<B>(e) & live);
    g[row][count] = e;
    dl[kAlpha] = dl[kAlpha] + surprise;
    level = fused(alpha, surprise, q);
    if constexpr (kTrended) {
      db[kBeta] = db[kBeta] + surprise;
      trend = fused(beta, surprise, damped);
    }
    if constexpr (kSeasonal) {
      const V season_surprise = kRatio ? c - s : absolute;
      dseason[kGamma] = dseason[kGamma] + season_surprise;
      season[slot] = fused(gamma, season_surprise, s);
    }
    if constexpr (kRelative) multiply<kMasked>(f, live);
  }

  /// prod |f| as mantissa and exponent, so that no logarithm is needed.
  template <bool kMasked>
  __attribute__((always_inline)) void multiply(V f, B live) {
    B bits = reinterpret_cast<B>(f) & 0x7fffffffffffffff;
    if constexpr (kMasked) bits = (bits & live) | (~live & 0x3ff0000000000000);
    const V next = mantissa * reinterpret_cast<V>(bits);
    bits = reinterpret_cast<B>(next);
    // The exponent's bits below 2^52 added to those of 2^52 are a whole number.
    const B raised = (bits >> 52) | 0x4330000000000000;
    exponent = exponent + (reinterpret_cast<V>(raised) - (0x1p52 + 1023.0));
    mantissa = reinterpret_cast<V>((bits & 0x000fffffffffffff) | 0x3ff0000000000000);
  }

  /// Adds the products of the columns of g, two columns with all before them at a time.
  __attribute__((always_inline)) void add_products(int count) {
    int i = 0;
#pragma GCC unroll 4
    for (; i < count; i += 2) {
      V* const upper = product + i * (i + 1) / 2;
      V* const lower = upper + i + 1;
#pragma GCC unroll 8
      for (int k = 0; k <= i; ++k) {
        V above = upper[k];
        V below = lower[k];
#pragma GCC unroll 4
        for (int r = 0; r < kRank; ++r) {
          above = fused(g[r][i], g[r][k], above);
          below = fused(g[r][i + 1], g[r][k], below);
        }
        upper[k] = above;
        lower[k] = below;
      }
      for (int r = 0; r < kRank; ++r) lower[i + 1] = fused(g[r][i + 1], g[r][i + 1], lower[i + 1]);
    }
    if (i > count) return;
    V* const row = product + i * (i + 1) / 2;
#pragma GCC unroll 8
    for (int k = 0; k <= i; ++k) {
      for (int r = 0; r < kRank; ++r) row[k] = fused(g[r][i], g[r][k], row[k]);
    }
  }

  template <bool kMasked>
  __attribute__((always_inline)) void walk(const Trial& in, int lane, int count, long from, long to,
                                           int& slot, int& row) {
    const V length = load(in.length, lane);
    for (long t = from; t < to; ++t) {
      const V y = *reinterpret_cast<const V*>(in.values + t * kLanes + lane);
      const B live = reinterpret_cast<B>((V{} + static_cast<double>(t)) < length);
      step<kMasked>(y, slot, row, count, live);
      if constexpr (kSeasonal) {
        if (++slot == in.m) slot = 0;
        if (++row < kRank) continue;
        row = 0;
      }
      add_products(count);
    }
  }

  __attribute__((always_inline)) void finish(const Trial& in, Sums& out, int lane, int count) {
    const V* const slope = product + count * (count + 1) / 2;
    const V squares = slope[count];
    store(out.squares, lane, squares);
    store(out.mantissa, lane, mantissa);
    store(out.exponent, lane, exponent);
    const V length = load(in.length, lane);
    for (int i = 0; i < count; ++i) {
      V* const row = product + i * (i + 1) / 2;
      const V mean_i = kRelative ? logs[i] / length : V{};
      for (int k = 0; k <= i; ++k) {
        V value = row[k];
        if constexpr (kRelative) {
          const V mean_k = logs[k] / length;
          value = value - (slope[i] * mean_k + slope[k] * mean_i) + squares * (mean_i * mean_k);
        }
        store(out.product[i * (i + 1) / 2 + k], lane, value);
      }
      store(out.slope[i], lane, kRelative ? slope[i] - squares * mean_i : slope[i]);
    }
  }

  static void run(const Trial& in, Sums& out) {
    const int count = kSeasonal ? kFixed + in.m - 1 : kFixed;
    for (int lane = 0; lane < kLanes; lane += kWidth) {
      Loop loop;
      int slot = 0;
      int row = 0;
      loop.begin(in, lane, count);
      loop.template walk<false>(in, lane, count, 0, in.n_min, slot, row);
      loop.template walk<true>(in, lane, count, in.n_min, in.n_max, slot, row);
      if constexpr (kSeasonal) {
        for (int r = row; r < kRank; ++r) {
          for (int k = 0; k <= count; ++k) loop.g[r][k] = V{};
        }
        if (row > 0) loop.add_products(count);
      }
      loop.finish(in, out, lane, count);
    }
  }
};

/// Cholesky's decomposition in every lane; held variables have the row and column of the identity.
template <int kWidth>
void solve(const StepInput& in, Step& step) {
  using V = typename VectorOf<kWidth>::Type;
  using L = Loop<kWidth, false, 0, 0>;
  V lower[kProductsMax], inverse[kVariablesMax], z[kVariablesMax];
  for (int lane = 0; lane < kLanes; lane += kWidth) {
    const V raised = 1.0 + L::load(in.damping, lane);
    for (int i = 0; i < in.variables; ++i) {
      V* const row = lower + i * (i + 1) / 2;
      const V free_i = L::load(in.free[i], lane);
      for (int k = 0; k <= i; ++k) {
        const V* const other = lower + k * (k + 1) / 2;
        V sum = L::load(in.product[i * (i + 1) / 2 + k], lane) * (free_i * L::load(in.free[k], lane));
        if (i == k) sum = sum * raised + (1.0 - free_i);
        for (int j = 0; j < k; ++j) sum = sum - row[j] * other[j];
        if (k < i) {
          row[k] = sum * inverse[k];
        } else {
          V root;
          for (int w = 0; w < kWidth; ++w) root[w] = __builtin_sqrt(sum[w]);
          inverse[i] = 1.0 / root;
        }
      }
      V sum = L::load(in.slope[i], lane) * free_i;
      for (int j = 0; j < i; ++j) sum = sum - row[j] * z[j];
      z[i] = sum * inverse[i];
    }
    for (int i = in.variables - 1; i >= 0; --i) {
      V sum = z[i];
      for (int j = i + 1; j < in.variables; ++j) sum = sum - lower[j * (j + 1) / 2 + i] * z[j];
      z[i] = sum * inverse[i];
      L::store(step[i], lane, z[i]);
    }
  }
}

template <int kWidth>
constexpr Path make_path(const char* name) {
  Path path{name, {}, &solve<kWidth>};
  path.pass[0][0][0] = &Loop<kWidth, false, 0, 0>::run;
  path.pass[0][1][0] = &Loop<kWidth, false, 1, 0>::run;
  path.pass[0][2][0] = &Loop<kWidth, false, 2, 0>::run;
  path.pass[1][0][0] = &Loop<kWidth, true, 0, 0>::run;
  path.pass[1][1][0] = &Loop<kWidth, true, 1, 0>::run;
  path.pass[1][2][0] = &Loop<kWidth, true, 2, 0>::run;
  path.pass[0][0][1] = &Loop<kWidth, false, 0, 1>::run;
  path.pass[0][1][1] = &Loop<kWidth, false, 1, 1>::run;
  path.pass[0][2][1] = &Loop<kWidth, false, 2, 1>::run;
  path.pass[1][0][1] = &Loop<kWidth, true, 0, 1>::run;
  path.pass[1][1][1] = &Loop<kWidth, true, 1, 1>::run;
  path.pass[1][2][1] = &Loop<kWidth, true, 2, 1>::run;
  path.pass[1][0][2] = &Loop<kWidth, true, 0, 2>::run;
  path.pass[1][1][2] = &Loop<kWidth, true, 1, 2>::run;
  path.pass[1][2][2] = &Loop<kWidth, true, 2, 2>::run;
  return path;
}

}  // namespace
}  // namespace rankine::forecast::ets
