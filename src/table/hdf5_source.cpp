// SPDX-License-Identifier: Apache-2.0
// An HDF5 file whose root group has a dataset for each column, as rows.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

#include "files/hdf5.hpp"
#include "table/row_source.hpp"

namespace rankine::table {

namespace {

using files::Hdf5Handle;

enum class Kind { number, integer, text };

struct Dataset {
  std::string name;
  Kind kind;
  std::uint64_t rows;
};

Kind kind_of(hid_t dataset, const std::string& name, const std::string& path) {
  const files::Hdf5Handle type(H5Dget_type(dataset), &H5Tclose);
  switch (H5Tget_class(type.get())) {
    case H5T_FLOAT:
      return Kind::number;
    case H5T_INTEGER:
    case H5T_ENUM:  // as which h5py writes bool
      return Kind::integer;
    case H5T_STRING:
      return Kind::text;
    default:
      throw InputError(fmt::format("dataset {} of {} holds neither numbers nor texts", name, path));
  }
}

std::vector<Dataset> datasets_of(const std::string& path) {
  const files::Hdf5Quiet quiet;
  const files::Hdf5Handle file(H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT), &H5Fclose);
  std::vector<std::string> names;
  H5Literate(
      file.get(), H5_INDEX_NAME, H5_ITER_INC, nullptr,
      [](hid_t, const char* name, const H5L_info_t*, void* out) -> herr_t {
        static_cast<std::vector<std::string>*>(out)->emplace_back(name);
        return 0;
      },
      &names);
  std::vector<Dataset> datasets;
  for (const std::string& name : names) {
    const files::Hdf5Handle object(H5Oopen(file.get(), name.c_str(), H5P_DEFAULT), &H5Oclose);
    if (object.get() < 0 || H5Iget_type(object.get()) != H5I_DATASET) continue;
    const files::Hdf5Handle space(H5Dget_space(object.get()), &H5Sclose);
    hsize_t rows = 0;
    if (H5Sget_simple_extent_ndims(space.get()) != 1) {
      throw InputError(fmt::format("dataset {} of {} is not one-dimensional: it is no column", name, path));
    }
    H5Sget_simple_extent_dims(space.get(), &rows, nullptr);
    datasets.push_back({name, kind_of(object.get(), name, path), rows});
  }
  return datasets;
}

class Hdf5Source : public RowSource {
 public:
  explicit Hdf5Source(const std::filesystem::path& path)
      : path_(path.string()), reader_(path), datasets_(datasets_of(path_)) {
    if (datasets_.empty()) throw InputError(fmt::format("{} has no dataset in its root group", path_));
    for (const Dataset& dataset : datasets_) names_.push_back(dataset.name);
  }

  const std::vector<std::string>& names() const override { return names_; }

  void select(const std::vector<std::size_t>& columns) override {
    selected_ = columns;
    for (const std::size_t column : selected_) {
      const Dataset& first = datasets_[selected_.front()];
      if (datasets_[column].rows == first.rows) continue;
      throw InputError(fmt::format("{}: column \"{}\" has {} rows, column \"{}\" has {}", path_, first.name,
                                   first.rows, datasets_[column].name, datasets_[column].rows));
    }
  }

  bool next(RowBlock& block) override {
    first_ = next_;
    const std::uint64_t rows = selected_.empty() ? 0 : datasets_[selected_.front()].rows;
    block.rows = static_cast<std::size_t>(std::min<std::uint64_t>(kBlockRows, rows - next_));
    if (block.rows == 0) return false;
    next_ += block.rows;
    block.columns.resize(selected_.size());
    texts_.resize(selected_.size());
    for (std::size_t k = 0; k < selected_.size(); ++k) read(k, block);
    return true;
  }

  std::string place(std::size_t row) const override { return fmt::format("{}, row {}", path_, first_ + row); }
  void rewind() override { next_ = 0; }

 private:
  static constexpr std::uint64_t kBlockRows = 65536;

  void read(std::size_t k, RowBlock& block) {
    const Dataset& dataset = datasets_[selected_[k]];
    Cells& cells = block.columns[k];
    switch (dataset.kind) {
      case Kind::number:
        cells.numbers = reader_.doubles(dataset.name, first_, block.rows);
        break;
      case Kind::integer:
        cells.integers = reader_.integers(dataset.name, first_, block.rows);
        break;
      case Kind::text:
        texts_[k] = reader_.texts(dataset.name, first_, block.rows);
        cells.texts.assign(texts_[k].begin(), texts_[k].end());
        break;
    }
  }

  std::string path_;
  files::Hdf5Reader reader_;
  std::vector<Dataset> datasets_;
  std::vector<std::string> names_;
  std::vector<std::size_t> selected_;
  std::vector<std::vector<std::string>> texts_;  ///< what the views of the last block look at
  std::uint64_t first_ = 0;                      ///< row of the last block
  std::uint64_t next_ = 0;
};

}  // namespace

std::unique_ptr<RowSource> open_hdf5(const std::filesystem::path& path) {
  return std::make_unique<Hdf5Source>(path);
}

}  // namespace rankine::table
