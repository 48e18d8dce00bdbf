// SPDX-License-Identifier: Apache-2.0
// A journal whose bytes are anything: every record up to the first bad byte, and a reason for the end. What
// is understood encodes into a frame that says the same.
#include <cstdlib>
#include <vector>

#include "fuzz_input.hpp"
#include "journal/scan.hpp"

namespace {

using namespace rankine::journal;

/// Whether the record, encoded, is a frame that decodes.
bool encodes(const Record& record) {
  std::vector<std::byte> frame;
  if (!encode(record, frame)) return false;
  const std::span<const std::byte> payload = std::span(frame).subspan(kFrameBytes);
  return decode(kind_of(record), payload).has_value();
}

void scan(const std::vector<std::byte>& bytes) {
  Scanner scanner(read_from(bytes), bytes.size());
  std::uint64_t last = 0;
  while (const auto item = scanner.next()) {
    if (item->offset < last || item->offset + item->bytes > bytes.size()) std::abort();
    last = item->offset + item->bytes;
    if (!encodes(item->record)) std::abort();
  }
  if (scanner.good_bytes() > bytes.size()) std::abort();
  if ((scanner.ending() == Ending::complete) != scanner.trouble().empty()) std::abort();
}

}  // namespace

/// The first byte: 0 a whole journal, else a payload of that kind, past the checksums that keep a fuzzer out.
int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  rankine_fuzz::Input input(data, size);
  const auto kind = input.number<std::uint8_t>();
  const std::vector<std::byte> bytes = input.bytes();
  rankine_fuzz::may_be_refused([&] {
    if (kind == 0) return scan(bytes);
    const auto record = decode(kind, bytes);
    if (record && !encodes(*record)) std::abort();
  });
  return 0;
}
