// SPDX-License-Identifier: Apache-2.0
#include "train/engine/stages.hpp"

#include <algorithm>

#include <rankine/core/error.hpp>

namespace rankine::train {

Stages::Stages(const nn::Model& model, const Parallel& parallel, std::size_t examples)
    : users_(model.units.size()), stages_(parallel.pipeline), recompute_(parallel.recompute) {
  std::vector<double> costs;
  for (const auto& layer : model.layers) {
    sizes_.push_back(layer->sizes(examples));
    layer_units_.push_back(layer->units());
    costs.push_back(std::max(1.0, sizes_.back().flops));
  }
  parts_ = cut(costs, parallel.pipeline * parallel.interleave);
  for (std::size_t part = 0; part < parts_.size(); ++part) {
    for (std::size_t layer = parts_[part].first; layer < parts_[part].last; ++layer) {
      for (const std::size_t unit : layer_units_[layer]) {
        std::vector<std::size_t>& users = users_[unit];
        const std::size_t stage = part % stages_;
        if (std::ranges::find(users, stage) == users.end()) users.push_back(stage);
      }
    }
  }
  for (std::size_t unit = 0; unit < users_.size(); ++unit) {
    if (users_[unit].size() > 2)
      throw InputError("train: unit " + model.units[unit].name +
                       " is used by more than two stages of the pipeline: lower it");
  }
}

std::vector<LayerRange> Stages::chunks(std::size_t stage) const {
  std::vector<LayerRange> chunks;
  for (std::size_t part = stage; part < parts_.size(); part += stages_) chunks.push_back(parts_[part]);
  return chunks;
}

std::vector<std::size_t> Stages::units(std::size_t stage) const {
  std::vector<std::size_t> units;
  for (std::size_t unit = 0; unit < users_.size(); ++unit)
    if (std::ranges::find(users_[unit], stage) != users_[unit].end()) units.push_back(unit);
  return units;
}

bool Stages::counts(std::size_t unit, std::size_t stage) const {
  return !users_[unit].empty() && users_[unit].front() == stage;
}

std::optional<std::size_t> Stages::other(std::size_t unit, std::size_t stage) const {
  if (users_[unit].size() < 2) return std::nullopt;
  return users_[unit].front() == stage ? users_[unit].back() : users_[unit].front();
}

Stages::Workspace Stages::workspace(std::size_t stage) const {
  Workspace most;
  for (const LayerRange& range : chunks(stage)) {
    for (std::size_t layer = range.first; layer < range.last; ++layer) {
      const nn::Layer::Sizes& sizes = sizes_[layer];
      most.scratch = std::max(most.scratch, sizes.scratch);
      if (recompute_) most.saved = std::max(most.saved, sizes.saved);
      if (layer > 0) most.gradient = std::max(most.gradient, sizes.input);
      if (layer + 1 < sizes_.size()) most.gradient = std::max(most.gradient, sizes.output);
      if (layer == 0) most.input = sizes.input;
    }
  }
  return most;
}

}  // namespace rankine::train
