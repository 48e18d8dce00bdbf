// SPDX-License-Identifier: Apache-2.0
// The helper process of a rank: starts commands, collects what they print and how they end, and kills them
// when their time is over or the rank is gone. It exists because a process in which MPI runs should not fork.
// One thread, one loop; knows no MPI.
#pragma once

#include <poll.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <rankine/core/time.hpp>

#include "farm/child.hpp"
#include "farm/output_store.hpp"
#include "farm/running_groups.hpp"
#include "farm/spawn_messages.hpp"

namespace rankine::farm {

struct ServerOptions {
  std::filesystem::path output = {};  ///< NAME of NAME.out and NAME.index (output_store.hpp)
  std::string shell = "/bin/sh";
  std::size_t channels = 1;   ///< how many commands run at once
  bool always_shell = false;  ///< also for commands that mean the same without one
};

class SpawnServer {
 public:
  /// `channels`: sockets of kind SOCK_SEQPACKET, one command at a time on each. Groups outlive it.
  SpawnServer(const ServerOptions& options, std::vector<int> channels, RunningGroups& groups);
  ~SpawnServer();
  SpawnServer(const SpawnServer&) = delete;
  SpawnServer& operator=(const SpawnServer&) = delete;

  /// Returns when the other side has closed its channels, or is gone; what ran then is killed.
  void serve();

 private:
  /// A command that runs.
  struct Running {
    pid_t process = -1;
    int exit_watch = -1;  ///< pidfd
    int output = -1;
    int error = -1;
    Time began{};
    Time deadline{};  ///< of what is done next: TERM, then KILL; 0: nothing
    bool asked_to_stop = false;
    Nanoseconds grace = 0;
    OutputEntry entry;
    Ending ending;
    std::string tail;     ///< the last bytes of its error stream
    std::string trouble;  ///< why its output could not be written
  };
  struct Channel {
    int socket = -1;
    std::unique_ptr<Running> running;
    std::string asked = {};   ///< the datagram whose commands run
    std::size_t next = 0;     ///< where in it the next command's head is
    Time until{};             ///< then none of them begins any more
    std::string answer = {};  ///< for those that have ended
  };

  int wait_ms(Time at) const;
  void watch();
  bool listen(Channel& channel);
  void start_next(Channel& channel);
  void start(Channel& channel, const RequestHead& head, std::string_view command, std::string_view variables);
  void begin(Channel& channel, std::unique_ptr<Running> running, std::string_view command,
             const std::vector<char*>& environment);
  std::vector<char*> environment_with(std::string_view variables);
  Started start_process(std::string_view command, const std::vector<char*>& environment, int output,
                        int error);
  static void refuse(Channel& channel, const std::string& why);
  void read_some(Running& running, int& pipe, Stream stream, bool to_the_end);
  void keep(Running& running, Stream stream, std::size_t bytes);
  void look_at_clock(Running& running, Time at);
  void end(Channel& channel);
  std::size_t place_of(const Channel& channel) const {
    return static_cast<std::size_t>(&channel - channels_.data());
  }
  static void answer(Channel& channel, const Ending& ending, std::string_view text);

  ServerOptions options_;
  std::vector<Channel> channels_;
  ChildStarter starter_;
  OutputWriter store_;
  RunningGroups& groups_;
  std::vector<std::string> environment_;
  std::vector<std::string> folders_;
  bool direct_ = true;
  int nothing_ = -1;  ///< /dev/null
  std::vector<pollfd> polled_;
  std::vector<char> buffer_;
};

}  // namespace rankine::farm
