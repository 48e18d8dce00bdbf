// SPDX-License-Identifier: Apache-2.0
// Dense layers of classifiers on a GPU.
#include <type_traits>
#include <vector>

#include "nn/cross_entropy.hpp"
#include "nn/cuda/classifiers_cuda.hpp"
#include "nn/cuda/kernels_cuda.hpp"
#include "nn/cuda/layer_cuda.hpp"
#include "nn/cuda/state_cuda.hpp"

namespace rankine::nn::cuda {

namespace {

/// y = x w^T + bias, and its gradients.
template <class T>
class Dense {
 public:
  Dense(CudaDevice& device, const DenseShape& shape)
      : device(device),
        unit(shape.unit),
        inputs(static_cast<std::size_t>(shape.inputs)),
        outputs(static_cast<std::size_t>(shape.outputs)) {}

  std::size_t input_bytes(std::size_t examples) const {
    return examples * inputs * (unit == 0 ? sizeof(float) : sizeof(T));
  }
  double flops(std::size_t examples) const {
    return 2.0 * static_cast<double>(examples) * static_cast<double>(inputs * outputs);
  }
  const T* bias(const void* parameters) const { return static_cast<const T*>(parameters) + outputs * inputs; }
  cudaStream_t stream(const Pass& pass) const {
    device.use();
    return static_cast<cudaStream_t>(pass.stream);
  }

  struct Scratch {
    T *narrowed, *d;  ///< x of a first layer in bf16; the slopes of y
    float* columns;
  };
  Scratch scratch_in(std::size_t examples, Carving& carving) const {
    Scratch scratch{};
    scratch.narrowed = carving.take<T>(narrows() ? examples * inputs : 0);
    scratch.d = carving.take<T>(examples * outputs);
    scratch.columns = carving.take<float>(scratch_of_columns(examples, outputs) / sizeof(float));
    return scratch;
  }

  /// y [examples][outputs] = x w^T, without the bias.
  void forward(const Pass& pass, const void* parameters, const void* input, T* y,
               const Scratch& scratch) const {
    const T* const x = numbers(pass, input, scratch);
    cuda::multiply(device, stream(pass), pass.examples, outputs, inputs, x, false,
                   static_cast<const T*>(parameters), true, y);
  }
  /// From the slopes scratch.d.
  void backward(const Pass& pass, const void* parameters, const void* input, void* d_input, float* gradient,
                const Scratch& scratch) const {
    const T* const x = numbers(pass, input, scratch);
    const T* const d = scratch.d;
    cuda::multiply(device, stream(pass), outputs, inputs, pass.examples, d, true, x, false, gradient, true);
    Norms<T>::add_column_sums(stream(pass), d, gradient + outputs * inputs, pass.examples, outputs,
                              scratch.columns);
    if (d_input == nullptr) return;
    cuda::multiply(device, stream(pass), pass.examples, inputs, outputs, d, false,
                   static_cast<const T*>(parameters), false, static_cast<T*>(d_input));
  }

  CudaDevice& device;
  std::size_t unit, inputs, outputs;

 private:
  bool narrows() const { return unit == 0 && !std::is_same_v<T, float>; }
  const T* numbers(const Pass& pass, const void* input, const Scratch& scratch) const {
    if (!narrows()) return static_cast<const T*>(input);
    State<T>::convert(stream(pass), scratch.narrowed, static_cast<const float*>(input),
                      pass.examples * inputs);
    return scratch.narrowed;
  }
};

template <class T>
class Hidden : public Layer {
 public:
  Hidden(CudaDevice& device, const DenseShape& shape, double dropout)
      : dense_(device, shape), dropout_(dropout) {}

  Sizes sizes(std::size_t examples) const override {
    Carving carving;
    dense_.scratch_in(examples, carving);
    return {.input = dense_.input_bytes(examples),
            .output = examples * dense_.outputs * sizeof(T),
            .saved = 0,
            .scratch = carving.bytes(),
            .flops = dense_.flops(examples)};
  }
  std::string name() const override { return "dense " + std::to_string(dense_.unit); }
  std::vector<std::size_t> units() const override { return {dense_.unit}; }

  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void*) override {
    Carving carving(pass.scratch);
    auto* const y = static_cast<T*>(output);
    dense_.forward(pass, parameters[0], input, y, dense_.scratch_in(pass.examples, carving));
    Elementwise<T>::rectify(dense_.stream(pass), y, dense_.bias(parameters[0]), pass.examples, dense_.outputs,
                            dropout(pass));
  }
  void backward(const Pass& pass, std::span<const void* const> parameters, const void* input,
                const void* output, const void*, const void* d_output, void* d_input,
                std::span<float* const> gradients) override {
    Carving carving(pass.scratch);
    const auto scratch = dense_.scratch_in(pass.examples, carving);
    Elementwise<T>::rectify_backward(dense_.stream(pass), static_cast<const T*>(output),
                                     static_cast<const T*>(d_output), scratch.d,
                                     pass.examples * dense_.outputs, dropout(pass).factor);
    dense_.backward(pass, parameters[0], input, d_input, gradients[0], scratch);
  }

