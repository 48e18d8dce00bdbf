// SPDX-License-Identifier: Apache-2.0
// In which order examples come.
#include <bit>

#include <fmt/format.h>

#include <rankine/core/check.hpp>
#include <rankine/core/error.hpp>
#include <rankine/core/hash.hpp>
#include <rankine/train/examples.hpp>

namespace rankine::train {

Order order_named(std::string_view name) {
  if (name == "windows") return Order::windows;
  if (name == "epochs") return Order::epochs;
  throw InputError(fmt::format("order \"{}\" is none of windows, epochs", name));
}

Permutation::Permutation(std::uint64_t size, std::uint64_t key) : size_(size), key_(key) {
  const auto bits = static_cast<unsigned>(std::bit_width(size > 0 ? size - 1 : 0));
  half_ = std::max(1U, (bits + 1) / 2);
}

std::uint64_t Permutation::operator()(std::uint64_t place) const {
  const std::uint64_t mask = (std::uint64_t{1} << half_) - 1;
  do {
    std::uint64_t left = place >> half_;
    std::uint64_t right = place & mask;
    for (std::uint64_t round = 0; round < 4; ++round) {
      const std::uint64_t next = left ^ (hash_mix(hash_mix(key_, round), right) & mask);
      left = right;
      right = next;
    }
    place = left << half_ | right;
  } while (place >= size_);
  return place;
}

void BatchShape::check() const {
  if (!std::has_single_bit(shards))
    throw InputError(fmt::format("{} shards: their number must be a power of two", shards));
  if (batch == 0 || batch % shards != 0) {
    throw InputError(
        fmt::format("a batch of {} examples cannot be cut in {} equal shards. Remedy: a batch "
                    "that is a multiple of {}, or --shards {}",
                    batch, shards, shards, batch == 0 ? 1 : std::size_t{1} << std::countr_zero(batch)));
  }
}

}  // namespace rankine::train
