// SPDX-License-Identifier: Apache-2.0
// Which layers and units each stage of a pipeline has. Pure; the engine and the memory formula stand on it.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <rankine/nn/layer.hpp>
#include <rankine/train/parallel.hpp>
#include <rankine/train/pipeline.hpp>

namespace rankine::train {

class Stages {
 public:
  /// Throws InputError where more than two stages use one unit, or more pieces are asked for than layers.
  Stages(const nn::Model& model, const Parallel& parallel, std::size_t examples);

  /// The pieces of the chain that a stage has, in the order of its chunks.
  std::vector<LayerRange> chunks(std::size_t stage) const;
  /// The units that its layers use, in order.
  std::vector<std::size_t> units(std::size_t stage) const;
  /// Whether this stage is the first of those that have the unit: it counts and stores it.
  bool counts(std::size_t unit, std::size_t stage) const;
  /// The other stage that has the unit.
  std::optional<std::size_t> other(std::size_t unit, std::size_t stage) const;

  /// Bytes that one pass at a time needs on a stage.
  struct Workspace {
    std::size_t scratch = 0;
    std::size_t saved = 0;     ///< 0 without recomputation
    std::size_t gradient = 0;  ///< of activations; two of these
    std::size_t input = 0;     ///< of the chain's first layer, where the stage has it
  };
  Workspace workspace(std::size_t stage) const;

 private:
  std::vector<nn::Layer::Sizes> sizes_;
  std::vector<std::vector<std::size_t>> users_;  ///< stages of each unit, each once
  std::vector<std::vector<std::size_t>> layer_units_;
  std::vector<LayerRange> parts_;
  std::size_t stages_;
  bool recompute_;
};

}  // namespace rankine::train
