// SPDX-License-Identifier: Apache-2.0
// The matrix product: tiles of six rows and four (two without AVX-512) registers of columns stay in registers
// over a block of steps, whose part of b lies packed in the first cache (Goto and van de Geijn 2008).
#pragma once

#include "nn/kernels/kernels.hpp"
#include "nn/kernels/lanes.hpp"

namespace rankine::nn {

template <int W>
struct Products {
  using L = Lanes<W>;
  using V = typename L::V;
  static constexpr long kRows = 6;
  static constexpr int kWide = W == 16 ? 4 : 2;
  static constexpr long kSteps = 128;  // of a block: a panel of 32 KiB

  struct Tile {
    const float* a;
    const float* b;
    float* c;
    long b_row;
    long steps;
    long columns;  // that exist, of C W
    bool add;
  };

  template <int R, int C>
  static void tile(const Product& p, const Tile& t) {
    V sum[R][C];
    const bool whole = t.columns >= C * W;
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        const float* at = t.c + r * p.c_row + c * W;
        sum[r][c] = !t.add ? V{} : whole ? L::load(at) : L::load_part(at, t.columns - c * W);
      }
    }
    const float* a = t.a;
    const float* b = t.b;
    for (long k = 0; k < t.steps; ++k) {
      V columns[C];
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) columns[c] = L::load(b + c * W);
#pragma GCC unroll 6
      for (int r = 0; r < R; ++r) {
        const V x = L::set(a[r * p.a_row]);
#pragma GCC unroll 4
        for (int c = 0; c < C; ++c) sum[r][c] += x * columns[c];
      }
      a += p.a_step;
      b += t.b_row;
    }
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
#pragma GCC unroll 4
      for (int c = 0; c < C; ++c) {
        float* at = t.c + r * p.c_row + c * W;
        if (whole)
          L::store(at, sum[r][c]);
        else
          L::store_part(at, sum[r][c], t.columns - c * W);
      }
    }
  }

  template <int C>
  static void rows(const Product& p, Tile t) {
    long left = p.rows;
    for (; left >= kRows; left -= kRows) {
      tile<kRows, C>(p, t);
      t.a += kRows * p.a_row;
      t.c += kRows * p.c_row;
    }
    switch (left) {
      case 5:
        return tile<5, C>(p, t);
      case 4:
        return tile<4, C>(p, t);
      case 3:
        return tile<3, C>(p, t);
      case 2:
        return tile<2, C>(p, t);
      case 1:
        return tile<1, C>(p, t);
      default:
        return;
    }
  }

  /// One panel of b and one block of steps.
  static void panel(const Product& p, Tile t) {
    for (long left = t.columns; left > 0;) {
      t.columns = left;
      long done = W;
      if (left > (kWide - 1) * W) {
        rows<kWide>(p, t);
        done = kWide * W;
      } else if (kWide > 2 && left > W) {
        rows<2>(p, t);
        done = 2 * W;
      } else {
        rows<1>(p, t);
      }
      left -= done;
      t.b += done;
      t.c += done;
    }
  }

  static long smaller(long a, long b) {
    return a < b ? a : b;
  }

  static void product(const Product& p) {
    alignas(64) float room[kSteps * kPanel];
    const long packed_columns = p.packed_columns > p.columns ? p.packed_columns : p.columns;
    for (long column = 0; column < p.columns; column += kPanel) {
      const long columns = smaller(kPanel, p.columns - column);
      const long padded = (columns + 15) / 16 * 16;
      for (long step = 0; step < p.steps || step == 0; step += kSteps) {
        const long steps = smaller(kSteps, p.steps - step);
        Tile t{p.a + step * p.a_step, nullptr, p.c + column, padded, steps, columns, p.add || step > 0};
        if (p.b_row == 0) {
          t.b_row = (smaller(kPanel, packed_columns - column) + 15) / 16 * 16;
          t.b = p.b + column * p.steps + step * t.b_row;
        } else if (columns % 16 == 0 && (p.rows < 4 * kRows || p.b_row == padded)) {
          t.b = p.b + step * p.b_row + column;
          t.b_row = p.b_row;
        } else {
          pack({p.b + step * p.b_row + column, p.b_row, false, steps, columns, room}, 0);
          t.b = room;
        }
        panel(p, t);
      }
    }
  }

  static void pack(const Packing& p, long panel) {
    const long column = panel * kPanel;
    const long columns = smaller(kPanel, p.columns - column);
    const long padded = (columns + 15) / 16 * 16;
    float* into = p.into + column * p.steps;
    if (p.transposed) return pack_transposed(p.from + column * p.row, p.row, p.steps, columns, padded, into);
    for (long k = 0; k < p.steps; ++k, into += padded) {
      const float* from = p.from + k * p.row + column;
      for (long n = 0; n + 16 <= columns; n += 16) __builtin_memcpy(into + n, from + n, 64);
      for (long n = columns / 16 * 16; n < padded; ++n) into[n] = n < columns ? from[n] : 0.0F;
    }
  }

  static void pack_transposed(const float* from, long row, long steps, long columns, long padded,
                              float* into) {
    for (long n = 0; n < padded; n += W) {
      long k = 0;
      for (; n + W <= columns && k + W <= steps; k += W)
        transpose(from + n * row + k, row, into + k * padded + n, padded);
      for (; k < steps; ++k) {
        for (long j = 0; j < W; ++j)
          into[k * padded + n + j] = n + j < columns ? from[(n + j) * row + k] : 0.0F;
      }
    }
  }

  /// W x W numbers: halves of ever smaller squares change places.
  static void transpose(const float* from, long from_row, float* into, long into_row) {
    V rows[W];
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) rows[i] = L::load(from + i * from_row);
#pragma GCC unroll 4
    for (int half = W / 2; half > 0; half /= 2) {
      const auto lane = L::count_from(0);
      const auto low = (lane & half) == 0 ? lane : lane + (W - half);
      const auto high = (lane & half) == 0 ? lane + half : lane + W;
#pragma GCC unroll 16
      for (int i = 0; i < W; ++i) {
        if ((i & half) != 0) continue;
        const V a = rows[i];
        const V b = rows[i | half];
        rows[i] = __builtin_shuffle(a, b, low);
        rows[i | half] = __builtin_shuffle(a, b, high);
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < W; ++i) L::store(into + i * into_row, rows[i]);
  }
};

}  // namespace rankine::nn
