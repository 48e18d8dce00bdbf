// SPDX-License-Identifier: Apache-2.0
// The floor under every figure: what bare MPI and bare memory do on the same machine in the same program.
#pragma once

#include <cstddef>
#include <memory>

namespace rankine::bench {

struct RawFloor {
  double mailbox_round_trips_per_s = 0;  ///< 64 B by MPI_Put, flush, a flag by MPI_Fetch_and_op, flush; back
  double send_recv_round_trips_per_s = 0;  ///< MPI_Send, MPI_Recv of 64 B and back
  double messages_per_s = 0;               ///< 64 B, MPI_Isend in batches of 64, one way
  double puts_per_s = 0;                   ///< MPI_Put of 64 B, flush
  double gets_per_s = 0;                   ///< MPI_Get of 64 B, flush
  double get_bytes_per_s = 0;              ///< MPI_Get of a large window, flush
  double groups_per_s = 0;                 ///< MPI_Comm_create_group over both ranks, and MPI_Comm_free
  double memcpy_bytes_per_s = 0;           ///< into memory that was written before
};

/// How fast a rank has the bytes of the rank farthest from it.
struct RawReads {
  double get_bytes_per_s = 0;       ///< MPI_Get from a window over memory that is not MPI's, flush
  double receive_bytes_per_s = 0;   ///< MPI_Send on one side, MPI_Recv on the other
  double small_receives_per_s = 0;  ///< 64 B asked for and sent: MPI_Send and MPI_Recv on both sides
  double memcpy_bytes_per_s = 0;    ///< into memory that was written before
};

/// Both: collective over MPI_COMM_WORLD; the first and the last rank measure while the others wait at a
/// barrier that sleeps. With one rank only memcpy is measured; what needs a window is 0 where MPI makes none
/// between the two. Values are valid on rank 0; the best of several repetitions.
RawFloor measure_raw_floor(std::size_t large_bytes);
RawReads measure_raw_reads(std::size_t large_bytes);

/// Large reads by bare MPI between two ranks of a running program, to be taken in turns with others: one rank
/// calls read(), the other one serve(), with the same argument. Construction and destruction take both.
class RawLink {
 public:
  RawLink(int other, std::size_t bytes);
  ~RawLink();
  RawLink(const RawLink&) = delete;
  RawLink& operator=(const RawLink&) = delete;

  bool has_window() const;
  /// Seconds until all bytes are here, by MPI_Get and a flush or by MPI_Recv. The first read by each goes
  /// into memory that nobody has touched yet.
  double read(bool by_get);
  bool serve(bool by_get);
  bool right() const;  ///< all bytes that were looked at had come

 private:
  struct Ends;
  std::unique_ptr<Ends> ends_;
};

}  // namespace rankine::bench
