// SPDX-License-Identifier: Apache-2.0
#include "files/hdf5_column.hpp"

#include <algorithm>
#include <bit>

#include <fmt/format.h>

#include <rankine/core/error.hpp>

namespace rankine::files {

namespace {

/// About so many bytes are compressed at once.
constexpr std::size_t kChunkBytes = std::size_t{1} << 17;
constexpr std::size_t kFirstWidth = 16;

std::size_t bytes_a_row(hid_t type, const Hdf5Shape& row) {
  std::size_t bytes = H5Tget_size(type);
  for (const std::size_t length : row) bytes *= std::max<std::size_t>(length, 1);
  return bytes;
}

[[noreturn]] void fail_for(std::string_view call, std::string_view name, std::string_view path) {
  throw SystemError(fmt::format("{} failed for {} in {}: {}; check free space and permissions", call, name,
                                path, hdf5_reason()));
}

/// Rows of `chunk_rows` a chunk, compressed; none yet.
Hdf5Handle create(hid_t file, const std::string& path, const std::string& name, hid_t type,
                  std::span<const hsize_t> lengths, std::size_t chunk_rows) {
  const Hdf5Quiet quiet;
  std::vector<hsize_t> chunk(lengths.begin(), lengths.end());
  std::vector<hsize_t> most = chunk;
  chunk[0] = chunk_rows;
  most[0] = H5S_UNLIMITED;
  const int rank = static_cast<int>(lengths.size());
  const Hdf5Handle space(H5Screate_simple(rank, lengths.data(), most.data()), &H5Sclose);
  const Hdf5Handle creation(H5Pcreate(H5P_DATASET_CREATE), &H5Pclose);
  const Hdf5Handle access(H5Pcreate(H5P_DATASET_ACCESS), &H5Pclose);
  constexpr unsigned fastest = 1;
  // Whole chunks are written once and not looked at again: no cache.
  const bool set = H5Pset_obj_track_times(creation.get(), false) >= 0 &&
                   H5Pset_chunk(creation.get(), rank, chunk.data()) >= 0 &&
                   H5Pset_shuffle(creation.get()) >= 0 && H5Pset_deflate(creation.get(), fastest) >= 0 &&
                   H5Pset_fill_time(creation.get(), H5D_FILL_TIME_ALLOC) >= 0 &&
                   H5Pset_chunk_cache(access.get(), 0, 0, 1) >= 0;
  if (space.get() < 0 || !set) fail_for("H5Pset_chunk", name, path);
  Hdf5Handle dataset(
      H5Dcreate2(file, name.c_str(), type, space.get(), H5P_DEFAULT, creation.get(), access.get()),
      &H5Dclose);
  if (dataset.get() < 0) fail_for("H5Dcreate2", name, path);
  return dataset;
}

std::vector<hsize_t> no_rows(const Hdf5Shape& row) {
  std::vector<hsize_t> lengths{0};
  for (const std::size_t length : row) lengths.push_back(std::max<std::size_t>(length, 1));
  return lengths;
}

}  // namespace

Hdf5Column::Hdf5Column(hid_t file, std::string path, std::string name, hid_t type, const Hdf5Shape& row)
    : path_(std::move(path)),
      name_(std::move(name)),
      type_(type),
      lengths_(no_rows(row)),
      row_bytes_(bytes_a_row(type, row)),
      chunk_bytes_(row_bytes_ * std::max<std::size_t>(kChunkBytes / row_bytes_, 1)),
      dataset_(create(file, path_, name_, type, lengths_, chunk_bytes_ / row_bytes_)) {}

void Hdf5Column::fail(std::string_view call) const {
  fail_for(call, name_, path_);
}

void Hdf5Column::append(std::span<const std::byte> rows) {
  while (!rows.empty()) {
    const std::size_t take = std::min(rows.size(), chunk_bytes_ - buffer_.size());
    buffer_.insert(buffer_.end(), rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(take));
    rows = rows.subspan(take);
    if (buffer_.size() == chunk_bytes_) write(chunk_bytes_);
  }
}

void Hdf5Column::finish() {
  if (!buffer_.empty()) write(buffer_.size());
}

void Hdf5Column::copy_to(Hdf5Column& other) const {
  const Hdf5Quiet quiet;
  const std::size_t rows_a_step = other.chunk_bytes_ / other.row_bytes_;
  std::vector<std::byte> rows;
  for (hsize_t first = 0; first < lengths_[0]; first += rows_a_step) {
    std::vector<hsize_t> start(lengths_.size(), 0);
    std::vector<hsize_t> count = lengths_;
    start[0] = first;
    count[0] = std::min<hsize_t>(rows_a_step, lengths_[0] - first);
    rows.resize(count[0] * other.row_bytes_);
    const Hdf5Handle file_space(H5Dget_space(dataset_.get()), &H5Sclose);
    const Hdf5Handle memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr),
                            &H5Sclose);
    H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr);
    if (H5Dread(dataset_.get(), other.type_, memory.get(), file_space.get(), H5P_DEFAULT, rows.data()) < 0)
      fail("H5Dread");
    other.append(rows);
  }
}

