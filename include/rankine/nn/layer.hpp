// SPDX-License-Identifier: Apache-2.0
// What a model is to those who train it: units of parameters (flat buffers) and a chain of layers that use
// them, each with a forward and a backward pass by hand. A layer knows nothing of ranks: what the members of
// a tensor-parallel group tell each other goes through nn::TensorGroup.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace rankine::nn {

class Threads;  // threads.hpp

/// How numbers are stored on their way through layers. Gradients and optimiser state are always f32.
enum class Scalar : std::uint8_t { f32, bf16 };
constexpr std::size_t bytes_of(Scalar scalar) {
  return scalar == Scalar::f32 ? 4 : 2;
}

/// One named array of a unit, described whole, as it is in a checkpoint; row by row.
struct Tensor {
  std::string name;
  std::vector<std::size_t> shape;
  /// Along which dimension the members of a tensor-parallel group split it in equal parts; -1: each has all.
  int split = -1;
  /// Initial values: normal with this deviation around `mean`, keyed by the seed, the names and the place in
  /// the whole array: the same on every mesh. Deviation 0: all are `mean`.
  double deviation = 0;
  double mean = 0;
  bool decay = true;  ///< weight decay applies (nanoGPT: only where there are two dimensions or more)

  std::size_t size() const {
    std::size_t product = 1;
    for (const std::size_t extent : shape) product *= extent;
    return product;
  }
};

/// A flat buffer of parameters: its tensors one after another without gaps, of each the member's part. What
/// is gathered, reduced, sharded (ZeRO) and stored at once.
struct Unit {
  std::string name;
  std::vector<Tensor> tensors;

  /// Parameters that one of `members` members of a tensor-parallel group has.
  std::size_t size(std::size_t members = 1) const {
    std::size_t sum = 0;
    for (const Tensor& tensor : tensors) sum += tensor.split < 0 ? tensor.size() : tensor.size() / members;
    return sum;
  }
};

/// One pass of a micro-batch through a layer.
struct Pass {
  std::size_t examples = 0;  ///< sequences, or images
  const std::int32_t* targets =
      nullptr;           ///< for the last layer: classes, or [examples][length] tokens; -1: none
  bool training = true;  ///< dropout is on
  /// For keyed random numbers (dropout): of step and shard, not of ranks. The layer adds its own place.
  std::uint64_t key = 0;
  /// The gradient of the loss is multiplied by this (1 / shards, so that shards add up to the batch's mean).
  float scale = 1;
  Threads* threads = nullptr;  ///< never null on a CPU
  void* scratch = nullptr;     ///< Sizes::scratch bytes that belong to this pass alone
  void* stream = nullptr;      ///< on a GPU a cudaStream_t
};

/// What the last layer puts out, on the host.
struct LossSum {
  double loss = 0;   ///< cross-entropy in nats, summed over the targets that are not -1
  double count = 0;  ///< such targets
  double right = 0;  ///< of them, those whose largest output was the target
};

/// A link of the chain. All buffers are on the model's device (the host for a CPU); their sizes come from
/// `sizes`. The results depend on the arguments alone: neither on the number of threads nor on what ran
/// before.
class Layer {
 public:
  Layer() = default;
  Layer(const Layer&) = delete;
  Layer& operator=(const Layer&) = delete;
  virtual ~Layer() = default;

  struct Sizes {
    std::size_t input = 0;    ///< bytes; of the first layer: what the data loader makes
    std::size_t output = 0;   ///< bytes; of the last layer: sizeof(LossSum)
    std::size_t saved = 0;    ///< bytes kept from forward to backward, besides input and output
    std::size_t scratch = 0;  ///< bytes needed during a pass
    double flops = 0;         ///< of a forward pass on this member; a backward pass is taken for twice that
  };
  virtual Sizes sizes(std::size_t examples) const = 0;

  virtual std::string name() const = 0;
  /// The units it uses, by their places in Model::units. A unit may be used by several layers (tied weights).
  virtual std::vector<std::size_t> units() const = 0;

  /// `parameters`: one pointer a unit, in the order of units(), in the model's Scalar.
  virtual void forward(const Pass& pass, std::span<const void* const> parameters, const void* input,
                       void* output, void* saved) = 0;
  /// Adds to `gradients` (one pointer a unit, f32) and writes d_input (null for the first layer). d_output is
  /// null for the last layer, whose loss counts once times pass.scale / its number of targets.
  virtual void backward(const Pass& pass, std::span<const void* const> parameters, const void* input,
                        const void* output, const void* saved, const void* d_output, void* d_input,
                        std::span<float* const> gradients) = 0;
};

/// A chain of layers. The parts of tensor-parallel members are made by making the model with their
/// TensorGroup.
struct Model {
  std::string name;
  Scalar scalar = Scalar::f32;
  std::vector<Unit> units;
  std::vector<std::unique_ptr<Layer>> layers;

  std::size_t size() const {
    std::size_t sum = 0;
    for (const Unit& unit : units) sum += unit.size();
    return sum;
  }
};

/// Writes the initial values of this member's part of a unit [unit.size(members)].
void initialise(const Unit& unit, std::uint64_t seed, std::size_t member, std::size_t members,
                std::span<float> into);

}  // namespace rankine::nn
