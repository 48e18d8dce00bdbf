// SPDX-License-Identifier: Apache-2.0
// What a journal says, record by record, and the bytes of it. A journal is the magic, then frames:
//
//   length of the payload (u32) | kind (u16) | check of these six bytes (u16) | CRC-32C of the payload (u32)
//   | payload
//
// All numbers are little-endian; `varint` has seven bits a byte, the lowest first. The first record is a
// Program, names of functions are written once and referred to by number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace rankine::journal {

inline constexpr std::uint32_t kFormat = 1;
inline constexpr char kMagic[8] = {'R', 'K', 'J', 'O', 'U', 'R', 'N', '\n'};
inline constexpr std::size_t kFrameBytes = 12;
/// Larger payloads are not written: what cannot be told from a damaged length.
inline constexpr std::uint64_t kPayloadMax = std::uint64_t{0xffffffff};

/// Whose journal it is. A resume needs all of it to be equal.
struct Program {
  std::uint32_t format = kFormat;
  std::string name;             ///< of the program's file
  std::uint64_t functions = 0;  ///< hash of the table of registered functions
  std::string options;          ///< what the results depend on besides: the seed and what the program said
};

/// From here on `number` means this function.
struct Function {
  std::uint32_t number = 0;
  std::string name;     ///< as registered
  std::string display;  ///< for people
};

/// One finished task, or consecutive elements of a map.
struct Tasks {
  struct Element {
    std::uint64_t arguments = 0;  ///< hash
    std::span<const std::byte> result;
  };
  std::uint32_t function = 0;
  std::uint64_t key = 0;  ///< of the submission
  bool range = false;
  std::uint32_t first = 0;  ///< index of the first element in the submission
  std::uint64_t busy_ns = 0;
  std::vector<Element> elements;
};

/// The state of a named actor; a later one replaces it.
struct Checkpoint {
  std::string name;
  std::string class_name;
  std::uint64_t class_hash = 0;
  std::span<const std::byte> state;
};

/// What the program saved under a name; a later one replaces it.
struct Saved {
  std::string name;
  std::span<const std::byte> value;
};

struct Note {
  enum class What : std::uint8_t {
    started,
    resumed,
    finished,  ///< all of it was done
    stopped,   ///< in good order, with something left or after a failure
  };
  What what = What::started;
  std::int64_t unix_ns = 0;
  std::uint32_t ranks = 0;
  std::string text;
};

/// Spans point into the payload it was decoded from.
using Record = std::variant<Program, Function, Tasks, Checkpoint, Saved, Note>;

/// The kind of a record in its frame: its position in the variant plus one.
std::uint16_t kind_of(const Record& record);

/// Appends the frame of `record`. A payload over kPayloadMax: nothing, and false.
bool encode(const Record& record, std::vector<std::byte>& into);
/// The front of a record whose last bytes are a result too large to be copied: who writes it adds the frame
/// before and the result behind.
struct OpenFrame {
  std::vector<std::byte> bytes;  ///< of the payload
  std::uint16_t kind = 0;
};
/// Of one element, whose result will have so many bytes.
OpenFrame encode_open(const Tasks& tasks, std::size_t result_bytes);
/// The twelve bytes before a payload.
void frame_header(std::uint64_t length, std::uint16_t kind, std::uint32_t checksum,
                  std::byte (&into)[kFrameBytes]);

/// Nothing where the bytes are no such record.
std::optional<Record> decode(std::uint16_t kind, std::span<const std::byte> payload);

}  // namespace rankine::journal
