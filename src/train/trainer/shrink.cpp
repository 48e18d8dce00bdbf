// SPDX-License-Identifier: Apache-2.0
#include <rankine/train/trainer.hpp>

namespace rankine::train {

Parallel shrink(const Parallel& wanted, std::size_t ranks) {
  Parallel best = wanted;
  std::size_t largest = 0;
  for (std::size_t tensor = wanted.tensor; tensor > 0; tensor = tensor % 2 == 0 ? tensor / 2 : 0) {
    for (std::size_t pipeline = wanted.pipeline; pipeline > 0; pipeline /= 2) {
      for (std::size_t data = wanted.data; data > 0; data /= 2) {
        Parallel mesh = wanted;
        mesh.tensor = tensor;
        mesh.pipeline = pipeline;
        mesh.data = data;
        if (mesh.ranks() > ranks || mesh.ranks() <= largest) continue;
        largest = mesh.ranks();
        best = mesh;
      }
    }
  }
  if (largest == 0) best.data = best.tensor = best.pipeline = 1;
  if (best.pipeline == 1) best.interleave = 1;
  if (best.tensor == 1) best.sequence = false;
  return best;
}

}  // namespace rankine::train
