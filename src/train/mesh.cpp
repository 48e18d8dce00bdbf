// SPDX-License-Identifier: Apache-2.0
#include <rankine/train/mesh.hpp>

#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/serialization/string.hpp>
#include <boost/serialization/vector.hpp>

#include <rankine/core/error.hpp>
#include <rankine/nn/device.hpp>

namespace rankine::train {

namespace {

/// What a layer's tensor-parallel members say to each other, over a group of ranks.
class OverCollectives : public nn::TensorGroup {
 public:
  explicit OverCollectives(Collectives& group) : group_(group) {}
  std::size_t member() const override { return group_.member(); }
  std::size_t size() const override { return group_.size(); }
  void all_reduce(void* values, std::size_t count, nn::Scalar scalar, const nn::Pass&) override {
    group_.wait(group_.all_reduce({{nullptr, values, count}}, scalar, Reduction::sum, "tensor sum"));
  }
  void all_reduce_max(float* values, std::size_t count, const nn::Pass&) override {
    group_.wait(group_.all_reduce({{nullptr, values, count}}, nn::Scalar::f32, Reduction::max, "tensor max"));
  }
  void all_gather(const void* part, void* whole, std::size_t count, nn::Scalar scalar,
                  const nn::Pass&) override {
    group_.wait(group_.all_gather({{part, whole, count}}, scalar, "tensor gather"));
  }
  void reduce_scatter(const void* whole, void* part, std::size_t count, nn::Scalar scalar,
                      const nn::Pass&) override {
    group_.wait(group_.reduce_scatter({{whole, part, count}}, scalar, "tensor scatter"));
  }

 private:
  Collectives& group_;
};

std::unique_ptr<Collectives> line(const boost::mpi::communicator& all, std::size_t size, std::size_t which,
                                  std::size_t place, const Link& how, const MakeCollectives& make) {
  if (size == 1) return make_single_collectives();
  Link link = how;
  link.communicator = all.split(static_cast<int>(which), static_cast<int>(place));
  return make(link);
}

/// All ranks refuse together: the first hears of each and tells all.
void compare_levels(const boost::mpi::communicator& communicator) {
  constexpr int kTag = 90;
  std::vector<std::string> levels(static_cast<std::size_t>(communicator.size()), nn::host_level());
  if (communicator.rank() == 0) {
    for (int rank = 1; rank < communicator.size(); ++rank)
      communicator.recv(rank, kTag, levels[static_cast<std::size_t>(rank)]);
    for (int rank = 1; rank < communicator.size(); ++rank) communicator.send(rank, kTag, levels);
  } else {
    communicator.send(0, kTag, nn::host_level());
    communicator.recv(0, kTag, levels);
  }
  nn::check_levels(levels);
}

}  // namespace

MeshPlace mesh_place(const Parallel& parallel, std::size_t rank) {
  return {.data = rank / parallel.tensor % parallel.data,
          .tensor = rank % parallel.tensor,
          .pipeline = rank / parallel.tensor / parallel.data};
}

Mesh::Mesh(const Parallel& parallel)
    : parallel_(parallel),
      data_(make_single_collectives()),
      tensor_(make_single_collectives()),
      pipeline_(make_single_collectives()),
      tensor_group_(std::make_unique<OverCollectives>(*tensor_)) {
  if (parallel.ranks() != 1)
    throw InputError("train: the mesh " + describe(parallel) + " is of " + std::to_string(parallel.ranks()) +
                     " ranks, but there is one");
}

Mesh::Mesh(const Parallel& parallel, Gang& gang, const MakeCollectives& make)
    : Mesh(parallel, gang.comm(), make, [&gang] { return gang.broken(); }) {}

Mesh::Mesh(const Parallel& parallel, const boost::mpi::communicator& communicator,
           const MakeCollectives& make, std::function<bool()> broken)
    : parallel_(parallel), rank_(static_cast<std::size_t>(communicator.rank())) {
  const auto ranks = static_cast<std::size_t>(communicator.size());
  if (parallel.ranks() != ranks)
    throw InputError(fmt::format("train: the mesh {} is of {} ranks, but there are {}", describe(parallel),
                                 parallel.ranks(), ranks));
  compare_levels(communicator);
  place_ = mesh_place(parallel, rank_);
  const auto [d, t, p] = place_;
  // Every rank makes the same calls in the same order; lines of one rank need no communicator.
  const Link sums{.communicator = {}, .broken = broken, .background = true};
  const Link in_layers{.communicator = {}, .broken = broken};
  const Link stages{.communicator = {}, .broken = broken, .messages = true};
  data_ = line(communicator, parallel.data, t + parallel.tensor * p, d, sums, make);
  tensor_ = line(communicator, parallel.tensor, d + parallel.data * p, t, in_layers, make);
  pipeline_ = line(communicator, parallel.pipeline, t + parallel.tensor * d, p, stages, make);
  tensor_group_ = std::make_unique<OverCollectives>(*tensor_);
}

Mesh::~Mesh() = default;

}  // namespace rankine::train
