// SPDX-License-Identifier: Apache-2.0
// The loops of kernels.hpp besides the product, over registers of W floats.
#pragma once

#include "nn/dropout.hpp"
#include "nn/kernels/kernels.hpp"
#include "nn/kernels/lanes.hpp"
#include "nn/kernels/product.hpp"

namespace rankine::nn {

template <int W>
struct Loops {
  using L = Lanes<W>;
  using V = typename L::V;

  static void rows_by_vector(const float* w, long rows, long steps, const float* x, float* y) {
    for (long r = 0; r < rows; ++r, w += steps) {
      V sum{};
      L::over(steps, [&](auto load, auto, long k) { sum += load(w + k) * load(x + k); });
      y[r] = L::sum(sum);
    }
  }

  static void norm(const Norm& p) {
    const float share = 1.0F / static_cast<float>(p.width);
    for (long r = 0; r < p.rows; ++r) {
      const float* x = p.x + r * p.width;
      float* y = p.y + r * p.width;
      V sum{};
      L::over(p.width, [&](auto load, auto, long k) { sum += load(x + k); });
      const float mean = L::sum(sum) * share;
      V squares{};
      L::over(p.width, [&](auto load, auto store, long k) {
        store(y + k, load(x + k) - mean);  // zeros where there is nothing stay out of the sum
        const V d = load(y + k);
        squares += d * d;
      });
      const float inverse = 1.0F / __builtin_sqrtf(L::sum(squares) * share + 1e-5F);
      L::over(p.width, [&](auto load, auto store, long k) {
        const V n = load(y + k) * inverse * load(p.weight + k);
        store(y + k, p.bias == nullptr ? n : n + load(p.bias + k));
      });
      p.mean[r] = mean;
      p.inverse[r] = inverse;
    }
  }

  static void norm_backward(const NormBackward& p) {
    const float share = 1.0F / static_cast<float>(p.width);
    for (long r = 0; r < p.rows; ++r) {
      const float* x = p.x + r * p.width;
      const float* d_y = p.d_y + r * p.width;
      const float* d_beside = p.d_beside == nullptr ? nullptr : p.d_beside + r * p.width;
      float* d_x = p.d_x + r * p.width;
      const float mean = p.mean[r];
      const float inverse = p.inverse[r];
      V sum{};
      V with{};
      L::over(p.width, [&](auto load, auto store, long k) {
        const V n = (load(x + k) - mean) * inverse;
        const V d = load(d_y + k);
        store(p.d_weight + k, load(p.d_weight + k) + d * n);
        if (p.d_bias != nullptr) store(p.d_bias + k, load(p.d_bias + k) + d);
        const V by = d * load(p.weight + k);
        sum += by;
        with += by * n;
      });
      const float a = L::sum(sum) * share;
      const float b = L::sum(with) * share;
      L::over(p.width, [&](auto load, auto store, long k) {
        const V n = (load(x + k) - mean) * inverse;
        const V beside = d_beside == nullptr ? V{} : load(d_beside + k);
        store(d_x + k, beside + (load(d_y + k) * load(p.weight + k) - a - n * b) * inverse);
      });
    }
  }

  /// Phi(x), and exp(-x^2 / 2) for the slope.
  static V normal_share(V x, V& bell) {
    const V z = L::abs(x) * 0.707106781F;
    bell = L::exp(-z * z);
    const V t = 1.0F / (z * 0.3275911F + 1.0F);
    V p = t * 1.061405429F - 1.453152027F;
    p = p * t + 1.421413741F;
    p = p * t - 0.284496736F;
    p = p * t + 0.254829592F;
    const V tail = p * t * bell * 0.5F;
    return x > 0.0F ? 1.0F - tail : tail;
  }

  static void gelu(const float* x, float* y, long count) {
    L::over(count, [&](auto load, auto store, long k) {
      V bell;
      const V value = load(x + k);
      store(y + k, value * normal_share(value, bell));
    });
  }

  static void gelu_backward(const float* x, float* d, float* y, long count) {
    L::over(count, [&](auto load, auto store, long k) {
      V bell;
      const V value = load(x + k);
      const V share = normal_share(value, bell);
      store(y + k, value * share);
      store(d + k, load(d + k) * (share + value * bell * 0.398942280F));
    });
  }

  /// Whole registers: rows of scores are padded.
  static void softmax(const Scores& p) {
    const V none = L::set(-3e38F);
    for (long q = 0; q < p.queries; ++q) {
      float* s = p.scores + q * p.row;
      const int own = static_cast<int>(p.first + q);
      V most = none;
      for (long k = 0; k <= own; k += W) most = L::max(most, L::count_from(k) <= own ? L::load(s + k) : none);
      const float shift = L::largest(most) * p.scale;
      V sum{};
      for (long k = 0; k < p.keys; k += W) {
        const V e = L::exp((L::count_from(k) <= own ? L::load(s + k) : none) * p.scale - shift);
        L::store(s + k, e);
        sum += e;
      }
      const float all = L::sum(sum);
      p.log_sums[q] = shift + __builtin_logf(all);
      const V factor = L::set(1.0F / all);
      for (long k = 0; k < p.keys; k += W) L::store(s + k, L::load(s + k) * factor);
    }
  }

