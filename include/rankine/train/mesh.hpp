// SPDX-License-Identifier: Apache-2.0
// The ranks of one training run as a mesh data x tensor x pipeline, each line of it a group.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>

#include <rankine/gang.hpp>
#include <rankine/nn/tensor_group.hpp>
#include <rankine/train/collectives.hpp>
#include <rankine/train/parallel.hpp>

namespace rankine::train {

/// Where a rank is. rank = tensor + tensors * (data + datas * pipeline): tensor-parallel members are
/// neighbours, who talk most.
struct MeshPlace {
  std::size_t data = 0;
  std::size_t tensor = 0;
  std::size_t pipeline = 0;
};
MeshPlace mesh_place(const Parallel& parallel, std::size_t rank);

class Mesh {
 public:
  /// One rank, without MPI. `parallel` may say zero and recompute.
  explicit Mesh(const Parallel& parallel = {});
  /// All members of the gang, which outlives the mesh. Throws InputError where their number is not the
  /// mesh's. Collective; waits end by GangBroken when the gang breaks.
  Mesh(const Parallel& parallel, Gang& gang, const MakeCollectives& make = make_mpi_collectives);
  /// The same on any communicator, in a program without the runtime.
  Mesh(const Parallel& parallel, const boost::mpi::communicator& communicator,
       const MakeCollectives& make = make_mpi_collectives, std::function<bool()> broken = {});
  ~Mesh();
  Mesh(const Mesh&) = delete;
  Mesh& operator=(const Mesh&) = delete;

  const Parallel& parallel() const { return parallel_; }
  const MeshPlace& place() const { return place_; }
  std::size_t rank() const { return rank_; }

  /// Ranks that differ in that coordinate only; the member's number is the coordinate.
  Collectives& data() { return *data_; }
  Collectives& tensor() { return *tensor_; }
  Collectives& pipeline() { return *pipeline_; }
  /// For who makes the model: make_gpt(config, examples, mesh.tensor_group()).
  nn::TensorGroup& tensor_group() { return *tensor_group_; }

 private:
  Parallel parallel_;
  MeshPlace place_;
  std::size_t rank_ = 0;
  std::unique_ptr<Collectives> data_;
  std::unique_ptr<Collectives> tensor_;
  std::unique_ptr<Collectives> pipeline_;
  std::unique_ptr<nn::TensorGroup> tensor_group_;
};

}  // namespace rankine::train
