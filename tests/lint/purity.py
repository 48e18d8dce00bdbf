# SPDX-License-Identifier: Apache-2.0
"""Pure floors stay pure: no MPI, thread, clock, file or random device in the lower floors (PURE).

None of them reads a clock outside core/clock.hpp. MPI appears only where DESIGN names it. CUDA and NCCL
appear only in files named for them, and back ends are files, not conditional code.
"""
import re

import tree

PURE = ("core", "serialize", "scheduler", "simulate")
CLOCK = "include/rankine/core/clock.hpp"  # the one place where a clock is read
IMPURE_HEADERS = re.compile(
    r"^(mpi\.h|boost/(mpi|thread|asio|filesystem|chrono|random)\b.*|thread|mutex|shared_mutex"
    r"|future|semaphore|condition_variable"
    r"|barrier|latch|stop_token|chrono|fstream|filesystem|random|pthread\.h|unistd\.h"
    r"|files/.*|fcntl\.h|signal\.h|csignal|poll\.h|dirent\.h|sys/.*|linux/.*)$")
CLOCK_HEADERS = re.compile(r"^(ctime|time\.h|rankine/core/clock\.hpp)$")
IMPURE_WORDS = re.compile(
    r"\b(std::this_thread|std::j?thread|std::random_device|std::chrono|std::time|std::rand|getenv"
    r"|clock_gettime|gettimeofday|srand|fopen|thread_local)\b")
MPI_HEADER = re.compile(r"^(mpi\.h|boost/mpi\b.*)$")
# MPI's doors: the transport back ends, the store's remote reads, launch, gangs, the gang's public header, and
# what `rankine doctor` measures.
MPI_ALLOWED = re.compile(
    r"^(src/transport/.*|src/store/.*|src/runtime/(launch|gang)[^/]*|include/rankine/gang\.hpp"
    r"|apps/rankine/doctor_ranks\.cpp|bench/.*)$")
CUDA_CONDITION = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif)\b.*(CUDA|NCCL|NVCC)", re.MULTILINE)
CUDA_HEADER = re.compile(r"^(cuda|cublas|cusolver|cusparse|curand|nccl|cooperative_groups|thrust/|cub/)")


def floor_of(relative):
    parts = relative.split("/")
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    return parts[2] if parts[:2] == ["include", "rankine"] and len(parts) > 3 else None


def include_breach(relative, name):
    floor = floor_of(relative)
    if floor in PURE and IMPURE_HEADERS.match(name):
        return f"{floor} is pure: no <{name}>"
    if floor in PURE and CLOCK_HEADERS.match(name) and relative != CLOCK:
        return f"{floor} does not read a clock (time is an argument): no <{name}>"
    if MPI_HEADER.match(name) and not MPI_ALLOWED.match(relative):
        return f"<{name}> belongs to transport, the store's remote reads, launch and gangs"
    if CUDA_HEADER.match(name) and not re.search(r"cuda|nccl|\.cu$", relative.split("/")[-1]):
        return f"<{name}> belongs to files named for CUDA or NCCL"
    return None


def word_breaches(relative, text):
    """(offset, words) of impure calls in the code of a pure floor, and of conditional CUDA code anywhere."""
    code = tree.blanked(text)
    if floor_of(relative) in PURE and relative != CLOCK:
        for match in IMPURE_WORDS.finditer(code):
            yield match.start(), f"{floor_of(relative)} is pure: no {match.group(1)}"
    for match in CUDA_CONDITION.finditer(code):
        yield match.start(), "a back end is a file that CMake chooses, not conditional code"


def check(root):
    for path in tree.cpp_files(root, ("src", "include", "apps", "bench")):
        relative = path.relative_to(root).as_posix()
        text = path.read_text(errors="replace")
        for line, _, name in tree.includes(text):
            words = include_breach(relative, name)
            if words:
                yield path, line, words
        for offset, words in word_breaches(relative, text):
            yield path, text.count("\n", 0, offset) + 1, words


if __name__ == "__main__":
    tree.main(check, "purity of the lower floors")
