// SPDX-License-Identifier: Apache-2.0
#include "transport/choice.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <utility>
#include <vector>

#include <sched.h>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

#include "transport/mpi_error.hpp"
#include "transport/node.hpp"
#include "transport/p2p.hpp"
#include "transport/rma.hpp"

namespace rankine::transport {
namespace {

constexpr int kRounds = 2;    // each of both back ends in turn, so that a disturbance meets both
constexpr int kTripsMin = 3;  // of a round; the first, which connects, is not timed
constexpr int kTripsMax = 21;
constexpr double kSlowUs = 1000;  // no second round of such
constexpr Nanoseconds kRoundTime = 4 * kMillisecond;
constexpr Nanoseconds kPatience = 2 * kSecond;
constexpr std::size_t kTripBytes = 64;
constexpr std::array<std::size_t, 4> kOtherSizes = {1000, 12'000, 63, 1};  // every fifth trip

constexpr int kOverTag = 1;

/// Keeps the last message.
class Inbox final : public MailSink {
 public:
  void deliver(Rank, std::span<const std::byte> message) override {
    message_.assign(message.begin(), message.end());
    full_ = true;
  }
  /// Polls until a message comes, or `over()`: then false.
  template <class Over>
  bool wait(Transport& mail, Over&& over) {
    full_ = false;
    for (int looks = 1; !full_; ++looks) {
      mail.poll(*this);
      if (full_ || looks < kLooks) continue;
      if (over()) return false;
      sched_yield();  // whom we wait for may need this core
    }
    return true;
  }
  const std::vector<std::byte>& message() const { return message_; }

 private:
  static constexpr int kLooks = 20;
  std::vector<std::byte> message_;
  bool full_ = false;
};

void send(Transport& mail, Rank to, const std::vector<std::byte>& message) {
  const std::span<std::byte> space = mail.append(to, message.size());
  std::copy(message.begin(), message.end(), space.begin());
  mail.flush();
}

/// One message there and back: true if it came back as it was.
bool trip(Transport& mail, Rank partner, Inbox& inbox, const std::vector<std::byte>& message) {
  send(mail, partner, message);
  const Time sent = now();
  return inbox.wait(mail, [sent] { return now() - sent > kPatience; }) && inbox.message() == message;
}

std::vector<std::byte> pattern(std::size_t bytes) {
  std::vector<std::byte> message(bytes);
  for (std::size_t i = 0; i < bytes; ++i) message[i] = static_cast<std::byte>(i * 131 + bytes);
  return message;
}

/// Rank 0's part of a round: no message is left on its way unless it ends with `right` false.
void lead(Transport& mail, Rank partner, Trial& trial) {
  trial.right = false;
  Inbox inbox;
  const Time start = now();
  for (int n = 0; n < kTripsMin || (n < kTripsMax && now() - start < kRoundTime); ++n) {
    const std::size_t bytes = n % 5 == 4 ? kOtherSizes[static_cast<std::size_t>(n / 5)] : kTripBytes;
    const Time sent = now();
    if (!trip(mail, partner, inbox, pattern(std::min(bytes, mail.message_bytes_max())))) return;
    const double us = static_cast<double>(now() - sent) * 1e-3;
    if (n > 0) trial.best_us = trial.trips++ == 0 ? us : std::min(trial.best_us, us);
  }
  trial.right = true;
}

/// The partner's part: sends everything back until rank 0 says by plain MPI that the round is over.
void follow(Transport& mail, MPI_Comm comm) {
  MPI_Request over = MPI_REQUEST_NULL;
  check_mpi(MPI_Irecv(nullptr, 0, MPI_BYTE, 0, kOverTag, comm, &over), "MPI_Irecv");
  const auto is_over = [&over] {
    int done = 0;
    check_mpi(MPI_Test(&over, &done, MPI_STATUS_IGNORE), "MPI_Test");
    return done != 0;
  };
  Inbox inbox;
  while (inbox.wait(mail, is_over)) send(mail, kHead, inbox.message());
}

struct Trials {
  Trial rma;
  Trial p2p;
  bool one_node = true;
};

/// From rank 0 to all. Who waits sleeps: the two that try need the cores.
template <class Value>
void tell_all(Value& value, MPI_Comm comm) {
  MPI_Request request = MPI_REQUEST_NULL;
  check_mpi(MPI_Ibcast(&value, sizeof value, MPI_BYTE, 0, comm, &request), "MPI_Ibcast");
  for (;;) {
    int done = 0;
    check_mpi(MPI_Test(&request, &done, MPI_STATUS_IGNORE), "MPI_Test");
    if (done != 0) return;
    const timespec nap{0, 100 * kMicrosecond};
    nanosleep(&nap, nullptr);
  }
}

/// Rank 0 and a rank as far away as there is.
Trials try_both(Transport& rma, Transport& p2p, const Doorbells& doorbells, MPI_Comm comm) {
  const auto elsewhere = std::ranges::find(doorbells.of, -1);
  Trials trials;
  trials.one_node = elsewhere == doorbells.of.end();
  int partner = 1;
  if (!trials.one_node) partner = static_cast<int>(elsewhere - doorbells.of.begin());
  check_mpi(MPI_Bcast(&partner, 1, MPI_INT, 0, comm), "MPI_Bcast");  // that of rank 0's view
  trials.rma.right = trials.p2p.right = true;
  for (int round = 0; round < kRounds; ++round) {
    for (const auto& [mail, trial] : {std::pair{&rma, &trials.rma}, {&p2p, &trials.p2p}}) {
      if (rma.rank() == kHead) {
        if (trial->right && trial->best_us < kSlowUs) lead(*mail, Rank{partner}, *trial);
        check_mpi(MPI_Send(nullptr, 0, MPI_BYTE, partner, kOverTag, comm), "MPI_Send");
      } else if (rma.rank() == Rank{partner}) {
        follow(*mail, comm);
      }
    }
  }
  tell_all(trials, comm);
  return trials;
}

std::string in_words(const char* name, const Trial& trial) {
  if (!trial.right) return std::string(name) + " does not answer";
  char text[64];
  std::snprintf(text, sizeof text, "%s %.1f us a round trip", name, trial.best_us);
  return text;
}

Choice choose_tried(std::unique_ptr<Transport> rma, const Doorbells& doorbells, const RingLimits& limits,
                    MPI_Comm comm) {
  std::unique_ptr<Transport> p2p = make_p2p_transport(comm, doorbells, {limits});
  const Trials trials = try_both(*rma, *p2p, doorbells, comm);
  Choice choice;
  choice.reason = in_words("one-sided", trials.rma) + ", " + in_words("two-sided", trials.p2p);
  if (!trials.rma.right && !trials.p2p.right) {
    throw SystemError("rankine: messages between ranks do not come back as they were sent: " + choice.reason +
                      ". Remedy: look at the network and at MPI's settings (OMPI_MCA_*)");
  }
  const bool two_sided = prefer_p2p(trials.rma, trials.p2p, trials.one_node);
  choice.name = two_sided ? "p2p" : "rma";
  choice.transport = std::move(two_sided ? p2p : rma);
  const bool other_is_sound = two_sided ? trials.rma.right : trials.p2p.right;
  (two_sided ? rma : p2p)->close(other_is_sound);
  return choice;
}

}  // namespace

TransportWish parse_wish(std::string_view text) {
  if (text.empty() || text == "auto") return TransportWish::automatic;
  if (text == "node") return TransportWish::node;
  if (text == "rma") return TransportWish::rma;
  if (text == "p2p") return TransportWish::p2p;
  throw InputError(
      "rankine: RANKINE_TRANSPORT is \"" + std::string(text) +
      "\": it must be node (memory that the ranks of a single node share), rma (one-sided messaging), p2p "
      "(two-sided) or auto");
}

bool prefer_p2p(const Trial& rma, const Trial& p2p, bool one_node) {
  constexpr double kClearlyUs = 20;
  if (!p2p.right) return false;
  if (!rma.right) return true;
  return !one_node && rma.best_us > 2 * p2p.best_us && rma.best_us - p2p.best_us > kClearlyUs;
}

Choice choose_node(Rank rank, int ranks, const Doorbells& doorbells, std::span<std::byte> memory) {
  return {make_node_transport(rank, ranks, doorbells, memory), "node",
          "the ranks share the memory of one node"};
}

Choice choose_transport(MPI_Comm comm, const Doorbells& doorbells, TransportWish wish,
                        const RingLimits& limits) {
  if (wish == TransportWish::p2p) {
    return {make_p2p_transport(comm, doorbells, {limits}), "p2p", "as RANKINE_TRANSPORT says"};
  }
  std::unique_ptr<Transport> rma;
  try {
    rma = make_rma_transport(comm, doorbells, {limits});
  } catch (const SystemError& error) {
    if (wish == TransportWish::rma) throw;
    const std::string what = error.what();
    return {make_p2p_transport(comm, doorbells, {limits}), "p2p",
            "MPI has no one-sided messaging here, " + what.substr(0, what.find(": this MPI library"))};
  }
  if (wish == TransportWish::rma) return {std::move(rma), "rma", "as RANKINE_TRANSPORT says"};
  if (rma->size() == 1) return {std::move(rma), "rma", "there is one rank"};
  return choose_tried(std::move(rma), doorbells, limits, comm);
}

}  // namespace rankine::transport
