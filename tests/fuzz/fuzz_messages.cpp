// SPDX-License-Identifier: Apache-2.0
// The parts that messages are made of: records, values, packed arguments and the pieces cut out of them.
#include <memory>
#include <vector>

#include "fuzz_input.hpp"
#include "runtime/arguments.hpp"
#include "runtime/body.hpp"

namespace {

using namespace rankine::runtime;
using rankine::Rank;

/// What every handler does: the record, then what its counts and lengths promise.
void read_records(const std::vector<std::byte>& bytes) {
  BlobPool blobs;
  MessageReader reader(bytes);
  const auto submit = reader.record<SubmitMessage>();
  reader.bytes(submit.options_bytes);
  reader.bytes(std::size_t{8} * submit.dependencies);
  for (std::uint32_t i = 0; i < submit.header.count; ++i) {
    const ReadBody body = read_body(reader, blobs);
    blobs.drop(body.blob);
  }
}

/// Arguments of `count` elements from `element` on, read as a worker does, and cut out as the head does.
void read_arguments(const std::vector<std::byte>& bytes, std::uint32_t element, std::uint32_t count) {
  const auto read = [](const std::vector<std::byte>& from, std::uint32_t first, std::uint32_t elements) {
    std::size_t sum = 0;
    ArgumentsView view;
    view.open({from, {}}, elements > 0, first, elements);
    for (const std::byte b : view.common()) sum += static_cast<std::size_t>(b);
    for (std::uint32_t i = 0; i < elements; ++i) {
      for (const std::byte b : view.element(i)) sum += static_cast<std::size_t>(b);
    }
    return sum;
  };
  rankine_fuzz::may_be_refused([&] { read(bytes, element, count); });
  std::vector<std::byte> piece(cut_bytes(bytes, element, count));
  cut(bytes, element, count, piece.data());
  read(piece, 0, count);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rankine_fuzz::Input input(data, size);
  const auto kind = input.number<std::uint8_t>();
  const auto element = input.number<std::uint8_t>();
  const auto count = input.number<std::uint8_t>();
  rankine_fuzz::may_be_refused([&] {
    if (kind % 2 == 0) return read_records(input.bytes());
    read_arguments(input.bytes(), element, count);
  });
  return 0;
}
