// SPDX-License-Identifier: Apache-2.0
// The operations of a group of ranks on the host: through memory that they share where all are on one node,
// else by messages. Either way every member is given the numbers of the others and adds them in the same
// tree.
#include <algorithm>
#include <atomic>
#include <cstring>
#include <list>
#include <optional>
#include <utility>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>
#include <rankine/train/collectives.hpp>

#include "nn/host_memory.hpp"
#include "train/collectives/meeting.hpp"
#include "train/collectives/messages.hpp"
#include "train/collectives/operation_queue.hpp"
#include "train/collectives/shared_memory.hpp"
#include "train/collectives/tree.hpp"

namespace rankine::train {

namespace {

constexpr std::size_t kStageBytes = std::size_t{1} << 20;  // of each member, besides its meeting word
constexpr int kOperationTag = 1;

std::byte* bytes_at(void* memory, std::size_t offset) {
  return static_cast<std::byte*>(memory) + offset;
}
const std::byte* bytes_at(const void* memory, std::size_t offset) {
  return static_cast<const std::byte*>(memory) + offset;
}
void copy_bytes(void* to, const void* from, std::size_t bytes) {
  if (to != from && bytes > 0) std::memcpy(to, from, bytes);
}

/// Part k of `count` numbers for `size` members, whose boundaries lie on cache lines.
struct Range {
  std::size_t first = 0;
  std::size_t count = 0;
};
Range part_of(std::size_t count, std::size_t member, std::size_t size) {
  const std::size_t each = ((count + size - 1) / size + 15) / 16 * 16;
  const std::size_t first = std::min(count, member * each);
  return {first, std::min(each, count - first)};
}

class HostCollectives : public Collectives {
 public:
  HostCollectives(const Link& link, bool share)
      : link_(link),
        member_(static_cast<std::size_t>(link.communicator.rank())),
        size_(static_cast<std::size_t>(link.communicator.size())),
        messages_(link.communicator, [this] { return over(); }) {
    if (share) open_stage();
    queue_.emplace(link.background);
  }
  ~HostCollectives() override {
    closing_ = true;  // who still waits in an operation leaves it
    queue_.reset();
  }

  std::size_t member() const override { return member_; }
  std::size_t size() const override { return size_; }

  std::shared_ptr<void> allocate(std::size_t bytes) override {
    if (!stage_) return nn::host_memory(bytes);
    auto memory = std::make_shared<SharedMemory>(link_.communicator, bytes);
    void* const own = memory->parts()[member_];
    const std::lock_guard lock(mutex_);
    std::erase_if(shared_, [](const auto& known) { return known.expired(); });
    shared_.push_back(memory);
    return {std::move(memory), own};
  }

  Ticket all_reduce(std::vector<Transfer> arrays, nn::Scalar scalar, Reduction reduction,
                    std::string name) override {
    return add(std::move(name), [this, arrays = std::move(arrays), scalar, reduction] {
      if (stage_) return reduce_shared(arrays, scalar, reduction);
      for (const Transfer& array : arrays) reduce_by_messages(array, scalar, reduction);
    });
  }
  Ticket reduce_scatter(std::vector<Transfer> arrays, nn::Scalar scalar, std::string name) override {
    return add(std::move(name), [this, arrays = std::move(arrays), scalar] {
      if (stage_) return scatter_shared(arrays, scalar);
      for (const Transfer& array : arrays) {
        const std::size_t each = array.count / size_;
        scatter_by_messages(array.from, {member_ * each, each}, array.to, scalar, Reduction::sum,
                            [&](std::size_t member) {
                              return Range{member * each, each};
                            });
      }
    });
  }
  Ticket all_gather(std::vector<Transfer> arrays, nn::Scalar scalar, std::string name) override {
    return add(std::move(name), [this, arrays = std::move(arrays), scalar] {
      if (stage_) return gather_shared(arrays, scalar);
      for (const Transfer& array : arrays) {
        const std::size_t each = array.count / size_;
        copy_bytes(bytes_at(array.to, member_ * each * nn::bytes_of(scalar)), array.from,
                   each * nn::bytes_of(scalar));
        gather_by_messages(array.to, scalar, [&](std::size_t member) { return Range{member * each, each}; });
      }
    });
  }
  Ticket broadcast(void* values, std::size_t bytes, std::size_t root) override {
    return add("broadcast", [this, values, bytes, root] {
      if (member_ != root) {
        messages_.finish(messages_.begin_receive(values, bytes, root, kOperationTag));
        return;
      }
      for (std::size_t other = 0; other < size_; ++other)
        if (other != root) messages_.send(values, bytes, other, kOperationTag);
    });
  }

  Ticket send(const void* values, std::size_t bytes, std::size_t to, Channel channel) override {
    messages_.send(values, bytes, to, tag_of(channel));
    return 0;  // MPI has a copy: nothing to wait for
  }
  Ticket receive(void* values, std::size_t bytes, std::size_t from, Channel channel) override {
    return messages_.begin_receive(values, bytes, from, tag_of(channel));
  }
  void wait_message(Ticket message) override {
    if (message == 0) return;
    const Time begin = now();
    messages_.finish(message);
    note(TimelineSpan::Row::wait, "message", begin);
  }
  void wait(Ticket ticket) override {
    const Time begin = now();
    queue_->wait(ticket);
    note(TimelineSpan::Row::wait, "operation", begin);
  }
  void trace(Timeline* timeline) override { timeline_ = timeline; }

