// SPDX-License-Identifier: Apache-2.0
// What every transport must do, written once: each behaviour is a function that all ranks run at the same
// time, as threads or as MPI processes. It knows nothing of how the ranks came about.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <rankine/core/clock.hpp>

#include "transport/ring_transport.hpp"

namespace rankine::conformance {

/// One rank's place in a behaviour.
class Member {
 public:
  explicit Member(transport::Transport& mail) : mail_(mail) {}
  virtual ~Member() = default;

  transport::Transport& mail() { return mail_; }
  int rank() const { return index(mail_.rank()); }
  int size() const { return mail_.size(); }

  /// Notes a failure unless `holds`. Behaviours go on, so that the other ranks are not left waiting.
  void expect(bool holds, const std::string& text);
  /// Polls, and sleeps when nothing comes, until `done`; a failure after 30 s.
  void poll_until(transport::MailSink& sink, const std::function<bool()>& done, const std::string& what);
  /// Returns when all ranks have called it. Polls meanwhile if there is a sink, which sees no mail that was
  /// sent after the barrier.
  void barrier(transport::MailSink* sink = nullptr);
  const std::vector<std::string>& failures() const { return failures_; }

 protected:
  /// A barrier in two steps, not through the transport under test.
  virtual void arrive() = 0;
  virtual bool all_arrived() = 0;

 private:
  void meet(transport::MailSink* sink);

  transport::Transport& mail_;
  std::vector<std::string> failures_;
};

struct Behaviour {
  const char* name;
  int ranks_min;
  transport::RingLimits limits;
  void (*run)(Member&);
  bool rings_only = false;  ///< about what RingTransport alone does: mail() must be one
};

/// All behaviours, those with small rings included.
std::span<const Behaviour> transport_behaviours();

}  // namespace rankine::conformance
