// SPDX-License-Identifier: Apache-2.0
// What a rank and its helper say to each other, a datagram each: run these commands one after another, stop
// them; they ended so. Both are one program on one machine. Sends nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <rankine/core/time.hpp>

namespace rankine::farm {

/// The longest datagram: commands that go out together, with their variables.
inline constexpr std::size_t kRequestBytes = std::size_t{256} << 10;

enum class Order : std::uint32_t { run = 1, stop = 2 };

struct RequestHead {
  Order order = Order::run;
  std::uint32_t attempt = 1;
  std::uint64_t id = 0;
  std::uint64_t key = 0;
  Nanoseconds timeout = 0;  ///< 0: none
  Nanoseconds grace = 0;    ///< between SIGTERM and SIGKILL
  Nanoseconds budget = 0;   ///< of all that come together: once it is used up, none of them begins
  std::uint64_t command_bytes = 0;
  std::uint64_t variable_bytes = 0;
};

/// How an attempt ended. A plain value: travels between ranks as it is.
struct Ending {
  std::int32_t status = 0;  ///< as waitpid gives it
  bool timed_out = false;
  bool stopped = false;       ///< because the run asked for it
  bool in_trouble = false;    ///< it could not be started or its output not be written: the text says why
  bool begun = true;          ///< not where those before it used the budget up
  std::int64_t began_ns = 0;  ///< since 1970
  double seconds = 0;
  double cpu_seconds = 0;
  double memory_mib = 0;  ///< the most that one process of it had
  std::uint64_t output_bytes = 0;
  std::uint64_t error_bytes = 0;
  std::uint64_t serial = 0;  ///< in its rank's output file

  bool good() const { return status == 0 && begun && !timed_out && !stopped && !in_trouble; }
};

/// Of an answer: one for each command that was asked for, in order.
struct EndingHead {
  Ending ending;
  std::uint64_t text_bytes = 0;
};

/// Appends a head followed by text. `head` must be a plain value.
template <class Head>
void append_message(std::string& bytes, const Head& head, std::string_view first,
                    std::string_view second = {}) {
  const std::size_t at = bytes.size();
  bytes.resize(at + sizeof head);
  std::memcpy(bytes.data() + at, static_cast<const void*>(&head), sizeof head);
  bytes.append(first).append(second);
}

/// Takes a head off the beginning, or says that there is none.
template <class Head>
bool take_head(std::string_view& bytes, Head& head) {
  if (bytes.size() < sizeof head) return false;
  std::memcpy(static_cast<void*>(&head), bytes.data(), sizeof head);
  bytes.remove_prefix(sizeof head);
  return true;
}

/// Takes `count` bytes of text off the beginning, or what is there.
inline std::string_view take_text(std::string_view& bytes, std::uint64_t count) {
  const std::string_view text = bytes.substr(0, count);
  bytes.remove_prefix(text.size());
  return text;
}

}  // namespace rankine::farm
