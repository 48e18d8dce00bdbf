// SPDX-License-Identifier: Apache-2.0
// Initial parameters: orthogonal matrices by QR of a normal one, signs made unique (Saxe et al. 2014; as
// PyTorch's orthogonal_), or PyTorch's default for Linear.
#include <algorithm>
#include <cmath>

#include <Eigen/QR>

#include <rankine/core/philox.hpp>

#include "rl/learn/network.hpp"

namespace rankine::rl::learn {

namespace {

constexpr std::uint64_t kStream = 0x696e6974;  // "init"

/// out x in.
Eigen::MatrixXd orthogonal(int out, int in, double gain, Philox& random) {
  const int tall = std::max(out, in);
  const int wide = std::min(out, in);
  Eigen::MatrixXd normal(tall, wide);
  for (int i = 0; i < tall; ++i) {
    for (int j = 0; j < wide; ++j) normal(i, j) = random.normal();
  }
  const Eigen::HouseholderQR<Eigen::MatrixXd> qr(normal);
  Eigen::MatrixXd q = qr.householderQ() * Eigen::MatrixXd::Identity(tall, wide);
  for (int j = 0; j < wide; ++j) {
    if (qr.matrixQR()(j, j) < 0) q.col(j) *= -1;
  }
  if (out < in) q.transposeInPlace();
  return gain * q;
}

Eigen::MatrixXd uniform(int out, int in, double bound, Philox& random) {
  Eigen::MatrixXd w(out, in);
  for (int o = 0; o < out; ++o) {
    for (int i = 0; i < in; ++i) w(o, i) = bound * (2 * random.uniform() - 1);
  }
  return w;
}

void fill(Floats& parameters, const Layer& layer, bool head, double gain, bool orthogonally, Philox& random) {
  const double bound = 1 / std::sqrt(static_cast<double>(layer.in));
  const Eigen::MatrixXd w = orthogonally ? orthogonal(layer.out, layer.in, gain, random)
                                         : uniform(layer.out, layer.in, bound, random);
  for (int o = 0; o < layer.out; ++o) {
    for (int i = 0; i < layer.in; ++i) {
      const long at = head ? static_cast<long>(o) * layer.width + i : static_cast<long>(i) * layer.width + o;
      parameters[static_cast<std::size_t>(layer.weights + at)] = static_cast<float>(w(o, i));
    }
    if (!orthogonally)
      parameters[static_cast<std::size_t>(layer.biases + o)] =
          static_cast<float>(bound * (2 * random.uniform() - 1));
  }
}

}  // namespace

Floats initial_parameters(const Layout& layout, const PpoConfig& config) {
  Floats parameters(static_cast<std::size_t>(layout.count), 0.0f);
  Philox random(config.seed, kStream);
  for (int which = 0; which < 2; ++which) {
    for (const Layer& layer : layout.trunks[which])
      fill(parameters, layer, false, std::sqrt(2.0), config.orthogonal, random);
    fill(parameters, layout.heads[which], true, which == 0 ? 0.01 : 1.0, config.orthogonal, random);
  }
  if (!layout.discrete)
    std::fill_n(parameters.begin() + layout.log_std, layout.log_std_count,
                static_cast<float>(config.log_std));
  return parameters;
}

}  // namespace rankine::rl::learn
