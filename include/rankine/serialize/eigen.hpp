// SPDX-License-Identifier: Apache-2.0
// Codecs of dense Eigen matrices and arrays, and Eigen maps over an Array. Maps, refs and blocks are views:
// they do not travel, their evaluated matrix does.
#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>

#include <rankine/core/error.hpp>
#include <rankine/serialize/array.hpp>
#include <rankine/serialize/codec.hpp>

namespace rankine {

namespace detail {

template <class Plain, int MapOptions, class Stride>
inline constexpr bool is_view<Eigen::Map<Plain, MapOptions, Stride>> = true;
template <class Plain, int RefOptions, class Stride>
inline constexpr bool is_view<Eigen::Ref<Plain, RefOptions, Stride>> = true;
template <class Plain, int Rows, int Columns, bool InnerPanel>
inline constexpr bool is_view<Eigen::Block<Plain, Rows, Columns, InnerPanel>> = true;
template <class Plain, int Size>
inline constexpr bool is_view<Eigen::VectorBlock<Plain, Size>> = true;

/// Sizes fixed at compile time: the coefficients in storage order. Else rows and columns (8 bytes each),
/// zeros up to a multiple of 64, coefficients in storage order.
template <class Plain>
struct EigenCodec {
  using Scalar = typename Plain::Scalar;
  using Parts = Types<Scalar>;
  static constexpr bool kFixed = Plain::SizeAtCompileTime != Eigen::Dynamic;
  static constexpr std::size_t kMinBytes =
      kFixed ? static_cast<std::size_t>(Plain::SizeAtCompileTime) * sizeof(Scalar) : 2 * sizeof(std::int64_t);

  template <class Sink>
  static void pack(Sink& sink, const Plain& matrix) {
    if constexpr (!kFixed) {
      const std::int64_t shape[2] = {matrix.rows(), matrix.cols()};
      sink.bytes(shape, sizeof shape);
      sink.align(kArrayAlignment);
    }
    pack_run(sink, matrix.data(), static_cast<std::size_t>(matrix.size()));
  }

  static Plain unpack(Reader& reader) {
    Plain matrix;
    if constexpr (!kFixed) {
      std::int64_t shape[2];
      reader.copy(shape, sizeof shape);
      reader.align(kArrayAlignment);
      check_shape(shape[0], shape[1], reader.left());
      matrix.resize(shape[0], shape[1]);
    }
    reader.copy(static_cast<void*>(matrix.data()), static_cast<std::size_t>(matrix.size()) * sizeof(Scalar));
    return matrix;
  }

 private:
  static bool fits(std::int64_t size, int at_compile_time, int max_at_compile_time) {
    return size >= 0 && (at_compile_time == Eigen::Dynamic || size == at_compile_time) &&
           (max_at_compile_time == Eigen::Dynamic || size <= max_at_compile_time);
  }
  static void check_shape(std::int64_t rows, std::int64_t columns, std::size_t left_bytes) {
    if (!fits(rows, Plain::RowsAtCompileTime, Plain::MaxRowsAtCompileTime) ||
        !fits(columns, Plain::ColsAtCompileTime, Plain::MaxColsAtCompileTime)) {
      throw_damaged("the shape of a matrix is not one of its type");
    }
    const std::size_t room = left_bytes / sizeof(Scalar);
    const std::size_t row_count = static_cast<std::size_t>(rows);
    const std::size_t column_count = static_cast<std::size_t>(columns);
    const bool holds = row_count == 0 || column_count == 0 || column_count <= room / row_count;
    if (!holds) throw_bad_count(row_count, column_count * sizeof(Scalar), left_bytes);
  }
};

}  // namespace detail

template <detail::Straight Scalar, int Rows, int Columns, int Options, int MaxRows, int MaxColumns>
struct Codec<Eigen::Matrix<Scalar, Rows, Columns, Options, MaxRows, MaxColumns>>
    : detail::EigenCodec<Eigen::Matrix<Scalar, Rows, Columns, Options, MaxRows, MaxColumns>> {};

template <detail::Straight Scalar, int Rows, int Columns, int Options, int MaxRows, int MaxColumns>
struct Codec<Eigen::Array<Scalar, Rows, Columns, Options, MaxRows, MaxColumns>>
    : detail::EigenCodec<Eigen::Array<Scalar, Rows, Columns, Options, MaxRows, MaxColumns>> {};

/// The array as a column vector of length size(), without a copy; valid while `array` or a copy of it lives.
template <class T>
Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, 1>> as_vector(const Array<T>& array) {
  return {array.data(), static_cast<Eigen::Index>(array.size())};
}
template <class T>
void as_vector(const Array<T>&&) = delete;  // the view would outlive its elements

/// The array as a matrix of rows x columns in column-major order, without a copy; valid while `array` or a
/// copy of it lives. Throws InputError where rows * columns is not size().
template <class T>
Eigen::Map<const Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic>> as_matrix(const Array<T>& array,
                                                                             Eigen::Index rows,
                                                                             Eigen::Index columns) {
  if (rows < 0 || columns < 0 ||
      static_cast<std::size_t>(rows) * static_cast<std::size_t>(columns) != array.size()) {
    throw InputError("an Array of " + std::to_string(array.size()) + " elements is not a matrix of " +
                     std::to_string(rows) + " x " + std::to_string(columns));
  }
  return {array.data(), rows, columns};
}
template <class T>
void as_matrix(const Array<T>&&, Eigen::Index, Eigen::Index) = delete;

}  // namespace rankine
