// SPDX-License-Identifier: Apache-2.0
// Dense Eigen values of fixed and dynamic shapes, both storage orders, empty ones, and maps over an Array.
#include <rankine/serialize/eigen.hpp>

#include <Eigen/Dense>

#include "round_trip.hpp"

using namespace rankine;
using rankine_test::packed;
using rankine_test::round_trip;

using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

static_assert(Travels<Eigen::VectorXd> && Travels<Eigen::Matrix3d> && Travels<Eigen::ArrayXXf> &&
              Travels<RowMajor>);
static_assert(Travels<std::vector<Eigen::MatrixXd>> && !Travels<Eigen::Map<Eigen::VectorXd>>);
static_assert(!Travels<Eigen::Ref<Eigen::VectorXd>> && !Travels<Eigen::Matrix<int*, 2, 2>>);

TEST_CASE("dense matrices come back equal") {
  const Eigen::MatrixXd m = Eigen::MatrixXd::Random(5, 3);
  CHECK(round_trip(m) == m);
  const RowMajor r = RowMajor::Random(4, 7);
  CHECK(round_trip(r) == r);
  const Eigen::Matrix3d fixed = Eigen::Matrix3d::Random();
  CHECK(packed_bytes(fixed) == 72);
  CHECK(round_trip(fixed) == fixed);
  const Eigen::ArrayXXf array = Eigen::ArrayXXf::Random(2, 9);
  CHECK((round_trip(array) == array).all());
  const Eigen::Matrix<double, 2, Eigen::Dynamic> half = Eigen::MatrixXd::Random(2, 5);
  CHECK(round_trip(half) == half);
  const std::pair<char, std::vector<Eigen::MatrixXcd>> nested{'c', {Eigen::MatrixXcd::Random(3, 3)}};
  CHECK(round_trip(nested).second.at(0) == nested.second.at(0));
}

TEST_CASE("empty matrices keep their shape") {
  CHECK(round_trip(Eigen::VectorXd()).size() == 0);
  const Eigen::MatrixXd back = round_trip(Eigen::MatrixXd(0, 5));
  CHECK(back.rows() == 0);
  CHECK(back.cols() == 5);
}

TEST_CASE("a shape that is not one of the type, or too large for the bytes, is damage") {
  std::vector<std::byte> bytes = packed(Eigen::MatrixXd(Eigen::MatrixXd::Random(2, 2)));
  auto with_shape = [&](std::int64_t rows, std::int64_t columns) {
    std::memcpy(bytes.data(), &rows, 8);
    std::memcpy(bytes.data() + 8, &columns, 8);
    Reader reader(bytes);
    return unpack<Eigen::MatrixXd>(reader);
  };
  CHECK(with_shape(1, 4).cols() == 4);
  CHECK_THROWS_AS(with_shape(-1, 4), SerializeError);
  CHECK_THROWS_AS(with_shape(2, 3), SerializeError);
  CHECK_THROWS_AS(with_shape(std::int64_t{1} << 32, std::int64_t{1} << 32), SerializeError);
  Reader reader(bytes);
  CHECK_THROWS_AS((unpack<Eigen::Matrix<double, 3, Eigen::Dynamic>>(reader)), SerializeError);
}

TEST_CASE("an Array is seen as a vector and as a matrix without a copy") {
  std::vector<double> values(6);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
  const Array<double> array(std::move(values));
  CHECK(as_vector(array).size() == 6);
  CHECK(as_vector(array)(5) == 5);
  CHECK(as_matrix(array, 2, 3)(1, 2) == 5);
  CHECK(as_matrix(array, 2, 3).data() == array.data());
  CHECK_THROWS_AS(as_matrix(array, 2, 2), InputError);
  CHECK_THROWS_AS(as_matrix(array, -2, -3), InputError);
}
