// SPDX-License-Identifier: Apache-2.0
#include "transport/rma.hpp"

#include <algorithm>
#include <cstring>
#include <exception>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <rankine/core/error.hpp>

#include "transport/gathering.hpp"
#include "transport/mpi_error.hpp"

namespace rankine::transport {
namespace {

constexpr std::size_t kLineBytes = 64;

constexpr const char* kWindowRemedy =
    "this MPI library offers no one-sided path between these ranks. With Debian's Open MPI 4.1 on several "
    "nodes set "
    "OMPI_MCA_pml=ucx OMPI_MCA_osc=ucx,sm OMPI_MCA_pml_ucx_tls=any OMPI_MCA_pml_ucx_devices=any "
    "OMPI_MCA_osc_ucx_tls=any before the start, or use two-sided messaging (RANKINE_TRANSPORT=p2p); on one "
    "node look for room in /dev/shm and the temporary directory";

std::size_t padding(const std::byte* base) {
  return (kLineBytes - reinterpret_cast<std::uintptr_t>(base) % kLineBytes) % kLineBytes;
}

}  // namespace

/// The window and the operations on it. `skew_` is what each rank's base lacks to the next 64-byte line.
class RmaTransport::Window final : public Fabric {
 public:
  Window(MPI_Comm comm, const Layout& layout) : comm_(comm) {
    int rank = 0;
    check_mpi(MPI_Comm_rank(comm_, &rank), "MPI_Comm_rank");
    const std::size_t bytes = layout.bytes(Rank{rank}) + kLineBytes;
    std::byte* base = nullptr;
    // All our accumulates are Fetch_and_op on one 64-bit type. Told so, Open MPI maps each to one atomic
    // operation; else it brackets each with a lock in the target's memory, which over UCX takes more trips
    // and was seen to spin.
    MPI_Info info = MPI_INFO_NULL;
    check_mpi(MPI_Info_create(&info), "MPI_Info_create");
    check_mpi(MPI_Info_set(info, "acc_single_intrinsic", "true"), "MPI_Info_set");
    const int code = MPI_Win_allocate(static_cast<MPI_Aint>(bytes), 1, info, comm_, &base, &win_);
    check_mpi(MPI_Info_free(&info), "MPI_Info_free");
    int made = code == MPI_SUCCESS ? 1 : 0;
    check_mpi(MPI_Allreduce(MPI_IN_PLACE, &made, 1, MPI_INT, MPI_MIN, comm_), "MPI_Allreduce");
    check_mpi(code, "MPI_Win_allocate", kWindowRemedy);
    if (made == 0)
      throw SystemError(std::string("MPI_Win_allocate failed on another rank: ") + kWindowRemedy);
    check_mpi(MPI_Win_set_errhandler(win_, MPI_ERRORS_RETURN), "MPI_Win_set_errhandler");
    memory_ = base + padding(base);
    std::memset(memory_, 0, layout.control_bytes(Rank{rank}));
    skew_.resize(static_cast<std::size_t>(layout.ranks));
    const auto own_skew = static_cast<std::uint8_t>(padding(base));
    check_mpi(MPI_Allgather(&own_skew, 1, MPI_UINT8_T, skew_.data(), 1, MPI_UINT8_T, comm_), "MPI_Allgather");
    has_puts_.resize(skew_.size());
    check_mpi(MPI_Win_lock_all(MPI_MODE_NOCHECK, win_), "MPI_Win_lock_all", kWindowRemedy);
    check_mpi(MPI_Win_sync(win_), "MPI_Win_sync");
    // Nobody writes before all control words are zero.
    check_mpi(MPI_Barrier(comm_), "MPI_Barrier");
  }

  void free() {
    check_mpi(MPI_Win_unlock_all(win_), "MPI_Win_unlock_all");
    check_mpi(MPI_Win_free(&win_), "MPI_Win_free");
    check_mpi(MPI_Comm_free(&comm_), "MPI_Comm_free");
    memory_ = nullptr;
  }

  std::byte* memory() override { return memory_; }

