// SPDX-License-Identifier: Apache-2.0
#include "rl/learn/network.hpp"

#include <algorithm>

namespace rankine::rl::learn {

namespace {

constexpr float kStateNoiseFloor = 1e-6f;  // Stable-Baselines3's epsilon, added to gSDE's variance

class Places {
 public:
  long take(long count) {
    const long at = next_;
    next_ += (count + kLanes - 1) / kLanes * kLanes;
    return at;
  }
  long taken() const { return next_; }

 private:
  long next_ = 0;
};

Epilogue slope_of(Activation activation) {
  return activation == Activation::kTanh ? Epilogue::kTanhSlope : Epilogue::kReluSlope;
}

}  // namespace

Layout::Layout(const Spaces& spaces, const PpoConfig& config)
    : observations(spaces.observations),
      outputs(spaces.discrete() ? spaces.actions : spaces.action_size()),
      discrete(spaces.discrete()),
      state_noise(!spaces.discrete() && config.noise == Noise::kStateDependent),
      activation(config.activation),
      shared(config.shared) {
  Places places;
  for (int which = 0; which < 2; ++which) {
    int in = observations;
    if (which == 0 || !shared) {
      for (const int out : config.hidden) {
        Layer layer{in, out, padded(out), 0, 0};
        layer.weights = places.take(static_cast<long>(in) * layer.width);
        layer.biases = places.take(layer.width);
        trunks[which].push_back(layer);
        in = out;
      }
    }
    in = config.hidden.back();
    Layer& head = heads[which];
    head = {in, which == 0 ? outputs : 1, padded(in), 0, 0};
    head.weights = places.take(static_cast<long>(head.out) * head.width);
    head.biases = places.take(head.out);
  }
  if (!discrete) {
    log_std_count = state_noise ? static_cast<long>(outputs) * heads[0].width : padded(outputs);
    log_std = places.take(log_std_count);
  }
  count = places.taken();
}

Pass::Pass(const Layout& layout, const Kernels& kernels, int rows_max)
    : layout_(layout), kernels_(kernels), stride_(padded(rows_max)) {
  const auto rows = static_cast<std::size_t>(stride_);
  for (int which = 0; which < 2; ++which) {
    for (const Layer& layer : layout.trunks[which]) {
      hidden_[which].emplace_back(rows * layer.width);
      slopes_[which].emplace_back(rows * layer.width);
      transposed_[which].emplace_back(static_cast<std::size_t>(layer.out) * padded(layer.in));
    }
  }
  const std::size_t outputs = rows * layout.outputs;
  output_.resize(outputs);
  d_output_.resize(outputs);
  value_.resize(rows);
  d_value_.resize(rows);
  if (layout.discrete) return;
  variance_.assign(outputs, 1.0f);
  d_variance_.resize(outputs);
  spread_.resize(static_cast<std::size_t>(layout.log_std_count));
}

void Pass::forward(const float* parameters, const float* observations, int rows) {
  trunk_forward(0, parameters, observations, rows);
  if (!layout_.shared) trunk_forward(1, parameters, observations, rows);
  head_forward(0, parameters, rows, output_.data());
  head_forward(1, parameters, rows, value_.data());
  if (!layout_.discrete) make_variance(parameters, rows);
}

void Pass::trunk_forward(int which, const float* parameters, const float* observations, int rows) {
  const float* x = observations;
  int x_row = layout_.observations;
  for (std::size_t l = 0; l < layout_.trunks[which].size(); ++l) {
    const Layer& layer = layout_.trunks[which][l];
    Product product;
    product.x = x;
    product.x_row = x_row;
    product.x_step = 1;
    product.w = parameters + layer.weights;
    product.w_stride = layer.width;
    product.y = hidden_[which][l].data();
    product.y_stride = layer.width;
    product.rows = rows;
    product.steps = layer.in;
    product.columns = layer.width;
    product.bias = parameters + layer.biases;
    product.epilogue = layout_.activation == Activation::kTanh ? Epilogue::kTanh : Epilogue::kRelu;
    kernels_.product(product);
    x = product.y;
    x_row = layer.width;
  }
}

void Pass::head_forward(int which, const float* parameters, int rows, float* y) {
  const Layer& layer = layout_.heads[which];
  Head head;
  head.h = hidden_[trunk_of(which)].back().data();
  head.rows = rows;
  head.width = layer.width;
  head.w = parameters + layer.weights;
  head.b = parameters + layer.biases;
  head.outputs = layer.out;
  head.y = y;
  head.stride = stride_;
  kernels_.head(head);
}

void Pass::make_variance(const float* parameters, int rows) {
  kernels_.exponential(parameters + layout_.log_std, 2.0f, spread_.data(), layout_.log_std_count);
  if (!layout_.state_noise) {
    for (int o = 0; o < layout_.outputs; ++o)
      std::fill_n(variance_.data() + static_cast<long>(o) * stride_, stride_, spread_[o]);
    return;
  }
  Head head;
  head.h = features();
  head.rows = rows;
  head.width = layout_.features();
  head.w = spread_.data();
  head.outputs = layout_.outputs;
  head.y = variance_.data();
  head.stride = stride_;
  head.squares = true;
  kernels_.head(head);
  for (int o = 0; o < layout_.outputs; ++o) {
    for (int r = 0; r < rows; ++r) variance_[static_cast<std::size_t>(o) * stride_ + r] += kStateNoiseFloor;
  }
}

void Pass::backward(const float* parameters, const float* observations, int rows, float* gradient) {
  const bool shared = layout_.shared;
  if (!layout_.discrete) variance_backward(rows, gradient);
  head_backward(0, parameters, d_output_.data(), rows, false, !shared, gradient);
  head_backward(1, parameters, d_value_.data(), rows, shared, true, gradient);
  trunk_backward(0, parameters, observations, rows, gradient);
  if (!shared) trunk_backward(1, parameters, observations, rows, gradient);
  changed_ = false;
}

void Pass::variance_backward(int rows, float* gradient) {
  float* const into = gradient + layout_.log_std;
  std::fill_n(into, layout_.log_std_count, 0.0f);
  const int width = layout_.features();
  for (int o = 0; o < layout_.outputs; ++o) {
    const float* const d = d_variance_.data() + static_cast<long>(o) * stride_;
    if (!layout_.state_noise) {
      float sum = 0;
      for (int r = 0; r < rows; ++r) sum += d[r];
      into[o] = 2 * spread_[o] * sum;
      continue;
    }
    float* const row = into + static_cast<long>(o) * width;
    for (int r = 0; r < rows; ++r) {
      const float* const h = features() + static_cast<long>(r) * width;
      for (int j = 0; j < width; ++j) row[j] += d[r] * h[j] * h[j];
    }
    for (int j = 0; j < width; ++j) row[j] *= 2 * spread_[static_cast<std::size_t>(o) * width + j];
  }
}

/// The head's own gradient, and the slopes of its trunk's last layer: stored, or added to those that another
/// head stored (`add`); the activation's slope is applied by the last one.
void Pass::head_backward(int which, const float* parameters, const float* dy, int rows, bool add, bool last,
                         float* gradient) {
  const Layer& layer = layout_.heads[which];
  const int trunk = trunk_of(which);
  const float* const h = hidden_[trunk].back().data();
  Product weights;
  weights.x = dy;
  weights.x_row = stride_;
  weights.x_step = 1;
  weights.w = h;
  weights.w_stride = layer.width;
  weights.y = gradient + layer.weights;
  weights.y_stride = layer.width;
  weights.rows = layer.out;
  weights.steps = rows;
  weights.columns = layer.width;
  kernels_.product(weights);
  for (int o = 0; o < padded(layer.out); ++o) {
    float sum = 0;
    for (int r = 0; o < layer.out && r < rows; ++r) sum += dy[static_cast<long>(o) * stride_ + r];
    gradient[layer.biases + o] = sum;
  }
  Product slopes;
  slopes.x = dy;
  slopes.x_row = 1;
  slopes.x_step = stride_;
  slopes.w = parameters + layer.weights;
  slopes.w_stride = layer.width;
  slopes.y = slopes_[trunk].back().data();
  slopes.y_stride = layer.width;
  slopes.rows = rows;
  slopes.steps = layer.out;
  slopes.columns = layer.width;
  slopes.add = add;
  slopes.h = h;
  if (last) slopes.epilogue = slope_of(layout_.activation);
  kernels_.product(slopes);
}

void Pass::trunk_backward(int which, const float* parameters, const float* observations, int rows,
                          float* gradient) {
  for (std::size_t l = layout_.trunks[which].size(); l-- > 0;) {
    const Layer& layer = layout_.trunks[which][l];
    const float* const dz = slopes_[which][l].data();
    Product weights;
    weights.x = l == 0 ? observations : hidden_[which][l - 1].data();
    weights.x_row = 1;
    weights.x_step = l == 0 ? layout_.observations : layout_.trunks[which][l - 1].width;
    weights.w = dz;
    weights.w_stride = layer.width;
    weights.y = gradient + layer.weights;
    weights.y_stride = layer.width;
    weights.rows = layer.in;
    weights.steps = rows;
    weights.columns = layer.width;
    kernels_.product(weights);
    kernels_.column_sums(dz, rows, layer.width, layer.width, gradient + layer.biases);
    if (l == 0) return;
    const int below = layout_.trunks[which][l - 1].width;
    if (changed_)
      kernels_.transpose(parameters + layer.weights, layer.in, layer.width, layer.out,
                         transposed_[which][l].data(), below);
    Product slopes;
    slopes.x = dz;
    slopes.x_row = layer.width;
    slopes.x_step = 1;
    slopes.w = transposed_[which][l].data();
    slopes.w_stride = below;
    slopes.y = slopes_[which][l - 1].data();
    slopes.y_stride = below;
    slopes.rows = rows;
    slopes.steps = layer.out;
    slopes.columns = below;
    slopes.h = hidden_[which][l - 1].data();
    slopes.epilogue = slope_of(layout_.activation);
    kernels_.product(slopes);
  }
}

}  // namespace rankine::rl::learn
