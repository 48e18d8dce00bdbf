// SPDX-License-Identifier: Apache-2.0
// The loops of kernels.hpp over a type L of sixteen lanes, which each path defines: load, store, set, fma,
// add and so on. What mixes lanes does it in one order (L::sum). tanh is the rational approximation of Eigen
// (7/6, after Taylor's clamp), exp and log are polynomials of Cephes' kind; all to a few units in the last
// place of float32.
#pragma once

#include "rl/learn/kernels.hpp"

namespace rankine::rl::learn {

template <class L>
struct Loops {
  static L exp(L x) {
    x = L::max(L::min(x, L::set(88.0f)), L::set(-87.0f));
    const L shifted = L::fma(x, L::set(1.44269504f), L::set(12582912.0f));  // 1.5 2^23: rounds to integers
    const L n = L::sub(shifted, L::set(12582912.0f));
    L r = L::fma(n, L::set(-0.693359375f), x);
    r = L::fma(n, L::set(2.12194440e-4f), r);
    L p = L::set(1.9875691500e-4f);
    p = L::fma(p, r, L::set(1.3981999507e-3f));
    p = L::fma(p, r, L::set(8.3334519073e-3f));
    p = L::fma(p, r, L::set(4.1665795894e-2f));
    p = L::fma(p, r, L::set(1.6666665459e-1f));
    p = L::fma(p, r, L::set(5.0000001201e-1f));
    p = L::add(L::fma(L::mul(p, r), r, r), L::set(1.0f));
    return L::raise(p, shifted);
  }

  /// Of positive normal numbers.
  static L log(L x) {
    L e;
    L m;
    L::split(x, e, m);  // x = m 2^e with m in [sqrt(1/2), sqrt(2))
    const L f = L::sub(m, L::set(1.0f));
    const L z = L::mul(f, f);
    L p = L::set(7.0376836292e-2f);
    p = L::fma(p, f, L::set(-1.1514610310e-1f));
    p = L::fma(p, f, L::set(1.1676998740e-1f));
    p = L::fma(p, f, L::set(-1.2420140846e-1f));
    p = L::fma(p, f, L::set(1.4249322787e-1f));
    p = L::fma(p, f, L::set(-1.6668057665e-1f));
    p = L::fma(p, f, L::set(2.0000714765e-1f));
    p = L::fma(p, f, L::set(-2.4999993993e-1f));
    p = L::fma(p, f, L::set(3.3333331174e-1f));
    L y = L::mul(L::mul(p, f), z);
    y = L::fma(e, L::set(-2.12194440e-4f), y);
    y = L::fma(z, L::set(-0.5f), y);
    return L::fma(e, L::set(0.693359375f), L::add(f, y));
  }

  static L tanh(L x) {
    x = L::max(L::min(x, L::set(7.90531110763549805f)), L::set(-7.90531110763549805f));
    const L z = L::mul(x, x);
    L p = L::set(-2.76076847742355e-16f);
    p = L::fma(z, p, L::set(2.00018790482477e-13f));
    p = L::fma(z, p, L::set(-8.60467152213735e-11f));
    p = L::fma(z, p, L::set(5.12229709037114e-08f));
    p = L::fma(z, p, L::set(1.48572235717979e-05f));
    p = L::fma(z, p, L::set(6.37261928875436e-04f));
    p = L::fma(z, p, L::set(4.89352455891786e-03f));
    L q = L::set(1.19825839466702e-06f);
    q = L::fma(z, q, L::set(1.18534705686654e-04f));
    q = L::fma(z, q, L::set(2.26843463243900e-03f));
    q = L::fma(z, q, L::set(4.89352518554385e-03f));
    return L::div(L::mul(x, p), q);
  }

  static L finish(Epilogue epilogue, L y, const float* h) {
    switch (epilogue) {
      case Epilogue::kNone:
        return y;
      case Epilogue::kTanh:
        return tanh(y);
      case Epilogue::kRelu:
        return L::max(y, L::set(0.0f));
      case Epilogue::kTanhSlope: {
        const L a = L::load(h);
        return L::mul(y, L::fma(L::sub(L::set(0.0f), a), a, L::set(1.0f)));
      }
      case Epilogue::kReluSlope:
        return L::select(L::less(L::set(0.0f), L::load(h)), y, L::set(0.0f));
    }
    return y;
  }