void Hdf5Column::write(std::size_t bytes) {
  const Hdf5Quiet quiet;
  std::vector<hsize_t> start(lengths_.size(), 0);
  std::vector<hsize_t> count = lengths_;
  start[0] = lengths_[0];
  count[0] = bytes / row_bytes_;
  lengths_[0] += count[0];
  if (H5Dset_extent(dataset_.get(), lengths_.data()) < 0) fail("H5Dset_extent");
  const Hdf5Handle file_space(H5Dget_space(dataset_.get()), &H5Sclose);
  const Hdf5Handle memory(H5Screate_simple(static_cast<int>(count.size()), count.data(), nullptr), &H5Sclose);
  if (H5Sselect_hyperslab(file_space.get(), H5S_SELECT_SET, start.data(), nullptr, count.data(), nullptr) < 0)
    fail("H5Sselect_hyperslab");
  if (H5Dwrite(dataset_.get(), type_, memory.get(), file_space.get(), H5P_DEFAULT, buffer_.data()) < 0)
    fail("H5Dwrite");
  buffer_.clear();
}

Hdf5TextColumn::Hdf5TextColumn(hid_t file, std::string path, std::string name)
    : file_(file), path_(std::move(path)), name_(std::move(name)), width_(kFirstWidth) {
  make();
}

void Hdf5TextColumn::make() {
  auto type = std::make_unique<Hdf5Handle>(hdf5_text_type(width_));
  column_ = std::make_unique<Hdf5Column>(file_, path_, name_, type->get(), Hdf5Shape{});
  type_ = std::move(type);
}

void Hdf5TextColumn::append(std::string_view text) {
  if (text.size() > width_) widen(std::bit_ceil(text.size()));
  padded_.assign(width_, '\0');
  std::copy(text.begin(), text.end(), padded_.begin());
  column_->append(std::as_bytes(std::span(padded_)));
}

void Hdf5TextColumn::finish() {
  column_->finish();
}

void Hdf5TextColumn::widen(std::size_t bytes) {
  const Hdf5Quiet quiet;
  column_->finish();
  const std::string old_name = name_ + ".narrow";
  if (H5Lmove(file_, name_.c_str(), H5L_SAME_LOC, old_name.c_str(), H5P_DEFAULT, H5P_DEFAULT) < 0)
    fail_for("H5Lmove", name_, path_);
  const std::unique_ptr<Hdf5Handle> narrow_type = std::move(type_);
  std::unique_ptr<Hdf5Column> narrow = std::move(column_);
  width_ = bytes;
  make();
  narrow->copy_to(*column_);
  narrow.reset();
  if (H5Ldelete(file_, old_name.c_str(), H5P_DEFAULT) < 0) fail_for("H5Ldelete", name_, path_);
}

}  // namespace rankine::files
