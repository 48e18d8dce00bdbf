// SPDX-License-Identifier: Apache-2.0
// A network that sends and receives between threads of one process, as MPI does between processes: sends that
// end at once, and sends that end only when the receiver has copied, which takes it a while. Copies of one
// sender may end in another order than they began.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include <rankine/core/philox.hpp>

#include "transport/post.hpp"

namespace rankine::conformance {

class PostOffice {
 public:
  /// Of 100 sends, `late` end late.
  PostOffice(int ranks, std::uint32_t late, std::uint64_t seed = 1)
      : late_(late), seed_(seed), boxes_(static_cast<std::size_t>(ranks)) {}

  std::unique_ptr<transport::Post> counter(Rank rank);
  /// Operations abandoned so far.
  std::size_t abandoned() {
    const std::lock_guard lock(kept_mutex_);
    return kept_.size();
  }

 private:
  struct Parcel {
    Rank source{0};
    std::vector<std::byte> copy;                 // of what ended at once
    std::span<const std::byte> original;         // of what ends late
    std::shared_ptr<std::atomic<bool>> fetched;  // null for what ended at once
    std::span<const std::byte> bytes() const { return fetched ? original : std::span(copy); }
  };
  struct Box {
    std::mutex mutex;
    std::deque<Parcel> parcels;
  };
  class Counter;

  const std::uint32_t late_;
  const std::uint64_t seed_;
  std::vector<Box> boxes_;
  std::mutex kept_mutex_;
  std::vector<std::unique_ptr<std::byte[]>> kept_;  // memory of abandoned operations, which may yet be used
};

class PostOffice::Counter final : public transport::Post {
 public:
  Counter(PostOffice& office, Rank rank)
      : office_(office), rank_(rank), random_(office.seed_, static_cast<std::uint64_t>(index(rank))) {}

  bool send(transport::Ticket ticket, Rank target, std::span<const std::byte> bytes) override {
    Parcel parcel{rank_, {}, {}, nullptr};
    const bool late = random_.below(100) < office_.late_;
    if (late) {
      parcel.original = bytes;
      parcel.fetched = std::make_shared<std::atomic<bool>>(false);
      sends_.push_back({ticket, parcel.fetched});
    } else {
      parcel.copy.assign(bytes.begin(), bytes.end());
    }
    Box& box = office_.boxes_[static_cast<std::size_t>(index(target))];
    const std::lock_guard lock(box.mutex);
    box.parcels.push_back(std::move(parcel));
    return !late;
  }

  bool next(transport::Letter& letter) override {
    Box& box = office_.boxes_[static_cast<std::size_t>(index(rank_))];
    const std::lock_guard lock(box.mutex);
    if (box.parcels.empty()) return false;
    found_ = std::move(box.parcels.front());
    box.parcels.pop_front();
    letter = {found_.source, found_.bytes().size()};
    return true;
  }

  bool receive(transport::Ticket ticket, std::span<std::byte> into) override {
    receives_.push_back({ticket, into, std::move(found_), random_.below(4)});
    if (receives_.back().parcel.fetched) return false;
    receives_.back().fetch();
    receives_.pop_back();
    return true;
  }

  void leave() override {}

  std::span<const transport::Ticket> finished() override {
    finished_.clear();
    std::erase_if(sends_, [this](const Send& send) {
      if (!send.fetched->load()) return false;
      finished_.push_back(send.ticket);
      return true;
    });
    std::erase_if(receives_, [this](Receive& receive) {
      if (receive.looks-- > 0) return false;
      receive.fetch();
      finished_.push_back(receive.ticket);
      return true;
    });
    return finished_;
  }

  void abandon(transport::Ticket ticket, std::unique_ptr<std::byte[]> memory) override {
    const std::lock_guard lock(office_.kept_mutex_);
    office_.kept_.push_back(std::move(memory));
    std::erase_if(sends_, [ticket](const Send& send) { return send.ticket == ticket; });
    std::erase_if(receives_, [ticket](const Receive& receive) { return receive.ticket == ticket; });
  }

 private:
  struct Send {
    transport::Ticket ticket;
    std::shared_ptr<std::atomic<bool>> fetched;
  };
  struct Receive {
    transport::Ticket ticket;
    std::span<std::byte> into;
    Parcel parcel;
    std::uint64_t looks;  // until it has come
    void fetch() {
      std::ranges::copy(parcel.bytes(), into.begin());
      if (parcel.fetched) parcel.fetched->store(true);
    }
  };

  PostOffice& office_;
  const Rank rank_;
  Philox random_;
  Parcel found_;
  std::vector<Send> sends_;
  std::vector<Receive> receives_;
  std::vector<transport::Ticket> finished_;
};

inline std::unique_ptr<transport::Post> PostOffice::counter(Rank rank) {
  return std::make_unique<Counter>(*this, rank);
}

}  // namespace rankine::conformance