  /// R rows and C times sixteen columns of a product, kept in registers over all steps.
  template <int R, int C>
  static void tile(const Product& a, int row, int column) {
    L sum[R][C];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        const int at = column + kLanes * c;
        sum[r][c] = a.add    ? L::load(a.y + (row + r) * a.y_stride + at)
                    : a.bias ? L::load(a.bias + at)
                             : L::set(0.0f);
      }
    }
    const float* x = a.x + row * a.x_row;
    const float* w = a.w + column;
    for (int k = 0; k < a.steps; ++k, x += a.x_step, w += a.w_stride) {
      L weights[C];
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) weights[c] = L::load(w + kLanes * c);
#pragma GCC unroll 8
      for (int r = 0; r < R; ++r) {
        const L value = L::set(x[r * a.x_row]);
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c) sum[r][c] = L::fma(value, weights[c], sum[r][c]);
      }
    }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        const long at = (row + r) * a.y_stride + column + kLanes * c;
        L::store(a.y + at, finish(a.epilogue, sum[r][c], a.h + (a.h == nullptr ? 0 : at)));
      }
    }
  }

  template <int C>
  static void rows(const Product& a, int column) {
    int row = 0;
    for (; row + 6 <= a.rows; row += 6) tile<6, C>(a, row, column);
    if (row + 4 <= a.rows) {
      tile<4, C>(a, row, column);
      row += 4;
    }
    if (row + 2 <= a.rows) {
      tile<2, C>(a, row, column);
      row += 2;
    }
    if (row < a.rows) tile<1, C>(a, row, column);
  }

  static void product(const Product& a) {
    int column = 0;
    if constexpr (L::kColumns >= 4) {
      for (; column + 4 * kLanes <= a.columns; column += 4 * kLanes) rows<4>(a, column);
      if (column + 2 * kLanes <= a.columns) {
        rows<2>(a, column);
        column += 2 * kLanes;
      }
    }
    for (; column < a.columns; column += kLanes) rows<1>(a, column);
  }

  static void head(const Head& a) {
    for (int r = 0; r < a.rows; ++r) {
      const float* h = a.h + static_cast<long>(r) * a.width;
      for (int o = 0; o < a.outputs; ++o) {
        const float* w = a.w + static_cast<long>(o) * a.width;
        L sum = L::set(0.0f);
        for (int j = 0; j < a.width; j += kLanes) {
          const L x = L::load(h + j);
          sum = L::fma(a.squares ? L::mul(x, x) : x, L::load(w + j), sum);
        }
        a.y[o * a.stride + r] = L::sum(sum) + (a.b == nullptr ? 0.0f : a.b[o]);
      }
    }
  }

  static void column_sums(const float* x, int rows, long stride, int columns, float* sums) {
    for (int c = 0; c < columns; c += kLanes) {
      L sum = L::set(0.0f);
      for (int r = 0; r < rows; ++r) sum = L::add(sum, L::load(x + r * stride + c));
      L::store(sums + c, sum);
    }
  }

  static void transpose(const float* from, int rows, long from_stride, int columns, float* to,
                        long to_stride) {
    for (int c = 0; c < columns; ++c) {
      for (int r = 0; r < rows; ++r) to[c * to_stride + r] = from[r * from_stride + c];
    }
  }

  /// log of the sum of exp(logits) at row r, and the largest logit.
  static L log_sum(const float* logits, int outputs, long stride, int r) {
    L largest = L::load(logits + r);
    for (int o = 1; o < outputs; ++o) largest = L::max(largest, L::load(logits + o * stride + r));
    L sum = L::set(0.0f);
    for (int o = 0; o < outputs; ++o)
      sum = L::add(sum, exp(L::sub(L::load(logits + o * stride + r), largest)));
    return L::add(largest, log(sum));
  }

  static void categorical_act(const CategoricalAct& a) {
    for (int r = 0; r < a.rows; r += kLanes) {
      const L normal = log_sum(a.logits, a.outputs, a.stride, r);
      L chosen = L::set(0.0f);
      L chosen_logp = L::set(-1e30f);
      L before = L::set(0.0f);
      for (int o = 0; o < a.outputs; ++o) {
        const L logp = L::sub(L::load(a.logits + o * a.stride + r), normal);
        if (a.uniform == nullptr) {
          const auto better = L::less(chosen_logp, logp);
          chosen = L::select(better, L::set(static_cast<float>(o)), chosen);
          chosen_logp = L::select(better, logp, chosen_logp);
          continue;
        }
        // The last action that is possible and whose interval begins at or below the uniform number.
        const auto possible = L::less(L::set(-80.0f), logp);
        const L from = L::select(possible, before, L::set(2.0f));
        const auto take = L::less_equal(from, L::load(a.uniform + r));
        chosen = L::select(take, L::set(static_cast<float>(o)), chosen);
        chosen_logp = L::select(take, logp, chosen_logp);
        before = L::add(before, exp(logp));
      }
      L::store(a.action + r, chosen);
      L::store(a.logp + r, chosen_logp);
    }
  }

  static void categorical_logp(const CategoricalAct& a) {
    for (int r = 0; r < a.rows; r += kLanes) {
      const L normal = log_sum(a.logits, a.outputs, a.stride, r);
      L logp = L::set(0.0f);
      for (int o = 0; o < a.outputs; ++o) {
        const auto hit = L::equal(L::load(a.action + r), L::set(static_cast<float>(o)));
        logp = L::select(hit, L::sub(L::load(a.logits + o * a.stride + r), normal), logp);
      }
      L::store(a.logp + r, logp);
    }
  }

  /// Adds to the sums of a loss, and gives the slope of the clipped objective by log pi (Schulman et al.
  /// 2017, equation 7); where the clipped term is the smaller one and clipping acts, it is 0.
  struct Clipped {
    L loss = L::set(0.0f), entropy = L::set(0.0f), kl = L::set(0.0f), share = L::set(0.0f);

    L slope(const PolicyLoss& a, int r, L logp, L entropy_here) {
      const L weight = L::load(a.weight + r);
      const L advantage = L::load(a.advantage + r);
      const L change = L::sub(logp, L::load(a.old_logp + r));
      const L ratio = exp(change);
      const L bounded = L::max(L::min(ratio, L::set(1.0f + a.clip)), L::set(1.0f - a.clip));
      const L plain = L::mul(advantage, ratio);
      const L other = L::mul(advantage, bounded);
      const auto cut = L::less(other, plain);
      loss = L::fma(weight, L::sub(L::set(0.0f), L::min(plain, other)), loss);
      entropy = L::fma(weight, entropy_here, entropy);
      kl = L::fma(weight, L::sub(L::sub(ratio, L::set(1.0f)), change), kl);
      const L far = L::abs(L::sub(ratio, L::set(1.0f)));
      share = L::add(share, L::select(L::less(L::set(a.clip), far), weight, L::set(0.0f)));
      const L slope = L::select(cut, L::set(0.0f), L::sub(L::set(0.0f), plain));
      return L::mul(slope, L::mul(weight, L::set(a.scale)));
    }
    void write(float* sums) const {
      sums[0] += L::sum(loss);
      sums[1] += L::sum(entropy);
      sums[2] += L::sum(kl);
      sums[3] += L::sum(share);
    }
  };

  static void categorical_loss(const PolicyLoss& a) {
    Clipped clipped;
    for (int r = 0; r < a.rows; r += kLanes) {
      const L normal = log_sum(a.output, a.outputs, a.stride, r);
      const L action = L::load(a.action + r);
      L taken = L::set(0.0f);
      L entropy = L::set(0.0f);
      for (int o = 0; o < a.outputs; ++o) {
        const L logp = L::sub(L::load(a.output + o * a.stride + r), normal);
        taken = L::select(L::equal(action, L::set(static_cast<float>(o))), logp, taken);
        entropy = L::fma(L::sub(L::set(0.0f), exp(logp)), logp, entropy);
      }
      const L slope = clipped.slope(a, r, taken, entropy);
      const L push = L::mul(L::set(a.entropy * a.scale), L::load(a.weight + r));
      for (int o = 0; o < a.outputs; ++o) {
        const L logp = L::sub(L::load(a.output + o * a.stride + r), normal);
        const L p = exp(logp);
        const L hit = L::select(L::equal(action, L::set(static_cast<float>(o))), L::set(1.0f), L::set(0.0f));
        const L by_policy = L::mul(slope, L::sub(hit, p));
        L::store(a.d_output + o * a.stride + r, L::fma(L::mul(push, p), L::add(logp, entropy), by_policy));
      }
    }
    clipped.write(a.sums);
  }

  static L gaussian(const float* mean, const float* variance, const float* action, int outputs, long stride,
                    int r, L* logs) {
    L logp = L::set(0.0f);
    *logs = L::set(0.0f);
    for (int o = 0; o < outputs; ++o) {
      const L v = L::load(variance + o * stride + r);
      const L d = L::sub(L::load(action + o * stride + r), L::load(mean + o * stride + r));
      const L half_log = L::mul(L::set(0.5f), log(v));
      *logs = L::add(*logs, half_log);
      logp = L::fma(L::set(-0.5f), L::div(L::mul(d, d), v), L::sub(logp, half_log));
    }
    return L::sub(logp, L::set(0.918938533f * static_cast<float>(outputs)));
  }

  static void gaussian_logp(const GaussianLogp& a) {
    for (int r = 0; r < a.rows; r += kLanes) {
      L logs;
      L::store(a.logp + r, gaussian(a.mean, a.variance, a.action, a.outputs, a.stride, r, &logs));
    }
  }

  static void gaussian_loss(const PolicyLoss& a) {
    Clipped clipped;
    for (int r = 0; r < a.rows; r += kLanes) {
      L logs;
      const L logp = gaussian(a.output, a.variance, a.action, a.outputs, a.stride, r, &logs);
      const L entropy = L::add(logs, L::set(1.418938533f * static_cast<float>(a.outputs)));
      const L slope = clipped.slope(a, r, logp, entropy);
      const L push = L::mul(L::set(a.entropy * a.scale), L::load(a.weight + r));
      for (int o = 0; o < a.outputs; ++o) {
        const long at = o * a.stride + r;
        const L inverse = L::div(L::set(1.0f), L::load(a.variance + at));
        const L d = L::mul(L::sub(L::load(a.action + at), L::load(a.output + at)), inverse);
        L::store(a.d_output + at, L::mul(slope, d));
        // d logp / d variance = (d^2 - 1/variance) / 2, d entropy / d variance = 1 / (2 variance).
        const L by_policy = L::mul(slope, L::sub(L::mul(d, d), inverse));
        L::store(a.d_variance + at, L::mul(L::set(0.5f), L::sub(by_policy, L::mul(push, inverse))));
      }
    }
    clipped.write(a.sums);
  }

  static void value_loss(const ValueLoss& a) {
    L sum = L::set(0.0f);
    for (int r = 0; r < a.rows; r += kLanes) {
      const L value = L::load(a.value + r);
      const L target = L::load(a.target + r);
      const L weight = L::load(a.weight + r);
      const L error = L::sub(value, target);
      L square = L::mul(error, error);
      L slope = error;
      if (a.clip > 0) {
        const L old = L::load(a.old_value + r);
        const L moved = L::max(L::min(L::sub(value, old), L::set(a.clip)), L::set(-a.clip));
        const L other = L::sub(L::add(old, moved), target);
        const L other_square = L::mul(other, other);
        slope = L::select(L::less(square, other_square), L::set(0.0f), slope);
        square = L::max(square, other_square);
      }
      L::store(a.d_value + r, L::mul(slope, L::mul(weight, L::set(a.scale))));
      sum = L::fma(L::mul(weight, L::set(0.5f)), square, sum);
    }
    *a.sum += L::sum(sum);
  }

  static void exponential(const float* x, float factor, float* y, long count) {
    for (long i = 0; i < count; i += kLanes) L::store(y + i, exp(L::mul(L::set(factor), L::load(x + i))));
  }

  static void hyperbolic_tangent(const float* x, float* y, long count) {
    for (long i = 0; i < count; i += kLanes) L::store(y + i, tanh(L::load(x + i)));
  }

  static float squares(const float* x, long count) {
    L sum[4] = {L::set(0.0f), L::set(0.0f), L::set(0.0f), L::set(0.0f)};
    for (long i = 0; i < count; i += kLanes) {
      const L value = L::load(x + i);
      L& into = sum[i / kLanes % 4];
      into = L::fma(value, value, into);
    }
    return L::sum(L::add(L::add(sum[0], sum[1]), L::add(sum[2], sum[3])));
  }

  static void add(const float* a, const float* b, float* to, long count) {
    for (long i = 0; i < count; i += kLanes) L::store(to + i, L::add(L::load(a + i), L::load(b + i)));
  }

  static void adam(const Adam& a) {
    for (long i = 0; i < a.count; i += kLanes) {
      const L g = L::mul(L::load(a.gradient + i), L::set(a.gradient_scale));
      const L m = L::fma(L::sub(g, L::load(a.first + i)), L::set(0.1f), L::load(a.first + i));
      const L v = L::fma(L::mul(g, L::set(0.001f)), g, L::mul(L::load(a.second + i), L::set(0.999f)));
      L::store(a.first + i, m);
      L::store(a.second + i, v);
      const L below = L::fma(L::sqrt(v), L::set(a.second_scale), L::set(a.epsilon));
      const L step = L::div(L::mul(m, L::set(a.step_size)), below);
      L::store(a.parameter + i, L::sub(L::load(a.parameter + i), step));
    }
  }

  static constexpr Kernels table(const char* name) {
    return {name,
            product,
            head,
            column_sums,
            transpose,
            categorical_act,
            categorical_logp,
            categorical_loss,
            gaussian_logp,
            gaussian_loss,
            value_loss,
            exponential,
            hyperbolic_tangent,
            squares,
            add,
            adam};
  }
};

}  // namespace rankine::rl::learn
