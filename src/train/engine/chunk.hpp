// SPDX-License-Identifier: Apache-2.0
// Consecutive layers of the chain, the part of a pipeline stage: forward and backward passes of
// micro-batches, several of them in flight, with what must be kept between the two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include <rankine/nn/device.hpp>
#include <rankine/nn/layer.hpp>
#include <rankine/train/memory.hpp>
#include <rankine/train/pipeline.hpp>
#include <rankine/train/timeline.hpp>

#include "train/engine/gradients.hpp"
#include "train/engine/parameters.hpp"

namespace rankine::train {

/// What all chunks of a rank share: memory that one pass needs at a time.
struct Workspace {
  std::shared_ptr<void> scratch;
  std::shared_ptr<void> saved;         ///< of one layer, where passes are run again
  std::shared_ptr<void> gradients[2];  ///< of activations, in turn
};

struct ChunkPlace {
  LayerRange layers;
  bool first = false;  ///< of the whole chain
  bool last = false;
};

class Chunk {
 public:
  Chunk(const nn::Model& model, const ChunkPlace& place, std::size_t examples, std::size_t targets,
        std::size_t in_flight, bool recompute, nn::Device& device, Parameters& parameters,
        Gradients& gradients, Memory& memory);

  const ChunkPlace& place() const { return place_; }
  std::size_t input_bytes() const { return sizes_.front().input; }
  std::size_t output_bytes() const { return sizes_.back().output; }

  /// Where the input of a micro-batch goes, and its targets (of the last chunk, on the host).
  void* input(std::size_t micro_batch) { return slot(micro_batch).input.get(); }
  std::vector<std::int32_t>& targets(std::size_t micro_batch) { return slot(micro_batch).targets; }
  /// The targets are there: to the device.
  void place_targets(std::size_t micro_batch);

  /// Returns the output of its last layer; of the last chunk a LossSum.
  const void* forward(std::size_t micro_batch, nn::Pass pass, Workspace& workspace, Timeline* timeline);
  /// `d_output` (null for the last chunk) is workspace.gradients[0]. Returns the gradient of the input, null
  /// for the first chunk.
  const void* backward(std::size_t micro_batch, nn::Pass pass, Workspace& workspace, Timeline* timeline);

 private:
  struct Slot {
    std::shared_ptr<void> input;
    std::vector<std::shared_ptr<void>> outputs;
    std::vector<std::shared_ptr<void>> saved;
    std::vector<std::int32_t> targets;
    std::shared_ptr<void> device_targets;
    nn::LossSum loss;
  };

  Slot& slot(std::size_t micro_batch) { return slots_[micro_batch % slots_.size()]; }
  void* output(Slot& slot, std::size_t k);
  const void* input_of(Slot& slot, std::size_t k);
  void run(Slot& slot, std::size_t k, nn::Pass& pass, std::span<const void* const> parameters, void* saved);
  nn::Pass with_targets(nn::Pass pass, Slot& slot) const;

  const nn::Model& model_;
  ChunkPlace place_;
  std::size_t examples_;
  bool recompute_;
  nn::Device& device_;
  Parameters& parameters_;
  Gradients& gradients_;
  std::vector<nn::Layer::Sizes> sizes_;
  std::vector<Slot> slots_;
};

}  // namespace rankine::train
