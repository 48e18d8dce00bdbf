// SPDX-License-Identifier: Apache-2.0
#include "train/product_rate.hpp"

#include <algorithm>
#include <vector>

#include <rankine/core/clock.hpp>

#include "nn/kernels/kernels.hpp"

namespace rankine::train {

double measured_product_rate(nn::Threads& threads) {
  constexpr long side = 512;
  const nn::Kernels& loops = nn::kernels();
  std::vector<float> a(side * side, 0.5F);
  std::vector<float> b(static_cast<std::size_t>(nn::packed_size(side, side)));
  for (long panel = 0; panel < (side + nn::kPanel - 1) / nn::kPanel; ++panel) {
    loops.pack({.from = a.data(), .row = side, .steps = side, .columns = side, .into = b.data()}, panel);
  }
  std::vector<std::vector<float>> results(threads.count(), std::vector<float>(side * side));
  double best = 0;
  for (int repetition = 0; repetition < 4; ++repetition) {
    const Time start = now();
    threads.for_each(threads.count(), [&](std::size_t thread) {
      nn::Product product;
      product.a = a.data();
      product.a_row = side;
      product.b = b.data();
      product.c = results[thread].data();
      product.c_row = side;
      product.rows = product.steps = product.columns = product.packed_columns = side;
      loops.product(product);
    });
    const double operations = 2.0 * side * side * side * static_cast<double>(threads.count());
    best = std::max(best, operations / seconds_since(start));
  }
  return best;
}

}  // namespace rankine::train
