// SPDX-License-Identifier: Apache-2.0
// A sum is an exchange of parts (member p gets all members' part p), a kernel that adds them up as a tree,
// and, for an all-reduce, an exchange of the sums.
#include <rankine/train/nccl_collectives.hpp>

#include <algorithm>
#include <map>
#include <tuple>

#include "nn/cuda/device_cuda.hpp"
#include "nn/cuda/state_cuda.hpp"
#include "train/nccl/nccl_communicator.hpp"

namespace rankine::train {

namespace {

class NcclCollectives : public Collectives {
 public:
  NcclCollectives(const Link& link, nn::cuda::CudaDevice& device) : link_(link), device_(device) {
    device_.use();
    ncclUniqueId id{};
    if (member() == 0) check_nccl(ncclGetUniqueId(&id), "ncclGetUniqueId");
    char* const bytes = reinterpret_cast<char*>(&id);
    for (std::size_t other = 1; other < size(); ++other) {
      if (member() == 0) link_.communicator.send(static_cast<int>(other), kIdTag, bytes, sizeof id);
      if (member() == other) link_.communicator.recv(0, kIdTag, bytes, sizeof id);
    }
    group_ = std::make_unique<NcclLane>(id, link_.communicator.rank(), link_.communicator.size());
  }

  std::size_t member() const override { return static_cast<std::size_t>(link_.communicator.rank()); }
  std::size_t size() const override { return static_cast<std::size_t>(link_.communicator.size()); }
  std::shared_ptr<void> allocate(std::size_t bytes) override { return device_.allocate(bytes); }

  Ticket all_reduce(std::vector<Transfer> arrays, nn::Scalar scalar, Reduction reduction,
                    std::string) override {
    begin(group_->stream());
    for (const Transfer& array : arrays) {
      add_up(array.to, array.to, array.count, scalar, reduction, true);
      exchange_sums(array.to, array.count, scalar);
    }
    return end();
  }

  Ticket reduce_scatter(std::vector<Transfer> arrays, nn::Scalar scalar, std::string) override {
    begin(group_->stream());
    for (const Transfer& array : arrays)
      add_up(array.from, array.to, array.count, scalar, Reduction::sum, false);
    return end();
  }

  Ticket all_gather(std::vector<Transfer> arrays, nn::Scalar scalar, std::string) override {
    begin(group_->stream());
    for (const Transfer& array : arrays)
      check_nccl(ncclAllGather(array.from, array.to, array.count / size() * bytes_of(scalar), ncclUint8,
                               group_->comm(), group_->stream()),
                 "ncclAllGather");
    return end();
  }

  Ticket broadcast(void* values, std::size_t bytes, std::size_t root) override {
    begin(group_->stream());
    check_nccl(ncclBroadcast(values, values, bytes, ncclUint8, static_cast<int>(root), group_->comm(),
                             group_->stream()),
               "ncclBroadcast");
    return end();
  }

  Ticket send(const void* values, std::size_t bytes, std::size_t to, Channel channel) override {
    NcclLane& lane = lane_between(member(), to, channel);
    begin(lane.stream());
    check_nccl(ncclSend(values, bytes, ncclUint8, 1, lane.comm(), lane.stream()), "ncclSend");
    messages_.emplace(++last_message_, StreamEvent(lane.stream()));
    return last_message_;
  }

  Ticket receive(void* values, std::size_t bytes, std::size_t from, Channel channel) override {
    NcclLane& lane = lane_between(from, member(), channel);
    begin(lane.stream());
    check_nccl(ncclRecv(values, bytes, ncclUint8, 0, lane.comm(), lane.stream()), "ncclRecv");
    messages_.emplace(++last_message_, StreamEvent(lane.stream()));
    return last_message_;
  }

  void wait_message(Ticket message) override {
    device_.use();
    const auto found = messages_.find(message);
    if (found == messages_.end()) return;  // waited for before
    found->second.before(computing());
    messages_.erase(found);
  }

  void wait(Ticket ticket) override {
    device_.use();
    ncclResult_t code = ncclSuccess;
    check_nccl(ncclCommGetAsyncError(group_->comm(), &code), "ncclCommGetAsyncError");
    check_nccl(code, "an operation of NCCL queued before");
    const auto found = operations_.find(ticket);
    if (found == operations_.end()) return;
    found->second.before(computing());
    operations_.erase(operations_.begin(), std::next(found));  // in order: earlier ones are over, too
  }

 private:
  static constexpr int kIdTag = 71;    ///< of the group's id
  static constexpr int kLaneTag = 72;  ///< and, plus the channel, of a pair's

  cudaStream_t computing() const { return static_cast<cudaStream_t>(device_.stream()); }
  /// What is queued on `stream` comes after what the device was told to compute until now.
  void begin(cudaStream_t stream) {
    device_.use();
    StreamEvent(computing()).before(stream);
  }
  Ticket end() {
    operations_.emplace(++last_operation_, StreamEvent(group_->stream()));
    return last_operation_;
  }

