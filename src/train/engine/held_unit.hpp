// SPDX-License-Identifier: Apache-2.0
// A unit of parameters as a rank has it: whole or sharded over the data ranks, with the optimiser's state of
// the part that this rank updates.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <rankine/nn/device.hpp>
#include <rankine/nn/layer.hpp>
#include <rankine/train/collectives.hpp>
#include <rankine/train/memory.hpp>
#include <rankine/train/parallel.hpp>

namespace rankine::train {

/// Norms are summed in blocks of so many numbers, whatever the mesh; buffers are whole numbers of them.
inline constexpr std::size_t kBlock = 1024;

/// Where a unit's numbers lie. `size` of them, filled up to `padded`; this rank updates [first, first +
/// count).
struct UnitLayout {
  std::size_t size = 0;
  std::size_t padded = 0;
  std::size_t first = 0;
  std::size_t count = 0;
};
UnitLayout unit_layout(std::size_t size, std::size_t member, std::size_t data, std::size_t zero);

/// ZeRO's stage, where there is anybody to share with.
inline std::size_t effective_zero(const Parallel& parallel) {
  return parallel.data > 1 ? parallel.zero : 0;
}

class HeldUnit {
 public:
  HeldUnit(std::size_t unit, const nn::Unit& what, nn::Scalar scalar, const Parallel& parallel,
           Collectives& data, nn::Device& device, Memory& memory);

  std::size_t unit() const { return unit_; }
  const UnitLayout& layout() const { return layout_; }
  bool sharded() const { return sharded_; }
  /// The parameters for use: all of them, or where they are sharded this rank's part.
  void* working() { return working_.get(); }
  /// In float32, of this rank's part.
  float* master();
  float* first_moments() { return first_.get(); }
  float* second_moments() { return second_.get(); }

  /// Values of the whole unit [size], of which this rank keeps what it has.
  void set_whole(std::span<const float> values);
  /// After the part's master has changed: the working copy of it.
  void convert_part();
  /// One step on the part. `gradient` is of the part.
  void update(const nn::AdamW& how, double rate, std::size_t step, double clip, const float* gradient);
  /// Queues that all data ranks get the parts that others updated. Nothing where this is not needed.
  std::optional<Ticket> share();

 private:
  std::size_t unit_;
  UnitLayout layout_;
  nn::Scalar scalar_;
  bool sharded_;
  Collectives& data_;
  nn::Device& device_;
  std::shared_ptr<void> working_;
  std::shared_ptr<float> master_;  ///< none where the working copy is float32
  std::shared_ptr<float> first_, second_;
  std::shared_ptr<unsigned char> decayed_;  ///< of the part
};

/// `count` floats or bytes that other data ranks may read in place.
std::shared_ptr<void> allocate_shared(std::size_t bytes, Collectives& data, nn::Device& device);
std::shared_ptr<float> allocate_floats(std::size_t count, nn::Device& device);

}  // namespace rankine::train