 private:
  /// A place that each member has, at the same offset of its part of one allocation.
  struct Place {
    std::shared_ptr<const SharedMemory> memory;
    std::size_t offset = 0;
    std::byte* of(std::size_t member) const { return memory->parts()[member] + offset; }
  };

  static int tag_of(Channel channel) { return channel == Channel::forward ? 2 : 3; }
  bool over() const { return closing_ || (link_.broken && link_.broken()); }

  void open_stage() {
    stage_.emplace(link_.communicator, sizeof(MeetingWord) + kStageBytes);
    if (!stage_->shared()) return stage_.reset();
    std::vector<MeetingWord*> words;
    for (std::byte* part : stage_->parts()) words.push_back(reinterpret_cast<MeetingWord*>(part));
    // A message that MPI could not hand over at once goes on in calls of MPI only, and its receiver may be
    // who the meeting waits for.
    meeting_.emplace(
        std::move(words), member_, [this] { return over(); }, [this] { messages_.progress(); });
  }
  std::byte* stage(std::size_t member) const { return stage_->parts()[member] + sizeof(MeetingWord); }

  Ticket add(std::string name, std::function<void()> operation) {
    return queue_->add([this, name = std::move(name), operation = std::move(operation)] {
      const Time begin = now();
      operation();
      note(TimelineSpan::Row::communicate, name, begin);
    });
  }
  void note(TimelineSpan::Row row, const std::string& name, Time begin) {
    if (Timeline* timeline = timeline_; timeline != nullptr) timeline->add(row, name, begin, now());
  }

  std::optional<Place> place_of(const void* address) {
    const std::lock_guard lock(mutex_);
    for (const auto& known : shared_) {
      const std::shared_ptr<const SharedMemory> memory = known.lock();
      if (memory == nullptr) continue;
      const std::byte* own = memory->parts()[member_];
      const auto* byte = static_cast<const std::byte*>(address);
      if (byte >= own && byte < own + memory->bytes())
        return Place{memory, static_cast<std::size_t>(byte - own)};
    }
    return std::nullopt;
  }

  // ---- in shared memory ----

  void reduce_shared(const std::vector<Transfer>& arrays, nn::Scalar scalar, Reduction reduction) {
    std::vector<std::optional<Place>> places;
    for (const Transfer& array : arrays) places.push_back(place_of(array.to));
    const bool direct = std::ranges::any_of(places, [](const auto& place) { return place.has_value(); });
    if (direct) meeting_->meet();
    for (std::size_t k = 0; k < arrays.size(); ++k)
      if (places[k]) reduce_places(*places[k], arrays[k].count, scalar, reduction);
    if (direct) meeting_->meet();
    for (std::size_t k = 0; k < arrays.size(); ++k)
      if (!places[k]) reduce_staged(arrays[k], scalar, reduction);
  }
  /// This member adds its part of all and writes it to all.
  void reduce_places(const Place& place, std::size_t count, nn::Scalar scalar, Reduction reduction) {
    const Range part = part_of(count, member_, size_);
    std::vector<void*> each;
    for (std::size_t other = 0; other < size_; ++other)
      each.push_back(place.of(other) + part.first * nn::bytes_of(scalar));
    reduce_tree(std::vector<const void*>(each.begin(), each.end()), each, part.count, scalar, reduction);
  }
  void reduce_staged(const Transfer& array, nn::Scalar scalar, Reduction reduction) {
    const std::size_t wide = nn::bytes_of(scalar);
    const std::size_t at_once = kStageBytes / wide;
    for (std::size_t first = 0; first < array.count; first += at_once) {
      const std::size_t count = std::min(at_once, array.count - first);
      std::memcpy(stage(member_), bytes_at(array.to, first * wide), count * wide);
      meeting_->meet();
      const Range part = part_of(count, member_, size_);
      std::vector<void*> each;
      for (std::size_t other = 0; other < size_; ++other) each.push_back(stage(other) + part.first * wide);
      reduce_tree(std::vector<const void*>(each.begin(), each.end()), each, part.count, scalar, reduction);
      meeting_->meet();
      std::memcpy(bytes_at(array.to, first * wide), stage(member_), count * wide);
    }
  }

