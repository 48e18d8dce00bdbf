// SPDX-License-Identifier: Apache-2.0
// The GPUs that this process sees. Built with CUDA (RANKINE_CUDA) by gpu_devices_cuda.cpp, else by
// gpu_devices_none.cpp.
#pragma once

#include <cstdint>
#include <optional>

namespace rankine::runtime {

/// How many devices there are; nothing if this build cannot know.
std::optional<std::int32_t> count_gpu_devices();

/// Makes `device` the one that CUDA calls of this thread use. Throws SystemError naming the call.
void use_gpu_device(std::int32_t device);

}  // namespace rankine::runtime
