// SPDX-License-Identifier: Apache-2.0
// Dense layers of classifiers.
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "nn/arrays.hpp"
#include "nn/classifier_parts.hpp"
#include "nn/cross_entropy.hpp"
#include "nn/dropout.hpp"

namespace rankine::nn {

Unit dense_unit(std::string name, std::size_t inputs, std::size_t outputs) {
  const double deviation = std::sqrt(2.0 / static_cast<double>(inputs));  // He et al. 2015
  return {std::move(name),
          {{.name = "weight", .shape = {outputs, inputs}, .deviation = deviation},
           {.name = "bias", .shape = {outputs}, .decay = false}}};
}

namespace {

struct Dense {
  DenseShape shape;
  const Kernels& kernels;

  const float* bias(const void* parameters) const {
    return static_cast<const float*>(parameters) + shape.outputs * shape.inputs;
  }
  double flops(std::size_t examples) const {
    return 2.0 * static_cast<double>(examples) * static_cast<double>(shape.inputs * shape.outputs);
  }
  long packed() const {
    return std::max(packed_size(shape.inputs, shape.outputs), packed_size(shape.outputs, shape.inputs));
  }

  /// y = x w^T + bias, then finish(first row, rows).
  template <class Finish>
  void forward(const Pass& pass, const void* parameters, const float* x, float* y, float* room,
               const Finish& finish) const {
    const auto* const w = static_cast<const float*>(parameters);
    const Packing packings[] = {{w, shape.inputs, true, shape.inputs, shape.outputs, room}};
    pack_all(kernels, *pass.threads, packings);
    for_row_blocks(*pass.threads, static_cast<long>(pass.examples), [&](long first, long rows) {
      for (long row = first; row < first + rows; ++row)
        std::memcpy(y + row * shape.outputs, bias(parameters), static_cast<std::size_t>(shape.outputs) * 4);
      kernels.product({.a = x + first * shape.inputs,
                       .a_row = shape.inputs,
                       .b = room,
                       .c = y + first * shape.outputs,
                       .c_row = shape.outputs,
                       .rows = rows,
                       .steps = shape.inputs,
                       .columns = shape.outputs,
                       .add = true});
      finish(first, rows);
    });
  }
  /// From the slopes d [examples][outputs].
  void backward(const Pass& pass, const void* parameters, const float* x, const float* d, float* d_x,
                float* gradient, float* room) const {
    const auto* const w = static_cast<const float*>(parameters);
    const auto examples = static_cast<long>(pass.examples);
    const WeightGradient sums[] = {{d, x, gradient, examples, shape.outputs, shape.inputs}};
    add_weight_gradients(kernels, *pass.threads, sums);
    add_rows(kernels, d, examples, shape.outputs, gradient + shape.outputs * shape.inputs);
    if (d_x == nullptr) return;
    const Packing packings[] = {{w, shape.inputs, false, shape.outputs, shape.inputs, room}};
    pack_all(kernels, *pass.threads, packings);
    for_row_blocks(*pass.threads, examples, [&](long first, long rows) {
      kernels.product({.a = d + first * shape.outputs,
                       .a_row = shape.outputs,
                       .b = room,
                       .c = d_x + first * shape.inputs,
                       .c_row = shape.inputs,
                       .rows = rows,
                       .steps = shape.outputs,
                       .columns = shape.inputs});
    });
  }
};

class Hidden : public Layer {
 public:
  Hidden(const DenseShape& shape, double dropout) : dense_{shape, kernels()}, dropout_(dropout) {}

  Sizes sizes(std::size_t examples) const override {
    Carving scratch;
    scratch.take(dense_.packed());
    scratch.take(static_cast<long>(examples) * dense_.shape.outputs);
    return {.input = 4 * examples * static_cast<std::size_t>(dense_.shape.inputs),
            .output = 4 * examples * static_cast<std::size_t>(dense_.shape.outputs),
            .saved = 0,
            .scratch = scratch.bytes(),
            .flops = dense_.flops(examples)};
  }
  std::string name() const override { return fmt::format("dense {}", dense_.shape.unit); }
  std::vector<std::size_t> units() const override { return {dense_.shape.unit}; }

  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void*) override {
    const long outputs = dense_.shape.outputs;
    auto* const y = static_cast<float*>(output);
    auto* const room = static_cast<float*>(pass.scratch);
    Carving carving;
    carving.take(dense_.packed());
    float* const factors = room + carving.take(0);
    const Dropout dropout =
        pass.training && dropout_ > 0 ? Dropout(pass.key, dense_.shape.unit, dropout_) : Dropout();
    dense_.forward(pass, parameters[0], static_cast<const float*>(input), y, room,
                   [&](long first, long rows) {
                     for (long k = first * outputs; k < (first + rows) * outputs; ++k)
                       y[k] = y[k] > 0 ? y[k] : 0;
                     for (long row = first; dropout.threshold != 0 && row < first + rows; ++row) {
                       dense_.kernels.dropout_factors(dropout, dropout.row(static_cast<std::uint64_t>(row)),
                                                      factors + row * outputs, outputs);
                       dense_.kernels.multiply(y + row * outputs, factors + row * outputs, outputs);
                     }
                   });
  }
  void backward(const Pass& pass, std::span<const void* const> parameters, const void* input,
                const void* output, const void*, const void* d_output, void* d_input,
                std::span<float* const> gradients) override {
    Carving carving;
    auto* const room = static_cast<float*>(pass.scratch) + carving.take(dense_.packed());
    const long size = static_cast<long>(pass.examples) * dense_.shape.outputs;
    float* const d = static_cast<float*>(pass.scratch) + carving.take(size);
    const auto* const y = static_cast<const float*>(output);
    const auto* const d_y = static_cast<const float*>(d_output);
    // What was dropped is 0 as what ReLU cut is.
    const float factor = pass.training && dropout_ > 0 ? static_cast<float>(1 / (1 - dropout_)) : 1.0F;
    for (long k = 0; k < size; ++k) d[k] = y[k] > 0 ? d_y[k] * factor : 0.0F;
    dense_.backward(pass, parameters[0], static_cast<const float*>(input), d, static_cast<float*>(d_input),
                    gradients[0], room);
  }

