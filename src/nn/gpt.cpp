// SPDX-License-Identifier: Apache-2.0
#include <rankine/nn/gpt.hpp>

#include "nn/gpt_parts.hpp"

namespace rankine::nn {

Model make_gpt(const GptConfig& config, TensorGroup& group) {
  Model model;
  model.name = "gpt";
  model.units = gpt_units(config, group.size());
  const GptParts parts(config, group);
  model.layers.push_back(make_gpt_embedding(parts, model.units));
  for (std::size_t layer = 0; layer < config.layers; ++layer)
    model.layers.push_back(make_gpt_block(parts, model.units, layer));
  model.layers.push_back(make_gpt_head(parts, model.units));
  return model;
}

}  // namespace rankine::nn