 private:
  Dropout dropout(const Pass& pass) const {
    return pass.training && dropout_ > 0 ? Dropout(pass.key, dense_.unit, dropout_) : Dropout();
  }

  Dense<T> dense_;
  double dropout_;
};

template <class T>
class ClassifierHead : public Layer {
 public:
  ClassifierHead(CudaDevice& device, const DenseShape& shape) : dense_(device, shape) {}

  Sizes sizes(std::size_t examples) const override {
    return {.input = dense_.input_bytes(examples),
            .output = sizeof(LossSum),
            .saved = saved_in(examples, nullptr).bytes,
            .scratch = scratch_in(examples, nullptr).bytes,
            .flops = dense_.flops(examples)};
  }
  std::string name() const override { return "head"; }
  std::vector<std::size_t> units() const override { return {dense_.unit}; }

  void forward(const Pass& pass, std::span<const void* const> parameters, const void* input, void* output,
               void* saved_base) override {
    const cudaStream_t stream = dense_.stream(pass);
    const Saved saved = saved_in(pass.examples, saved_base);
    const Scratch scratch = scratch_in(pass.examples, pass.scratch);
    const std::size_t rows = pass.examples, classes = dense_.outputs;
    dense_.forward(pass, parameters[0], input, saved.logits, scratch.dense);
    Elementwise<T>::add_bias(stream, saved.logits, dense_.bias(parameters[0]), rows, classes);
    CrossEntropy<T>::row_max(stream, saved.logits, scratch.largest, rows, classes);
    CrossEntropy<T>::row_sums(stream, saved.logits, pass.targets, scratch.largest, scratch.sums, rows,
                              classes, 0);
    finish_loss(stream, pass.targets, scratch.largest, scratch.sums, saved.logs, saved.totals, rows);
    std::vector<std::int32_t> targets(rows);
    dense_.device.download(targets.data(), pass.targets, rows * sizeof(std::int32_t));
    check_targets(targets.data(), static_cast<long>(rows), static_cast<long>(classes));
    dense_.device.download(output, saved.totals, sizeof(LossSum));
  }
  void backward(const Pass& pass, std::span<const void* const> parameters, const void* input, const void*,
                const void* saved_base, const void*, void* d_input,
                std::span<float* const> gradients) override {
    const Saved saved = saved_in(pass.examples, const_cast<void*>(saved_base));
    const Scratch scratch = scratch_in(pass.examples, pass.scratch);
    CrossEntropy<T>::backward(dense_.stream(pass), saved.logits, pass.targets, saved.logs, saved.totals,
                              pass.scale, scratch.dense.d, pass.examples, dense_.outputs, 0);
    dense_.backward(pass, parameters[0], input, d_input, gradients[0], scratch.dense);
  }

 private:
  struct Saved {
    float* logs;     ///< [examples] log sum exp
    double* totals;  ///< a LossSum
    T* logits;       ///< [examples][classes]
    std::size_t bytes;
  };
  struct Scratch {
    typename Dense<T>::Scratch dense;
    float *largest, *sums;
    std::size_t bytes;
  };
  Saved saved_in(std::size_t examples, void* base) const {
    Carving carving(base);
    Saved saved{};
    saved.logs = carving.take<float>(examples);
    saved.totals = carving.take<double>(3);
    saved.logits = carving.take<T>(examples * dense_.outputs);
    saved.bytes = carving.bytes();
    return saved;
  }
  Scratch scratch_in(std::size_t examples, void* base) const {
    Carving carving(base);
    Scratch scratch{};
    scratch.dense = dense_.scratch_in(examples, carving);
    scratch.largest = carving.take<float>(examples);
    scratch.sums = carving.take<float>(2 * examples);
    scratch.bytes = carving.bytes();
    return scratch;
  }

  Dense<T> dense_;
};

}  // namespace

template <class T>
std::unique_ptr<Layer> make_dense_of(CudaDevice& device, const DenseShape& shape, double dropout) {
  return std::make_unique<Hidden<T>>(device, shape, dropout);
}
template <class T>
std::unique_ptr<Layer> make_head_of(CudaDevice& device, const DenseShape& shape) {
  return std::make_unique<ClassifierHead<T>>(device, shape);
}
template std::unique_ptr<Layer> make_dense_of<float>(CudaDevice&, const DenseShape&, double);
template std::unique_ptr<Layer> make_dense_of<Bf16>(CudaDevice&, const DenseShape&, double);
template std::unique_ptr<Layer> make_head_of<float>(CudaDevice&, const DenseShape&);
template std::unique_ptr<Layer> make_head_of<Bf16>(CudaDevice&, const DenseShape&);

}  // namespace rankine::nn::cuda
