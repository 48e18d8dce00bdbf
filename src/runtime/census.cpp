// SPDX-License-Identifier: Apache-2.0
#include "runtime/census.hpp"

#include <algorithm>

namespace rankine::runtime {

namespace {
constexpr Nanoseconds kAnswerTime = 2 * kSecond;
}

StoreCounters Census::take() {
  Asked asked;
  Lock lock(waiting_.progress_mutex());
  asked.ticket = ++last_ticket_;
  CountersMessage message;
  message.header.type = MessageType::ask_counters;
  message.ticket = asked.ticket;
  for (int r = 0; r < topology_.size(); ++r) {
    if (Rank{r} == topology_.rank || std::count(dead_.begin(), dead_.end(), Rank{r}) > 0) continue;
    MessageWriter(transport_.append(Rank{r}, sizeof message)).record(message);
    asked.missing.push_back(Rank{r});
  }
  if (!asked.missing.empty()) {
    waiting_.sent();
    struct Listed {
      std::vector<Asked*>& list;
      Asked* one;
      ~Listed() { std::erase(list, one); }
    };
    asked_.push_back(&asked);
    const Listed listed{asked_, &asked};
    waiting_.block(asked.waiter, kAnswerTime, lock);
  }
  store_.stats();
  // This node's last: what its other ranks let go of is in it.
  asked.sum += store_.counters();
  return asked.sum;
}

void Census::on_ask(Rank from, const CountersMessage& message) {
  store_.stats();
  CountersMessage answer = message;
  answer.header.type = MessageType::counters;
  const bool answers_for_node =
      topology_.here().slot == 0 && topology_.place(from).node != topology_.here().node;
  if (answers_for_node) answer.counters = store_.counters();
  MessageWriter(transport_.append(from, sizeof answer)).record(answer);
}

void Census::on_answer(Rank from, const CountersMessage& message) {
  for (Asked* asked : asked_) {
    if (asked->ticket != message.ticket) continue;
    asked->sum += message.counters;
    return answered(*asked, from);
  }
}

void Census::on_rank_lost(Rank dead) {
  dead_.push_back(dead);
  for (Asked* asked : asked_) answered(*asked, dead);
}

void Census::answered(Asked& asked, Rank rank) {
  if (std::erase(asked.missing, rank) == 0 || !asked.missing.empty()) return;
  asked.waiter.remaining = 0;
  waiting_.wake(asked.waiter);
}

}  // namespace rankine::runtime