  void put(Rank target, std::size_t offset, std::span<const std::byte> bytes) override {
    const int count = static_cast<int>(bytes.size());  // at most a ring, 64 MiB
    check_access(
        MPI_Put(bytes.data(), count, MPI_BYTE, index(target), place(target, offset), count, MPI_BYTE, win_),
        "MPI_Put", target);
    has_puts_[index(target)] = 1;
  }

  // Puts, flush, flags, flush: each stage for all targets before the next, so that their latencies overlap.
  void publish(std::span<const Flag> flags) override {
    std::exception_ptr first_error;
    const auto attempt = [&first_error](auto&& operation) {
      try {
        operation();
      } catch (const SystemError&) {
        if (!first_error) first_error = std::current_exception();
      }
    };
    for (const Flag& flag : flags) {
      if (std::exchange(has_puts_[index(flag.target)], 0) == 0) continue;
      attempt([&] { check_access(MPI_Win_flush(index(flag.target), win_), "MPI_Win_flush", flag.target); });
    }
    replaced_.resize(std::max(replaced_.size(), flags.size()));
    for (std::size_t i = 0; i < flags.size(); ++i) {
      const Flag& flag = flags[i];
      attempt([&] {
        check_access(MPI_Fetch_and_op(&flag.value, &replaced_[i], MPI_UINT64_T, index(flag.target),
                                      place(flag.target, flag.offset), MPI_REPLACE, win_),
                     "MPI_Fetch_and_op", flag.target);
      });
    }
    for (const Flag& flag : flags) {
      attempt([&] { check_access(MPI_Win_flush(index(flag.target), win_), "MPI_Win_flush", flag.target); });
    }
    if (first_error) [[unlikely]]
      std::rethrow_exception(first_error);
  }

  std::uint64_t fetch_add(Rank target, std::size_t offset, std::uint64_t by) override {
    std::uint64_t before = 0;
    check_access(
        MPI_Fetch_and_op(&by, &before, MPI_UINT64_T, index(target), place(target, offset), MPI_SUM, win_),
        "MPI_Fetch_and_op", target);
    check_access(MPI_Win_flush(index(target), win_), "MPI_Win_flush", target);
    return before;
  }

  void progress() override {
    int arrived = 0;
    check_mpi(MPI_Iprobe(MPI_ANY_SOURCE, 0, comm_, &arrived, MPI_STATUS_IGNORE), "MPI_Iprobe");
    check_mpi(MPI_Win_sync(win_), "MPI_Win_sync");
  }

 private:
  MPI_Aint place(Rank target, std::size_t offset) const {
    return static_cast<MPI_Aint>(skew_[index(target)] + offset);
  }

  MPI_Comm comm_;
  MPI_Win win_ = MPI_WIN_NULL;
  std::byte* memory_ = nullptr;
  std::vector<std::uint8_t> skew_;
  std::vector<std::uint8_t> has_puts_;   // one a rank: puts not flushed yet
  std::vector<std::uint64_t> replaced_;  // what Fetch_and_op writes back; nobody reads it
};

RmaTransport::RmaTransport(Rank rank, const Layout& layout, Doorbells doorbells,
                           std::unique_ptr<Window> window)
    : RingTransport(rank, layout, std::move(doorbells), std::move(window)),
      window_(static_cast<Window*>(&fabric())) {}

RmaTransport::~RmaTransport() = default;

void RmaTransport::close(bool orderly) {
  if (std::exchange(window_, nullptr) == nullptr) return;
  if (orderly) static_cast<Window&>(fabric()).free();
}

std::unique_ptr<RmaTransport> make_rma_transport(MPI_Comm comm, Doorbells doorbells,
                                                 const RmaOptions& options) {
  const Gathering g = gather(comm, doorbells, options.limits);
  const Layout layout = choose_layout(g.ranks, g.ranks_on_node, g.limits);
  auto window = std::make_unique<RmaTransport::Window>(g.comm, layout);
  return std::unique_ptr<RmaTransport>(
      new RmaTransport(Rank{g.rank}, layout, std::move(doorbells), std::move(window)));
}

}  // namespace rankine::transport
