// SPDX-License-Identifier: Apache-2.0
// Checkpoints: a folder step-00000500 with a file of each rank (what it owns of parameters and moments, with
// checksums) and index.h5 (how far training is, its curve, what the tensors are). It appears whole, by a
// rename, and is read on any mesh.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <rankine/nn/layer.hpp>
#include <rankine/train/piece.hpp>

namespace rankine::train {

constexpr double kNotEvaluated = std::numeric_limits<double>::quiet_NaN();

/// Of the steps since the point before.
struct CurvePoint {
  std::uint64_t step = 0;  ///< steps done
  double loss = 0;         ///< mean of these steps' training losses, nats
  double norm = 0;         ///< of the last step's gradient, before clipping
  double rate = 0;         ///< its learning rate
  double seconds = 0;      ///< of training until here, without evaluations and checkpoints
  double validation_loss = kNotEvaluated;
  double validation_accuracy = kNotEvaluated;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& step& loss& norm& rate& seconds& validation_loss& validation_accuracy;
  }
};

/// How far a training is; with the parameters and moments all that it goes on from.
struct Progress {
  std::uint64_t steps = 0;
  bool finished = false;
  std::vector<CurvePoint> curve;
  std::string config;  ///< what results depend on; another one does not go on from here
  std::string about;   ///< words of the program, e.g. what is needed for sampling

  /// Of the last point, NaN if it was not evaluated at `steps`.
  double validation_loss() const;

  template <class Archive>
  void serialize(Archive& ar, unsigned) {
    ar& steps& finished& curve& config& about;
  }
};

/// What a tensor-parallel member has of a unit, of the whole unit and back. Layouts as nn::Unit says.
std::vector<float> part_of(const nn::Unit& unit, std::span<const float> whole, std::size_t member,
                           std::size_t members);
void place_part(const nn::Unit& unit, std::span<const float> part, std::size_t member, std::size_t members,
                std::span<float> whole);

/// Writes one checkpoint: begin() on one rank, then a part on each, then commit() on one rank.
class CheckpointWriter {
 public:
  /// `folder`: of all checkpoints of a run.
  CheckpointWriter(std::filesystem::path folder, std::uint64_t steps);

  /// Makes the unfinished folder, empty.
  void begin() const;
  class Part;
  /// A rank's file; appears on close().
  std::unique_ptr<Part> part(std::size_t rank) const;
  /// All parts are there: writes the index and gives the folder its name.
  void commit(const Progress& progress, const std::vector<nn::Unit>& units, std::size_t parts) const;

 private:
  std::filesystem::path path_;
  std::filesystem::path unfinished_;
};

class CheckpointWriter::Part {
 public:
  explicit Part(const std::filesystem::path& file);
  ~Part();
  void add(const Piece& piece, std::span<const float> parameters, std::span<const float> first_moments,
           std::span<const float> second_moments);
  void close();

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

/// A checkpoint being read. Throws InputError naming the file for what is missing or damaged.
class CheckpointReader {
 public:
  explicit CheckpointReader(const std::filesystem::path& path);
  ~CheckpointReader();

  const Progress& progress() const;
  /// As they were written: names, shapes, splits.
  const std::vector<nn::Unit>& units() const;
  /// Throws InputError naming the first tensor that is not as in `units`.
  void check_units(const std::vector<nn::Unit>& units) const;

  struct State {
    std::vector<float> parameters, first_moments, second_moments;
  };
  /// Of a unit, whole, row by row.
  State whole(std::size_t unit);
  /// A piece of a model whose units are `units`, on any mesh.
  void read(const std::vector<nn::Unit>& units, const Piece& piece, std::span<float> parameters,
            std::span<float> first_moments, std::span<float> second_moments);
  /// Reads everything; throws as above.
  void verify();

 private:
  struct Body;
  std::unique_ptr<Body> body_;
};

/// One that is in a folder, unread but for its index.
struct FoundCheckpoint {
  std::filesystem::path path;
  std::uint64_t steps = 0;
  double validation_loss = kNotEvaluated;
};
/// Those that are whole, by steps, fewest first.
std::vector<FoundCheckpoint> find_checkpoints(const std::filesystem::path& folder);
/// The last one that can be read, all checksums right; nothing if there is none. `damaged` hears of those
/// that were passed over, with the reason.
std::optional<std::filesystem::path> last_checkpoint(
    const std::filesystem::path& folder,
    const std::function<void(const std::string&)>& damaged = [](const std::string&) {});
/// Which of them to remove so that the last `last` and the `best` of least validation loss are kept.
std::vector<FoundCheckpoint> superfluous(std::vector<FoundCheckpoint> found, std::size_t last,
                                         std::size_t best);

}  // namespace rankine::train