 private:
  Dense dense_;
  double dropout_;
};

class ClassifierHead : public Layer {
 public:
  explicit ClassifierHead(const DenseShape& shape) : dense_{shape, kernels()} {}

  Sizes sizes(std::size_t examples) const override {
    Carving scratch;
    scratch.take(dense_.packed());
    scratch.take(3 * static_cast<long>(examples));
    Carving saved;
    saved.take(static_cast<long>(examples));
    saved.take(static_cast<long>(examples) * dense_.shape.outputs);
    scratch.take(static_cast<long>(examples) * dense_.shape.outputs);
    return {.input = 4 * examples * static_cast<std::size_t>(dense_.shape.inputs),
            .output = sizeof(LossSum),
            .saved = saved.bytes(),
            .scratch = scratch.bytes(),
            .flops = dense_.flops(examples)};
  }
  std::string name() const override { return "head"; }
  std::vector<std::size_t> units() const override { return {dense_.shape.unit}; }

  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void* saved) override {
    const auto examples = static_cast<long>(pass.examples);
    const long classes = dense_.shape.outputs;
    check_targets(pass.targets, examples, classes);
    Carving carving;
    auto* const room = static_cast<float*>(pass.scratch);
    carving.take(dense_.packed());
    float* const rows = room + carving.take(3 * examples);
    const RowLoss of{rows, rows + examples, rows + 2 * examples};
    Carving kept;
    float* const log_sums = static_cast<float*>(saved) + kept.take(examples);
    float* const logits = static_cast<float*>(saved) + kept.take(examples * classes);
    dense_.forward(
        pass, parameters[0], static_cast<const float*>(input), logits, room, [&](long first, long count) {
          for (long row = first; row < first + count; ++row)
            begin_row(dense_.kernels, logits + row * classes, classes, 0, pass.targets[row], of, row);
        });
    *static_cast<LossSum*>(output) = sum_rows(of, pass.targets, examples, log_sums);
  }
  void backward(const Pass& pass, std::span<const void* const> parameters, const void* input, const void*,
                const void* saved, const void*, void* d_input, std::span<float* const> gradients) override {
    const auto examples = static_cast<long>(pass.examples);
    const long classes = dense_.shape.outputs;
    const long wanted = check_targets(pass.targets, examples, classes);
    Carving carving;
    auto* const room = static_cast<float*>(pass.scratch);
    carving.take(dense_.packed());
    float* const d = room + carving.take(examples * classes);
    Carving kept;
    const float* const log_sums = static_cast<const float*>(saved) + kept.take(examples);
    const float* const logits = static_cast<const float*>(saved) + kept.take(examples * classes);
    std::memcpy(d, logits, static_cast<std::size_t>(examples * classes) * 4);
    const float factor = wanted == 0 ? 0.0F : pass.scale / static_cast<float>(wanted);
    for (long row = 0; row < examples; ++row)
      slope_row(dense_.kernels, d + row * classes, classes, 0, pass.targets[row], log_sums[row], factor);
    dense_.backward(pass, parameters[0], static_cast<const float*>(input), d, static_cast<float*>(d_input),
                    gradients[0], room);
  }

 private:
  Dense dense_;
};

}  // namespace

std::unique_ptr<Layer> make_dense(const DenseShape& shape, double dropout) {
  return std::make_unique<Hidden>(shape, dropout);
}

std::unique_ptr<Layer> make_classifier_head(const DenseShape& shape) {
  return std::make_unique<ClassifierHead>(shape);
}

}  // namespace rankine::nn
