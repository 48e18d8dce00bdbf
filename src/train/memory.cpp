// SPDX-License-Identifier: Apache-2.0
// With N the numbers of a unit, D data ranks, b bytes of a working number and k = 1 + log2 of the
// micro-batches of a rank: parameters b N (zero 3: b N / D and twice the largest layer), gradients 4 k N a
// use (zero 2, 3: 4 k N / D and twice the largest layer), optimiser 9 N, with bf16 13 N (zero 1 to 3: by D).
// Rajbhandari et al. 2020 have k = 1, and 8 for AdamW: the ninth byte says what decays.
#include <rankine/train/memory.hpp>

#include <algorithm>
#include <bit>

#include "train/engine/held_unit.hpp"
#include "train/engine/stages.hpp"

namespace rankine::train {

Memory memory_formula(const nn::Model& model, const Parallel& parallel, std::size_t pipeline,
                      std::size_t shards, std::size_t examples) {
  const Stages stages(model, parallel, examples);
  const std::size_t micro_batches = std::max<std::size_t>(1, shards / parallel.data);
  const std::size_t zero = effective_zero(parallel);
  const std::size_t wide = nn::bytes_of(model.scalar);
  const auto layout = [&](std::size_t unit) {
    return unit_layout(model.units[unit].size(parallel.tensor), 0, parallel.data, zero);
  };
  Memory memory;
  for (const std::size_t unit : stages.units(pipeline)) {
    const UnitLayout here = layout(unit);
    memory.parameters += wide * (zero == 3 ? here.count : here.padded);
    memory.optimiser += here.count * (wide == 4 ? 9 : 13);
  }
  const auto open_sums = static_cast<std::size_t>(std::bit_width(micro_batches));
  const auto actions = pipeline_actions(pipeline, parallel.pipeline, parallel.interleave, micro_batches);
  const std::vector<LayerRange> chunks = stages.chunks(pipeline);
  std::size_t largest = 0;
  for (std::size_t chunk = 0; chunk < chunks.size(); ++chunk) {
    const std::size_t slots = std::max<std::size_t>(1, in_flight(actions, chunk));
    for (std::size_t layer = chunks[chunk].first; layer < chunks[chunk].last; ++layer) {
      std::size_t numbers = 0;
      for (const std::size_t unit : model.layers[layer]->units()) {
        const UnitLayout here = layout(unit);
        memory.gradients += 4 * open_sums * (zero >= 2 ? here.count : here.padded);
        numbers += here.padded;
      }
      largest = std::max(largest, numbers);
      const nn::Layer::Sizes sizes = model.layers[layer]->sizes(examples);
      const bool loss = layer + 1 == model.layers.size();
      memory.activations += slots * ((layer == chunks[chunk].first ? sizes.input : 0) +
                                     (loss ? 0 : sizes.output) + (parallel.recompute ? 0 : sizes.saved));
    }
  }
  if (zero >= 2) memory.gradients += 2 * 4 * largest;
  if (zero == 3) memory.parameters += 2 * wide * largest;
  const Stages::Workspace workspace = stages.workspace(pipeline);
  memory.buffers = workspace.scratch + workspace.saved + 2 * workspace.gradient;
  std::size_t tied = 0;
  for (const std::size_t unit : stages.units(pipeline))
    if (stages.other(unit, pipeline)) tied = std::max(tied, layout(unit).count);
  memory.buffers += 4 * tied;
  return memory;
}

}  // namespace rankine::train
