// SPDX-License-Identifier: Apache-2.0
#include "journal/file.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rankine/core/error.hpp>

namespace rankine::journal {

File::File(std::string path, Access access, const char* what) : path_(std::move(path)), what_(what) {
  struct stat there {};
  if (::stat(path_.c_str(), &there) == 0 && !S_ISREG(there.st_mode)) {
    throw InputError("rankine: " + path_ + " is where the " + what_ +
                     " belongs, but it is no file. Remedy: move it away, or choose another run directory");
  }
  const int flags = access == Access::write ? O_RDWR | O_CREAT : O_RDONLY;
  fd_ = ::open(path_.c_str(), flags | O_CLOEXEC, 0644);
  if (fd_ < 0) fail("opened", errno);
  if (access == Access::read) return;
  if (::flock(fd_, LOCK_EX | LOCK_NB) == 0) return;
  const int code = errno;
  if (code == EWOULDBLOCK) {
    ::close(fd_);
    throw InputError(std::string("rankine: the ") + what_ + " " + path_ +
                     " is in use by another run. Remedy: wait for its end, or choose another run directory");
  }
  // A file system without locks: the run goes on without one.
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)), what_(other.what_), fd_(std::exchange(other.fd_, -1)) {}

File::~File() {
  if (fd_ >= 0) ::close(fd_);
}

void File::fail(const std::string& doing, int code) const {
  throw SystemError(std::string("rankine: the ") + what_ + " " + path_ + " could not be " + doing + ": " +
                    std::strerror(code) +
                    ". Remedy: see to the file and its folder, or choose another run directory");
}

std::uint64_t File::bytes() const {
  struct stat there {};
  if (::fstat(fd_, &there) != 0) fail("looked at", errno);
  return static_cast<std::uint64_t>(there.st_size);
}

std::size_t File::read(std::uint64_t offset, std::span<std::byte> into) const {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t count =
        ::pread(fd_, into.data() + done, into.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("read", errno);
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

ReadAt File::reader() const {
  return [this](std::uint64_t offset, std::span<std::byte> into) { return read(offset, into); };
}

int File::write(std::uint64_t offset, std::span<const std::byte> bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pwrite(fd_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno;
    done += static_cast<std::size_t>(count);
  }
  return 0;
}

int File::sync() {
  return ::fdatasync(fd_) == 0 ? 0 : errno;
}

int File::cut(std::uint64_t bytes) {
  return ::ftruncate(fd_, static_cast<off_t>(bytes)) == 0 ? 0 : errno;
}

}  // namespace rankine::journal
