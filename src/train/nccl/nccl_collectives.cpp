// SPDX-License-Identifier: Apache-2.0
// A sum is an exchange of parts (member p gets all members' part p), a kernel that adds them up as a tree,
// and, for an all-reduce, an exchange of the sums.
#include <rankine/train/nccl_collectives.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <tuple>

#include "nn/cuda/device_cuda.hpp"
#include "nn/cuda/state_cuda.hpp"
#include "train/collectives/broken.hpp"
#include "train/nccl/nccl_communicator.hpp"

namespace rankine::train {

namespace {

class NcclCollectives : public Collectives, private nn::cuda::Watch {
 public:
  NcclCollectives(const Link& link, nn::cuda::CudaDevice& device)
      : broken_(link.broken),
        host_(make_mpi_collectives({link.communicator, link.broken, false})),
        device_(device) {
    device_.use();
    ncclUniqueId id{};
    if (member() == 0) check_nccl(ncclGetUniqueId(&id), "ncclGetUniqueId");
    host_->wait(host_->broadcast(&id, sizeof id, 0));
    group_ = std::make_unique<NcclLane>(id, static_cast<int>(member()), static_cast<int>(size()));
    if (link.messages && size() > 1) make_lanes_of_neighbours();
    device_.watch(*this);
  }
  ~NcclCollectives() override { device_.drop(*this); }

  std::size_t member() const override { return host_->member(); }
  std::size_t size() const override { return host_->size(); }
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

  std::vector<double> gather_numbers(std::span<const double> own) override {
    return host_->gather_numbers(own);
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
  bool broken() override { return broken_ && broken_(); }
  void abort() noexcept override {
    group_->abort();
    for (auto& [place, lane] : lanes_) lane->abort();
  }
  [[noreturn]] void tell() override { throw_broken(); }

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

  /// Making one blocks until both have come, so that all make them in the same order.
  void make_lanes_of_neighbours() {
    for (std::size_t from = 0; from < size(); ++from) {
      const std::size_t next = (from + 1) % size(), last = (from + size() - 1) % size();
      for (const auto& [to, channel] :
           {std::pair(next, Channel::forward), std::pair(last, Channel::backward)})
        if (from == member() || to == member()) lane_between(from, to, channel);
    }
  }

  /// Others than those of neighbours are made when both have come to their first message; the sender makes
  /// the id.
  NcclLane& lane_between(std::size_t from, std::size_t to, Channel channel) {
    auto& lane = lanes_[{from, to, channel}];
    if (lane) return *lane;
    device_.use();
    ncclUniqueId id{};
    const bool sends = from == member();
    if (sends) {
      check_nccl(ncclGetUniqueId(&id), "ncclGetUniqueId");
      host_->wait_message(host_->send(&id, sizeof id, to, channel));
    } else {
      host_->wait_message(host_->receive(&id, sizeof id, from, channel));
    }
    lane = std::make_unique<NcclLane>(id, sends ? 0 : 1, 2);
    return *lane;
  }

  std::function<bool()> broken_;
  std::unique_ptr<Collectives> host_;  ///< for ids and numbers of the host
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