  static void weights(const Scores& p) {
    for (long q = 0; q < p.queries; ++q) {
      float* s = p.scores + q * p.row;
      const int own = static_cast<int>(p.first + q);
      const float log_sum = p.log_sums[q];
      for (long k = 0; k < p.keys; k += W) {
        const V score = L::count_from(k) <= own ? L::load(s + k) : L::set(-3e38F);
        L::store(s + k, L::exp(score * p.scale - log_sum));
      }
    }
  }

  static void weights_backward(const Scores& p, const float* w, float* d) {
    for (long q = 0; q < p.queries; ++q, w += p.row, d += p.row) {
      V sum{};
      for (long k = 0; k < p.keys; k += W) sum += L::load(w + k) * L::load(d + k);
      const float mean = L::sum(sum);
      for (long k = 0; k < p.keys; k += W)
        L::store(d + k, L::load(w + k) * (L::load(d + k) - mean) * p.scale);
    }
  }

  static float largest_of(const float* x, long count) {
    V most = L::set(x[0]);
    long k = 0;
    for (; k + W <= count; k += W) most = L::max(most, L::load(x + k));
    float result = L::largest(most);
    for (; k < count; ++k) result = x[k] > result ? x[k] : result;
    return result;
  }

  static RowSums row_sums(const float* logits, long count) {
    const float largest = largest_of(logits, count);
    V sum{};
    long k = 0;
    for (; k + W <= count; k += W) sum += L::exp(L::load(logits + k) - largest);
    if (k < count) {
      float rest[W] = {};
      L::store_part(rest, L::exp(L::load_part(logits + k, count - k) - largest), count - k);
      sum += L::load(rest);
    }
    return {largest, L::sum(sum)};
  }

  static void probabilities(float* logits, long count, float log_sum, float factor) {
    L::over(count, [&](auto load, auto store, long k) {
      store(logits + k, L::exp(load(logits + k) - log_sum) * factor);
    });
  }

  static void dropout_factors(const Dropout& dropout, std::uint64_t row_key, float* factors, long count) {
    for (long k = 0; k < count; ++k) factors[k] = dropout.at(row_key, static_cast<std::uint32_t>(k));
  }

  static void sum(float* into, const float* a, const float* b, long count) {
    L::over(count, [&](auto load, auto store, long k) { store(into + k, load(a + k) + load(b + k)); });
  }

  static void add(float* to, const float* from, long count) {
    L::over(count, [&](auto load, auto store, long k) { store(to + k, load(to + k) + load(from + k)); });
  }
  static void multiply(float* to, const float* by, long count) {
    L::over(count, [&](auto load, auto store, long k) { store(to + k, load(to + k) * load(by + k)); });
  }
  static void scale(float* to, float factor, long count) {
    L::over(count, [&](auto load, auto store, long k) { store(to + k, load(to + k) * factor); });
  }

  /// Eight chains.
  static double squares(const float* x, long count) {
    double sums[8] = {};
    long k = 0;
    for (; k + 8 <= count; k += 8) {
      for (int j = 0; j < 8; ++j) sums[j] += static_cast<double>(x[k + j]) * static_cast<double>(x[k + j]);
    }
    for (; k < count; ++k) sums[k % 8] += static_cast<double>(x[k]) * static_cast<double>(x[k]);
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
  }

  /// p.decay where an element is decayed, else 0. Tensors are so as a whole: nearly always all lanes agree.
  static V decay_of(const AdamStep& p, long k) {
    constexpr unsigned char kAll[16] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    if (p.count - k >= W && __builtin_memcmp(p.decayed + k, kAll, W) == 0) return L::set(p.decay);
    V decay{};
    for (int j = 0; j < W && k + j < p.count; ++j) decay[j] = p.decayed[k + j] != 0 ? p.decay : 0.0F;
    return decay;
  }

  static void adam(const AdamStep& p) {
    const float rest_1 = 1 - p.beta1;
    const float rest_2 = 1 - p.beta2;
    L::over(p.count, [&](auto load, auto store, long k) {
      const V decay = decay_of(p, k);
      const V g = load(p.gradient + k) * p.clip;
      const V m = load(p.first + k) + (g - load(p.first + k)) * rest_1;
      const V v = load(p.second + k) * p.beta2 + g * g * rest_2;
      const V x = load(p.parameter + k);
      store(p.first + k, m);
      store(p.second + k, v);
      store(p.parameter + k, x - x * decay - m * p.step_size / (L::root(v) * p.second_scale + p.epsilon));
    });
  }

  static constexpr Kernels table(const char* name) {
    return {name,
            Products<W>::product,
            rows_by_vector,
            Products<W>::pack,
            norm,
            norm_backward,
            gelu,
            gelu_backward,
            softmax,
            weights,
            weights_backward,
            row_sums,
            probabilities,
            dropout_factors,
            add,
            sum,
            multiply,
            scale,
            squares,
            adam};
  }
};

}  // namespace rankine::nn
