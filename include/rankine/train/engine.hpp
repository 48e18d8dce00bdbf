// SPDX-License-Identifier: Apache-2.0
// Trains one model on a mesh of ranks: forward, backward, reduction, clipping, AdamW. What comes out depends
// on the model, the configuration and the feed: data-parallel, ZeRO and pipeline meshes give the bits of one
// rank, tensor-parallel ones agree to rounding.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include <rankine/nn/device.hpp>
#include <rankine/nn/layer.hpp>
#include <rankine/nn/threads.hpp>
#include <rankine/train/feed.hpp>
#include <rankine/train/memory.hpp>
#include <rankine/train/mesh.hpp>
#include <rankine/train/piece.hpp>
#include <rankine/train/timeline.hpp>

namespace rankine::train {

struct EngineConfig {
  /// A batch is cut in so many shards, a power of two; each is computed alone, and their gradients are added
  /// in a fixed binary tree. Part of what decides the bits, as `examples` is.
  std::size_t shards = 1;
  std::size_t examples = 1;  ///< of a shard
  std::size_t targets = 1;   ///< of an example: 1 where it is a class, the length where tokens follow
  nn::AdamW adamw;
  double clip = 1;         ///< largest norm of the gradient (torch.nn.utils.clip_grad_norm_); 0: no clipping
  std::uint64_t seed = 1;  ///< of initial values and of dropout
  /// Gradients of units are reduced together until they have so many bytes.
  std::size_t bucket_bytes = std::size_t{1} << 20;
};

struct StepResult {
  double loss = 0;  ///< mean of the shards' means, before the update
  double norm = 0;  ///< of the gradient, before clipping
  nn::LossSum sum;  ///< of all shards
};

/// Belongs to one thread. All ranks of the mesh make the same calls.
class Engine {
 public:
  /// `model` is made with mesh.tensor_group(), which as `mesh`, `device` and `threads` outlives the engine.
  /// Starts from the initial values of `seed`. Throws InputError for a configuration that cannot be.
  Engine(nn::Model model, const EngineConfig& config, Mesh& mesh, nn::Device& device, nn::Threads& threads);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Step number `step` (from 0) of all shards, with learning rate `rate`. The same result on all ranks.
  StepResult step(const Feed& feed, std::uint64_t step, double rate);
  /// Forward passes without dropout of the feed's evaluations [first, first + count). The same sum on all
  /// ranks and meshes.
  nn::LossSum evaluate(const Feed& feed, std::size_t first, std::size_t count);

  using Save =
      std::function<void(const Piece&, std::span<const float> parameters,
                         std::span<const float> first_moments, std::span<const float> second_moments)>;
  using Load = std::function<void(const Piece&, std::span<float> parameters, std::span<float> first_moments,
                                  std::span<float> second_moments)>;
  /// What this rank is to write of a checkpoint, always in the same order. Over all ranks the pieces cover
  /// each member's part of each unit once, in about equal shares of the data ranks (with members > 1, tensors
  /// that are not split are in the pieces of every member).
  std::vector<Piece> pieces() const;
  /// Calls `write` for each of pieces(), with float32 values on the host.
  void save(const Save& write);
  /// Asks for all that this rank holds, piece by piece; values that are left alone are 0. Collective.
  void load(const Load& read);

  const nn::Model& model() const;
  /// Of a forward pass of one shard through the whole model, all members together; a training step takes
  /// three times that a shard.
  double flops() const;
  /// What this rank allocated on its device, at most at any time.
  Memory memory() const;
  /// Notes what is computed and communicated from now on; nullptr: no more.
  void trace(Timeline* timeline);

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

}  // namespace rankine::train
