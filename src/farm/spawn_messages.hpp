// SPDX-License-Identifier: Apache-2.0
// What a rank and its helper say to each other, a datagram each: run this command, stop it; it ended so. Both
// are one program on one machine. Sends nothing.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include <rankine/core/time.hpp>

namespace rankine::farm {

enum class Order : std::uint32_t { run = 1, stop = 2 };

struct RequestHead {
  Order order = Order::run;
  std::uint32_t attempt = 1;
  std::uint64_t id = 0;
  std::uint64_t key = 0;
  Nanoseconds timeout = 0;  ///< 0: none
  Nanoseconds grace = 0;    ///< between SIGTERM and SIGKILL
  std::uint64_t command_bytes = 0;
};

/// How an attempt ended. A plain value: travels between ranks as it is.
struct Ending {
  std::int32_t status = 0;  ///< as waitpid gives it
  bool timed_out = false;
  bool stopped = false;       ///< because the run asked for it
  bool in_trouble = false;    ///< it could not be started or its output not be written: the text says why
  std::int64_t began_ns = 0;  ///< since 1970
  double seconds = 0;
  double cpu_seconds = 0;
  double memory_mib = 0;  ///< the most that one process of it had
  std::uint64_t output_bytes = 0;
  std::uint64_t error_bytes = 0;
  std::uint64_t serial = 0;  ///< in its rank's output file

  bool good() const { return status == 0 && !timed_out && !stopped && !in_trouble; }
};

/// A head followed by text. `head` must be a plain value.
template <class Head>
void pack_message(std::string& bytes, const Head& head, std::string_view first,
                  std::string_view second = {}) {
  bytes.resize(sizeof head + first.size() + second.size());
  std::memcpy(bytes.data(), static_cast<const void*>(&head), sizeof head);
  first.copy(bytes.data() + sizeof head, first.size());
  second.copy(bytes.data() + sizeof head + first.size(), second.size());
}

template <class Head>
Head unpack_message(std::string_view bytes, std::string_view& text) {
  Head head;
  std::memcpy(static_cast<void*>(&head), bytes.data(), sizeof head);
  text = bytes.substr(sizeof head);
  return head;
}

}  // namespace rankine::farm
