// SPDX-License-Identifier: Apache-2.0
// What the ranks of one group tell each other about numbers in memory: on the host over MPI and memory that
// they share, on GPUs over NCCL (nccl_collectives). One suite holds all implementations to what is said here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <rankine/gang.hpp>
#include <rankine/nn/layer.hpp>
#include <rankine/train/timeline.hpp>

namespace rankine::train {

/// Numbers the operations of a group: those with a number up to it are over.
using Ticket = std::uint64_t;

/// Of messages: what goes along the chain of layers, and back.
enum class Channel : std::uint8_t { forward, backward };

enum class Reduction : std::uint8_t { sum, max };

/// One of the arrays that an operation works on at once. `count`: numbers of the whole array.
struct Transfer {
  const void* from = nullptr;
  void* to = nullptr;
  std::size_t count = 0;
};

/// Operations are queued, and carried out in the order in which they were; all members queue the same ones.
/// Buffers stay untouched until wait(). Sums have a fixed order: members are the leaves of a binary tree,
/// ((0 + 1) + (2 + 3)) + ..., whatever the implementation.
class Collectives {
 public:
  Collectives() = default;
  Collectives(const Collectives&) = delete;
  Collectives& operator=(const Collectives&) = delete;
  virtual ~Collectives() = default;

  virtual std::size_t member() const = 0;
  virtual std::size_t size() const = 0;

  /// Zeroed memory, aligned to 64 bytes or more, that operations work on without a copy where all members
  /// name the same place in it. All members ask for the same size, one after another as for operations.
  virtual std::shared_ptr<void> allocate(std::size_t bytes) = 0;

  /// to[i] becomes the sum (of f32, or of bf16 added in f32) or the largest of the members' to[i]; `from` is
  /// not looked at.
  virtual Ticket all_reduce(std::vector<Transfer> arrays, nn::Scalar scalar, Reduction reduction,
                            std::string name) = 0;
  /// from [count], which may be changed, to to [count / size]: the sum's part number member(). `to` may be
  /// that part of `from`. `count` is a multiple of size().
  virtual Ticket reduce_scatter(std::vector<Transfer> arrays, nn::Scalar scalar, std::string name) = 0;
  /// from [count / size] of all members, one after another, to to [count]. `from` may be its place in `to`.
  virtual Ticket all_gather(std::vector<Transfer> arrays, nn::Scalar scalar, std::string name) = 0;
  virtual Ticket broadcast(void* values, std::size_t bytes, std::size_t root) = 0;
  /// Numbers in the host's memory, whatever the group's arrays are in: those of all members, one after
  /// another. All give as many. Waits.
  virtual std::vector<double> gather_numbers(std::span<const double> own);

  /// Between two members, in order for each direction and channel. A send does not wait for its receive; no
  /// message waits for one of another channel or direction, nor for the operations above. `values` stays as
  /// it is until wait_message(). Messages have numbers of their own.
  virtual Ticket send(const void* values, std::size_t bytes, std::size_t to, Channel channel) = 0;
  virtual Ticket receive(void* values, std::size_t bytes, std::size_t from, Channel channel) = 0;
  virtual void wait_message(Ticket message) = 0;

  /// On the host: until the operation is over. On a GPU: what is queued on the device's stream from now on
  /// comes after it. Throws GangBroken when the gang breaks, SystemError where a call fails.
  virtual void wait(Ticket ticket) = 0;

  /// Where operations are noted from now on; nullptr: nowhere.
  virtual void trace(Timeline* timeline) { static_cast<void>(timeline); }
};

/// What a group of ranks is made of.
struct Link {
  boost::mpi::communicator communicator;  ///< of the group alone
  std::function<bool()> broken;           ///< asked during waits; may be empty
  bool background = false;  ///< operations go on while the member computes, on a thread of their own
  bool messages = false;    ///< neighbours will send each other messages: forward to the next, backward
};
using MakeCollectives = std::function<std::unique_ptr<Collectives>(const Link&)>;

/// On the host: memory that the members share where all are on one node, MPI's messages otherwise. MPI must
/// grant MPI_THREAD_MULTIPLE. Collective over the link's communicator.
std::unique_ptr<Collectives> make_mpi_collectives(const Link& link);
/// The same without shared memory; for tests and for comparison.
std::unique_ptr<Collectives> make_message_collectives(const Link& link);
/// A group of one, on the host or a device's memory (`allocate` uses malloc): no MPI.
std::unique_ptr<Collectives> make_single_collectives();

}  // namespace rankine::train
