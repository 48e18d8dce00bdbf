// SPDX-License-Identifier: Apache-2.0
#include <rankine/nn/mlp.hpp>

#include <cmath>

#include <Eigen/Core>

#include <rankine/core/error.hpp>
#include <rankine/core/philox.hpp>

namespace rankine::nn {

namespace {

using Matrix = Eigen::MatrixXf;  // a column an example
using ConstMap = Eigen::Map<const Matrix>;
using Map = Eigen::Map<Matrix>;
using ConstVector = Eigen::Map<const Eigen::VectorXf>;

Eigen::Index index(std::size_t size) {
  return static_cast<Eigen::Index>(size);
}

/// Columns of scores become columns of probabilities; the sum of -log of those of the labels.
double softmax(Matrix& scores, std::span<const std::uint8_t> labels) {
  double loss = 0;
  for (Eigen::Index row = 0; row < scores.cols(); ++row) {
    auto column = scores.col(row);
    const float most = column.maxCoeff();
    column = (column.array() - most).exp();
    const float sum = column.sum();
    column /= sum;
    loss -= std::log(std::max(1e-30, static_cast<double>(column(labels[static_cast<std::size_t>(row)]))));
  }
  return loss;
}

}  // namespace

Mlp::Mlp(std::vector<std::size_t> widths, std::uint64_t seed) : widths_(std::move(widths)) {
  if (widths_.size() < 2) throw InputError("a network needs inputs and classes");
  std::size_t size = 0;
  for (std::size_t layer = 0; layer + 1 < widths_.size(); ++layer) {
    if (widths_[layer] == 0 || widths_[layer + 1] == 0) throw InputError("a layer of a network has no units");
    offsets_.push_back(size);
    size += (widths_[layer] + 1) * widths_[layer + 1];
  }
  parameters_.resize(size);
  for (std::size_t layer = 0; layer + 1 < widths_.size(); ++layer) {
    Philox random(seed, layer);
    const double deviation = std::sqrt(2.0 / static_cast<double>(widths_[layer]));
    for (std::size_t k = 0; k < widths_[layer] * widths_[layer + 1]; ++k)
      parameters_[offsets_[layer] + k] = static_cast<float>(deviation * random.normal());
  }
}

namespace {

/// One layer's parameters, seen as matrices.
struct Layer {
  std::size_t inputs, outputs, offset;
  ConstMap weights(std::span<const float> all) const {
    return {all.data() + offset, index(outputs), index(inputs)};
  }
  ConstVector biases(std::span<const float> all) const {
    return {all.data() + offset + inputs * outputs, index(outputs)};
  }
};

/// What each layer puts out; the last one without ReLU.
std::vector<Matrix> forward(const std::vector<Layer>& layers, std::span<const float> parameters,
                            std::span<const float> features, std::size_t rows) {
  std::vector<Matrix> outputs;
  for (std::size_t k = 0; k < layers.size(); ++k) {
    const ConstMap input =
        k == 0 ? ConstMap(features.data(), index(layers[0].inputs), index(rows))
               : ConstMap(outputs.back().data(), outputs.back().rows(), outputs.back().cols());
    Matrix output = layers[k].weights(parameters) * input;
    output.colwise() += layers[k].biases(parameters);
    if (k + 1 < layers.size()) output = output.cwiseMax(0.0F);
    outputs.push_back(std::move(output));
  }
  return outputs;
}

std::vector<Layer> layers_of(const std::vector<std::size_t>& widths,
                             const std::vector<std::size_t>& offsets) {
  std::vector<Layer> layers;
  for (std::size_t k = 0; k < offsets.size(); ++k) layers.push_back({widths[k], widths[k + 1], offsets[k]});
  return layers;
}

}  // namespace

double Mlp::loss_and_gradient(std::span<const float> features, std::span<const std::uint8_t> labels,
                              double weight_decay, std::span<float> gradient) const {
  const std::size_t rows = labels.size();
  const auto layers = layers_of(widths_, offsets_);
  std::vector<Matrix> outputs = forward(layers, parameters_, features, rows);
  const double loss = softmax(outputs.back(), labels) / static_cast<double>(rows);
  Matrix delta = std::move(outputs.back());  // of the loss by the last layer's outputs, in the end
  for (std::size_t row = 0; row < rows; ++row) delta(labels[row], index(row)) -= 1;
  delta /= static_cast<float>(rows);
  for (std::size_t k = layers.size(); k-- > 0;) {
    const Layer& layer = layers[k];
    const ConstMap input = k == 0 ? ConstMap(features.data(), index(layer.inputs), index(rows))
                                  : ConstMap(outputs[k - 1].data(), index(layer.inputs), index(rows));
    Map(gradient.data() + layer.offset, index(layer.outputs), index(layer.inputs)) =
        delta * input.transpose();
    Eigen::Map<Eigen::VectorXf>(gradient.data() + layer.offset + layer.inputs * layer.outputs,
                                index(layer.outputs)) = delta.rowwise().sum();
    if (k == 0) break;
    Matrix below = layer.weights(parameters_).transpose() * delta;
    delta = (input.array() > 0).select(below.array(), 0.0F);
  }
  const ConstVector all(parameters_.data(), index(parameters_.size()));
  Eigen::Map<Eigen::VectorXf>(gradient.data(), index(gradient.size())) +=
      static_cast<float>(weight_decay) * all;
  return loss + weight_decay / 2 * static_cast<double>(all.squaredNorm());
}

Mlp::Score Mlp::score(std::span<const float> features, std::span<const std::uint8_t> labels) const {
  std::vector<Matrix> outputs = forward(layers_of(widths_, offsets_), parameters_, features, labels.size());
  Matrix& last = outputs.back();
  std::size_t wrong = 0;
  for (std::size_t row = 0; row < labels.size(); ++row) {
    Eigen::Index most = 0;
    last.col(index(row)).maxCoeff(&most);
    wrong += most != labels[row];
  }
  const auto rows = static_cast<double>(labels.size());
  return {softmax(last, labels) / rows, static_cast<double>(wrong) / rows};
}

}  // namespace rankine::nn