  void scatter_shared(const std::vector<Transfer>& arrays, nn::Scalar scalar) {
    for (const Transfer& array : arrays) {
      const std::size_t each = array.count / size_;
      const std::size_t wide = nn::bytes_of(scalar);
      const auto place = place_of(array.from);
      const std::size_t at_once = place ? each : kStageBytes / wide / size_ / 16 * 16;
      for (std::size_t first = 0; first < each; first += at_once) {
        const std::size_t count = std::min(at_once, each - first);
        for (std::size_t other = 0; !place && other < size_; ++other)
          std::memcpy(stage(member_) + other * count * wide,
                      bytes_at(array.from, (other * each + first) * wide), count * wide);
        meeting_->meet();
        std::vector<const void*> from;
        for (std::size_t other = 0; other < size_; ++other)
          from.push_back(place ? place->of(other) + member_ * each * wide
                               : stage(other) + member_ * count * wide);
        const std::vector<void*> to{bytes_at(array.to, first * wide)};
        reduce_tree(from, to, count, scalar, Reduction::sum);
        meeting_->meet();
      }
    }
  }

  void gather_shared(const std::vector<Transfer>& arrays, nn::Scalar scalar) {
    for (const Transfer& array : arrays) {
      const std::size_t bytes = array.count / size_ * nn::bytes_of(scalar);
      const auto place = place_of(array.from);
      const bool in_place = array.from == bytes_at(array.to, member_ * bytes);
      const std::size_t at_once = place ? bytes : kStageBytes;
      for (std::size_t first = 0; first < bytes; first += at_once) {
        const std::size_t now = std::min(at_once, bytes - first);
        if (!place) std::memcpy(stage(member_), bytes_at(array.from, first), now);
        meeting_->meet();
        for (std::size_t other = 0; other < size_; ++other) {
          if (other == member_ && in_place) continue;
          // In place, each member's part is further on by its number.
          const std::byte* from = !place     ? stage(other)
                                  : in_place ? place->of(other) - member_ * bytes + other * bytes
                                             : place->of(other);
          std::memcpy(bytes_at(array.to, other * bytes + first), from, now);
        }
        meeting_->meet();
      }
    }
  }

  // ---- by messages ----

  template <class PartOf>
  void scatter_by_messages(const void* from, Range own, void* to, nn::Scalar scalar, Reduction reduction,
                           PartOf part) {
    const std::size_t wide = nn::bytes_of(scalar);
    std::vector<std::vector<std::byte>> others(size_);
    std::vector<std::uint64_t> receives;
    for (std::size_t other = 0; other < size_; ++other) {
      if (other == member_) continue;
      others[other].resize(own.count * wide);
      receives.push_back(
          messages_.begin_receive(others[other].data(), own.count * wide, other, kOperationTag));
    }
    for (std::size_t step = 1; step < size_; ++step) {
      const std::size_t other = (member_ + step) % size_;
      const Range theirs = part(other);
      messages_.send(bytes_at(from, theirs.first * wide), theirs.count * wide, other, kOperationTag);
    }
    for (const std::uint64_t receive : receives) messages_.finish(receive);
    std::vector<const void*> leaves;
    for (std::size_t other = 0; other < size_; ++other)
      leaves.push_back(other == member_ ? bytes_at(from, own.first * wide) : others[other].data());
    const std::vector<void*> targets{to};
    reduce_tree(leaves, targets, own.count, scalar, reduction);
  }
  template <class PartOf>
  void gather_by_messages(void* whole, nn::Scalar scalar, PartOf part) {
    const std::size_t wide = nn::bytes_of(scalar);
    std::vector<std::uint64_t> receives;
    for (std::size_t other = 0; other < size_; ++other) {
      if (other == member_) continue;
      const Range theirs = part(other);
      receives.push_back(messages_.begin_receive(bytes_at(whole, theirs.first * wide), theirs.count * wide,
                                                 other, kOperationTag));
    }
    const Range own = part(member_);
    for (std::size_t step = 1; step < size_; ++step)
      messages_.send(bytes_at(whole, own.first * wide), own.count * wide, (member_ + step) % size_,
                     kOperationTag);
    for (const std::uint64_t receive : receives) messages_.finish(receive);
  }
  void reduce_by_messages(const Transfer& array, nn::Scalar scalar, Reduction reduction) {
    const auto part = [&](std::size_t member) { return part_of(array.count, member, size_); };
    const Range own = part(member_);
    std::vector<std::byte> sum(own.count * nn::bytes_of(scalar));
    scatter_by_messages(array.to, own, sum.data(), scalar, reduction, part);
    copy_bytes(bytes_at(array.to, own.first * nn::bytes_of(scalar)), sum.data(), sum.size());
    gather_by_messages(array.to, scalar, part);
  }

  Link link_;
  std::size_t member_;
  std::size_t size_;
  std::atomic<bool> closing_ = false;
  std::atomic<Timeline*> timeline_ = nullptr;
  Messages messages_;
  std::optional<SharedMemory> stage_;
  std::optional<Meeting> meeting_;
  std::mutex mutex_;
  std::list<std::weak_ptr<const SharedMemory>> shared_;
  std::optional<OperationQueue> queue_;  // last: its thread uses the others
};

}  // namespace

std::unique_ptr<Collectives> make_mpi_collectives(const Link& link) {
  return std::make_unique<HostCollectives>(link, true);
}

std::unique_ptr<Collectives> make_message_collectives(const Link& link) {
  return std::make_unique<HostCollectives>(link, false);
}

}  // namespace rankine::train
