// SPDX-License-Identifier: Apache-2.0
// A file that nobody else finds and that is gone with its last descriptor, however the process ends.
#pragma once

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace rankine::files {

/// Opens one to read and write in `folder`. -1, with errno, where none can be made.
inline int open_nameless(const std::string& folder) {
  const int file = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)) return file;
  // A file system without nameless files: the name goes at once.
  std::string path = folder + "/rankine-spill-XXXXXX";
  const int named = ::mkostemp(path.data(), O_CLOEXEC);
  if (named >= 0) ::unlink(path.c_str());
  return named;
}

}  // namespace rankine::files
