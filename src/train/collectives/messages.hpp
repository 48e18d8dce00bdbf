// SPDX-License-Identifier: Apache-2.0
// Messages of bytes between the ranks of a group, over MPI, whose waits end when the group breaks. MPI works
// on copies: what is under way then keeps them for ever, as MPI may still read or write there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <rankine/gang.hpp>

namespace rankine::train {

class Messages {
 public:
  /// `over` is asked during waits, which then end by GangBroken.
  Messages(const boost::mpi::communicator& communicator, std::function<bool()> over);
  /// Waits a while for sends that nobody received yet; leaves them to MPI if the group is over.
  ~Messages();
  Messages(const Messages&) = delete;
  Messages& operator=(const Messages&) = delete;

  /// Returns at once; `from` is free again.
  void send(const void* from, std::size_t bytes, std::size_t to, int tag);
  /// A receive that has begun; finish() waits and hands out the bytes.
  std::uint64_t begin_receive(void* into, std::size_t bytes, std::size_t from, int tag);
  void finish(std::uint64_t receive);

  /// Lets MPI go on with messages of this process, of whatever group.
  void progress() const;

  /// Throws GangBroken if the group is over.
  void check() const;

 private:
  using Buffer = std::unique_ptr<std::byte[]>;
  struct UnderWay {
    std::vector<MPI_Request> requests;
    Buffer buffer;
    std::size_t bytes = 0;
    void* into = nullptr;  ///< of a receive
  };

  Buffer buffer_of(std::size_t bytes);
  void keep(Buffer buffer, std::size_t bytes);
  static bool ended(UnderWay& message);
  void reap();
  [[noreturn]] void abandon();

  boost::mpi::communicator communicator_;
  std::function<bool()> over_;
  std::mutex mutex_;
  std::vector<UnderWay> sends_;
  std::map<std::uint64_t, UnderWay> receives_;
  std::uint64_t begun_ = 0;
  std::multimap<std::size_t, Buffer> spare_;  ///< by size
};

}  // namespace rankine::train
