// SPDX-License-Identifier: Apache-2.0
// Memory of the host for a model's buffers, wherever they are asked for.
#pragma once

#include <cstddef>
#include <memory>

namespace rankine::nn {

/// Zeroed, at a multiple of 64 bytes. Throws Error naming the size if memory is short.
std::shared_ptr<void> host_memory(std::size_t bytes);

}  // namespace rankine::nn