  /// Part `part` of `count` numbers is [first_of(part), first_of(part + 1)).
  std::size_t first_of(std::size_t part, std::size_t count) const {
    return count / size() * part + std::min(part, count % size());
  }

  /// Into `to`, which begins with the part, or, if `whole`, has it at its place: the sum of all members'
  /// part.
  void add_up(const void* from, void* to, std::size_t count, nn::Scalar scalar, Reduction reduction,
              bool whole) {
    const std::size_t each = bytes_of(scalar);
    const std::size_t first = first_of(member(), count), mine = first_of(member() + 1, count) - first;
    const auto* source = static_cast<const std::byte*>(from);
    if (staging_bytes_ < size() * mine * each) {
      staging_ = device_.allocate(size() * mine * each);
      staging_bytes_ = size() * mine * each;
    }
    auto* const parts = static_cast<std::byte*>(staging_.get());
    check_nccl(ncclGroupStart(), "ncclGroupStart");
    for (std::size_t other = 0; other < size(); ++other) {
      const std::size_t theirs = first_of(other, count), length = first_of(other + 1, count) - theirs;
      if (other == member()) continue;
      check_nccl(ncclSend(source + theirs * each, length * each, ncclUint8, static_cast<int>(other),
                          group_->comm(), group_->stream()),
                 "ncclSend");
      check_nccl(ncclRecv(parts + other * mine * each, mine * each, ncclUint8, static_cast<int>(other),
                          group_->comm(), group_->stream()),
                 "ncclRecv");
    }
    check_nccl(ncclGroupEnd(), "ncclGroupEnd");
    if (mine == 0) return;
    nn::cuda::check(cudaMemcpyAsync(parts + member() * mine * each, source + first * each, mine * each,
                                    cudaMemcpyDeviceToDevice, group_->stream()),
                    "cudaMemcpyAsync on the device");
    std::byte* const into = static_cast<std::byte*>(to) + (whole ? first * each : 0);
    const bool largest = reduction == Reduction::max;
    if (scalar == nn::Scalar::f32)
      nn::cuda::State<float>::join_parts(group_->stream(), reinterpret_cast<const float*>(parts),
                                         reinterpret_cast<float*>(into), size(), mine, largest);
    else
      nn::cuda::State<nn::Bf16>::join_parts(group_->stream(), reinterpret_cast<const nn::Bf16*>(parts),
                                            reinterpret_cast<nn::Bf16*>(into), size(), mine, largest);
  }

  /// Each member's part of `values`, in place, to all.
  void exchange_sums(void* values, std::size_t count, nn::Scalar scalar) {
    const std::size_t each = bytes_of(scalar);
    auto* const at = static_cast<std::byte*>(values);
    const std::size_t first = first_of(member(), count), mine = first_of(member() + 1, count) - first;
    check_nccl(ncclGroupStart(), "ncclGroupStart");
    for (std::size_t other = 0; other < size(); ++other) {
      const std::size_t theirs = first_of(other, count), length = first_of(other + 1, count) - theirs;
      if (other == member()) continue;
      check_nccl(ncclSend(at + first * each, mine * each, ncclUint8, static_cast<int>(other), group_->comm(),
                          group_->stream()),
                 "ncclSend");
      check_nccl(ncclRecv(at + theirs * each, length * each, ncclUint8, static_cast<int>(other),
                          group_->comm(), group_->stream()),
                 "ncclRecv");
    }
    check_nccl(ncclGroupEnd(), "ncclGroupEnd");
  }

  /// Made when both have come to their first message of it; the sender makes the id.
  NcclLane& lane_between(std::size_t from, std::size_t to, Channel channel) {
    auto& lane = lanes_[{from, to, channel}];
    if (lane) return *lane;
    device_.use();
    ncclUniqueId id{};
    char* const bytes = reinterpret_cast<char*>(&id);
    const int tag = kLaneTag + static_cast<int>(channel);
    const bool sends = from == member();
    if (sends) {
      check_nccl(ncclGetUniqueId(&id), "ncclGetUniqueId");
      link_.communicator.send(static_cast<int>(to), tag, bytes, sizeof id);
    } else {
      link_.communicator.recv(static_cast<int>(from), tag, bytes, sizeof id);
    }
    lane = std::make_unique<NcclLane>(id, sends ? 0 : 1, 2);
    return *lane;
  }

  Link link_;
  nn::cuda::CudaDevice& device_;
  std::unique_ptr<NcclLane> group_;
  std::map<std::tuple<std::size_t, std::size_t, Channel>, std::unique_ptr<NcclLane>> lanes_;
  std::map<Ticket, StreamEvent> operations_, messages_;
  Ticket last_operation_ = 0, last_message_ = 0;
  std::shared_ptr<void> staging_;  ///< parts of all members
  std::size_t staging_bytes_ = 0;
};

}  // namespace

MakeCollectives make_nccl_collectives(nn::Device& device) {
  nn::cuda::CudaDevice& cuda = nn::cuda::as_cuda(device);
  return [&cuda](const Link& link) { return std::make_unique<NcclCollectives>(link, cuda); };
}

}  // namespace rankine::train
