// SPDX-License-Identifier: Apache-2.0
// Of a build without CUDA.
#include <rankine/core/error.hpp>
#include <rankine/nn/cuda.hpp>

namespace rankine::nn {

namespace {

[[noreturn]] void refuse() {
  throw InputError(
      "rankine: built without CUDA. Remedy: build with -DRANKINE_CUDA=ON where nvcc, cuBLAS and NCCL are, or "
      "train on the CPU");
}

}  // namespace

int cuda_devices() {
  return 0;
}

std::unique_ptr<Device> make_cuda_device(int) {
  refuse();
}

Model make_cuda_gpt(const GptConfig&, Scalar, TensorGroup&, Device&) {
  refuse();
}

Model make_cuda_mlp(const MlpConfig&, Scalar, Device&) {
  refuse();
}

Model make_cuda_cnn(const CnnConfig&, Scalar, Device&) {
  refuse();
}

double cuda_product_rate(Scalar, Device&) {
  refuse();
}

}  // namespace rankine::nn
