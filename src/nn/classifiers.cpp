// SPDX-License-Identifier: Apache-2.0
#include <rankine/nn/classifiers.hpp>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "nn/classifier_parts.hpp"

namespace rankine::nn {

namespace {

/// Dense layers with ReLU, then the head.
void add_dense(Model& model, const LayerMakers& makers, std::size_t inputs,
               const std::vector<std::size_t>& hidden, std::size_t classes, double dropout) {
  if (!(dropout >= 0 && dropout < 1)) throw InputError(fmt::format("dropout {} is not in [0, 1)", dropout));
  const auto shape = [&](std::size_t outputs) {
    if (inputs * outputs == 0) throw InputError("a layer of a network has no inputs or no outputs");
    return DenseShape{model.units.size(), static_cast<long>(inputs), static_cast<long>(outputs)};
  };
  for (std::size_t k = 0; k < hidden.size(); ++k) {
    model.layers.push_back(makers.dense(shape(hidden[k]), dropout));
    model.units.push_back(dense_unit(fmt::format("dense.{}", k), inputs, hidden[k]));
    inputs = hidden[k];
  }
  model.layers.push_back(makers.head(shape(classes)));
  model.units.push_back(dense_unit("head", inputs, classes));
}

LayerMakers on_the_host() {
  return {make_convolution, make_dense, make_classifier_head};
}

}  // namespace

Model mlp_of(const MlpConfig& config, const LayerMakers& makers) {
  Model model;
  model.name = "mlp";
  add_dense(model, makers, config.inputs, config.hidden, config.classes, config.dropout);
  return model;
}

Model cnn_of(const CnnConfig& config, const LayerMakers& makers) {
  Model model;
  model.name = "cnn";
  std::size_t height = config.height;
  std::size_t width = config.width;
  std::size_t channels = config.channels;
  if (config.kernel == 0) throw InputError("a convolution's kernel must be 1 or more wide");
  for (std::size_t k = 0; k < config.convolutions.size(); ++k) {
    const std::size_t outputs = config.convolutions[k];
    if (height <= config.kernel || width <= config.kernel || channels * outputs == 0) {
      throw InputError(
          fmt::format("convolution {} leaves nothing of {} x {} pixels and {} channels: take fewer "
                      "convolutions or a smaller kernel",
                      k, height, width, channels));
    }
    ConvolutionShape shape{.unit = model.units.size(),
                           .height = static_cast<long>(height),
                           .width = static_cast<long>(width),
                           .channels = static_cast<long>(channels),
                           .outputs = static_cast<long>(outputs),
                           .kernel = static_cast<long>(config.kernel)};
    model.layers.push_back(makers.convolution(shape));
    model.units.push_back(convolution_unit(fmt::format("conv.{}", k), channels, outputs, config.kernel));
    height = static_cast<std::size_t>(shape.rows() / 2);
    width = static_cast<std::size_t>(shape.columns() / 2);
    channels = outputs;
  }
  add_dense(model, makers, height * width * channels, config.hidden, config.classes, config.dropout);
  return model;
}

Model make_mlp(const MlpConfig& config) {
  return mlp_of(config, on_the_host());
}

Model make_cnn(const CnnConfig& config) {
  return cnn_of(config, on_the_host());
}

}  // namespace rankine::nn
