// SPDX-License-Identifier: Apache-2.0
// The raw figures as rows of their own: what stands beside the others, and the rest of it.
#include "core.hpp"

namespace rankine::bench {

void add_raw(Suite& suite, const Setting& setting) {
  const auto add = [&suite](const char* name, double value, const char* unit) {
    if (value == 0) return;
    suite.figure(name, [value, unit] { return rate_row(unit, {value}); });
  };
  const RawFloor& raw = setting.raw;
  add("raw_mailbox_round_trips", raw.mailbox_round_trips_per_s, "1/s");
  add("raw_send_recv_round_trips", raw.send_recv_round_trips_per_s, "1/s");
  add("raw_isend_messages", raw.messages_per_s, "1/s");
  add("raw_put_64_bytes", raw.puts_per_s, "1/s");
  add("raw_get_64_bytes", raw.gets_per_s, "1/s");
  add("raw_comm_create_group", raw.groups_per_s, "1/s");
  add("raw_get_gigabytes", raw.get_bytes_per_s / 1e9, "GB/s");
  add("raw_memcpy_gigabytes", raw.memcpy_bytes_per_s / 1e9, "GB/s");
}

}  // namespace rankine::bench
