// SPDX-License-Identifier: Apache-2.0
// Without CUDA: devices are counted for those who use them by other means.
#include "runtime/gpu_devices.hpp"

namespace rankine::runtime {

std::optional<std::int32_t> count_gpu_devices() {
  return {};
}
void use_gpu_device(std::int32_t) {}

}  // namespace rankine::runtime
