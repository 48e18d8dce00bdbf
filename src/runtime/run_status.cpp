// SPDX-License-Identifier: Apache-2.0
#include "runtime/run_status.hpp"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

namespace rankine::runtime {

namespace {

/// JSON text of a string: host names and reasons are plain, but nobody promises it.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

std::string field(const char* name, const std::string& value) {
  return std::string(",\n  \"") + name + "\": " + value;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

[[noreturn]] void fail(const char* call, const std::filesystem::path& path, int error) {
  throw SystemError(std::string("rankine: ") + call + " of " + path.string() +
                    " in the run directory failed: " + std::strerror(error) +
                    ". Remedy: free disk space, or choose another directory with "
                    "RuntimeOptions::run_directory or RANKINE_RUN_DIR");
}

/// Closes the file whatever happens.
class Descriptor {
 public:
  Descriptor(const std::filesystem::path& path, int flags)
      : fd_(open(path.c_str(), flags | O_CLOEXEC, 0666)) {
    if (fd_ < 0) fail("open", path, errno);
  }
  ~Descriptor() { close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

/// The old text or the new one, on disk when this returns.
void replace_file(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::path fresh = path;
  fresh += ".new";
  {
    const Descriptor file(fresh, O_WRONLY | O_CREAT | O_TRUNC);
    for (std::size_t done = 0; done < text.size();) {
      const ssize_t wrote = write(file.get(), text.data() + done, text.size() - done);
      if (wrote < 0 && errno != EINTR) fail("write", fresh, errno);
      done += wrote > 0 ? static_cast<std::size_t>(wrote) : 0;
    }
    if (fsync(file.get()) != 0) fail("fsync", fresh, errno);
  }
  if (std::rename(fresh.c_str(), path.c_str()) != 0) fail("rename", path, errno);
  const Descriptor folder(path.parent_path(), O_RDONLY | O_DIRECTORY);
  fsync(folder.get());  // some file systems have none for directories; the rename stands anyway
}

}  // namespace

std::string prepare_run_directory(const std::string& directory) {
  namespace fs = std::filesystem;
  const std::string remedy =
      ". Remedy: choose another one that you may write to (RuntimeOptions::run_directory, RANKINE_RUN_DIR, "
      "or "
      "the program's option for it)";
  std::error_code error;
  const fs::path path = fs::absolute(directory, error);
  if (!error && fs::exists(path, error) && !fs::is_directory(path, error)) {
    throw SystemError("rankine: the run directory " + path.string() + " is a file" + remedy);
  }
  if (!error) fs::create_directories(path, error);
  if (error) {
    throw SystemError("rankine: the run directory " + path.string() + " cannot be made: " + error.message() +
                      remedy);
  }
  if (access(path.c_str(), W_OK | X_OK) != 0) {
    throw SystemError("rankine: the run directory " + path.string() +
                      " cannot be written to: " + std::strerror(errno) + remedy);
  }
  return path.string();
}

RunStatus::RunStatus(const std::filesystem::path& directory, int ranks)
    : path_(directory / "status"), ranks_(ranks), started_(utc_now()), start_(now()) {
  char host[256] = {};
  gethostname(host, sizeof host - 1);
  host_ = host;
  replace_file(path_, "{\n  \"state\": \"running\"" + facts() + "\n}\n");
}

std::string RunStatus::facts() const {
  return field("pid", std::to_string(getpid())) + field("host", quoted(host_)) +
         field("ranks", std::to_string(ranks_)) + field("started", quoted(started_));
}

void RunStatus::end(const RunEnd& end) const {
  char seconds[32];
  std::snprintf(seconds, sizeof seconds, "%.3f", seconds_since(start_));
  std::string text = "{\n  \"state\": " + quoted(end.state) + facts();
  text += field("code", std::to_string(end.code));
  text += field("seconds", seconds);
  text += field("reason", quoted(end.reason));
  text += field("tasks_submitted", std::to_string(end.submitted));
  text += field("tasks_finished", std::to_string(end.finished));
  text += field("tasks_failed", std::to_string(end.failed));
  text += field("tasks_cancelled", std::to_string(end.cancelled));
  text += field("tasks_retried", std::to_string(end.retried));
  text += field("tasks_left", std::to_string(end.left));
  text += field("ranks_lost", std::to_string(end.ranks_lost));
  text += field("requeue", end.requeue ? "true" : "false");
  text += "\n}\n";
  try {
    replace_file(path_, text);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s\n", e.what());
  }
}

}  // namespace rankine::runtime
