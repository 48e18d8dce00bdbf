// SPDX-License-Identifier: Apache-2.0
#include "runtime/crash_report.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <string_view>
#include <typeinfo>

#include <cxxabi.h>
#include <dlfcn.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/failure.hpp"
#include "runtime/fiber.hpp"
#include "runtime/job.hpp"

namespace rankine::runtime {

namespace {

constexpr std::array kSignals = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT};
/// The unwinder of a backtrace takes some 10 KB.
constexpr std::size_t kStackBytes = 128 << 10;
constexpr int kFramesMax = 64;

/// What the handler needs, prepared: it can neither allocate nor look anything up.
struct Prepared {
  int rank = -1;
  char host[256] = {};
  char run_directory[PATH_MAX] = {};
  char log_directory[PATH_MAX] = {};
  char log[PATH_MAX] = {};
  char program[PATH_MAX] = {};
  std::uintptr_t program_base = 0;  ///< where it was loaded: what addr2line's addresses count from
  std::uintptr_t program_begin = 0;
  std::uintptr_t program_end = 0;
  std::array<struct sigaction, kSignals.size()> before{};
  std::array<bool, kSignals.size()> taken{};
  std::terminate_handler terminate_before = nullptr;
  std::atomic<std::uint64_t>* culprit = nullptr;
};

// A signal handler has no argument of ours: what it reads must be reachable from the process itself.
std::atomic<Prepared*> prepared{nullptr};
std::atomic<bool> reporting{false};
thread_local const char* stack_low = nullptr;  // of the thread itself, with a CrashStack

const char* name_of(int signal) {
  switch (signal) {
    case SIGSEGV:
      return "SIGSEGV, an access to memory that it does not have";
    case SIGBUS:
      return "SIGBUS, an access to memory that is not backed (a full /dev/shm, a truncated file)";
    case SIGILL:
      return "SIGILL, an instruction that this CPU does not have";
    case SIGFPE:
      return "SIGFPE, an arithmetic error such as an integer division by zero";
    case SIGABRT:
      return "SIGABRT, a call of abort()";
    default:
      return "?";
  }
}

void write_all(int file, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = write(file, text.data(), text.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return;  // nothing is left to complain to
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
}

/// -1: there is none.
int open_log(const Prepared& p) {
  if (p.log[0] == '\0') return -1;
  mkdir(p.run_directory, 0777);
  mkdir(p.log_directory, 0777);
  return open(p.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
}

/// Just below the end of a stack, where its guard is.
bool beyond(const void* address, const char* low) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  const auto end = reinterpret_cast<std::uintptr_t>(low);
  return low != nullptr && at < end && at >= end - Fiber::kGuardBytes;
}

void describe_overflow(CrashText& text, const void* address, const TaskFrame* frame) {
  const Fiber* fiber = frame != nullptr && frame->job != nullptr ? frame->job->fiber : nullptr;
  if (fiber != nullptr && beyond(address, fiber->stack_low())) {
    text.add("rankine: its stack of ").number(static_cast<std::int64_t>(fiber->stack_bytes()));
    text.add(" bytes overflowed. Remedy: raise RuntimeOptions::stack_bytes, or put large arrays on the heap");
    text.add("\n");
  } else if (beyond(address, stack_low)) {
    text.add("rankine: the stack of its thread overflowed. Remedy: raise the limit (ulimit -s), or put ");
    text.add("large arrays on the heap\n");
  }
}

/// Addresses of the program itself, for the tool that turns them into files and lines.
void describe_lines(CrashText& text, const Prepared& p, void* const* frames, int count) {
  text.add("rankine: for files and lines: addr2line -Cfpie ").add(p.program);
  for (int i = 0; i < count; ++i) {
    const auto at = reinterpret_cast<std::uintptr_t>(frames[i]);
    if (at >= p.program_begin && at < p.program_end) text.add(" ").hex(at - p.program_base);
  }
  text.add("\n");
}

void write_report(const Prepared& p, std::string_view sentences) {
  const int log = open_log(p);
  const int files[] = {STDERR_FILENO, log};
  for (const int file : files) {
    if (file >= 0) write_all(file, sentences);
  }
  // From here on a corrupted stack may crash once more, which ends the process: the sentences are out.
  void* frames[kFramesMax];
  const int count = backtrace(frames, kFramesMax);
  CrashText lines;
  describe_lines(lines, p, frames, count);
  for (const int file : files) {
    if (file < 0) continue;
    backtrace_symbols_fd(frames, count, file);
    write_all(file, lines.view());
  }
  if (log >= 0) close(log);
}

/// One thread reports, once; others that crash meanwhile let it.
bool may_report() {
  if (!reporting.exchange(true)) return true;
  const timespec grace{5, 0};
  nanosleep(&grace, nullptr);
  return false;
}

void name_culprit(const Prepared& p, const TaskFrame* frame) {
  if (p.culprit != nullptr && frame != nullptr && frame->running.what != nullptr)
    p.culprit->store(frame->running.known_as != 0 ? frame->running.known_as : number(frame->id));
}

void on_crash(int signal, siginfo_t* info, void*) {
  const int error = errno;
  const Prepared* p = prepared.load();
  if (p == nullptr) return;
  // SI_USER and its like are sent by somebody, at no address.
  const void* address = info->si_code > 0 ? info->si_addr : nullptr;
  if (may_report()) {
    CrashText text;
    name_culprit(*p, thread_frame_or_null());
    describe_crash(text, p->rank, p->host, signal, address, thread_frame_or_null());
    write_report(*p, text.view());
  }
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    if (kSignals[i] == signal) sigaction(signal, &p->before[i], nullptr);
  }
  // A fault comes again when the handler returns; what was sent must be sent again.
  if (info->si_code <= 0) raise(signal);
  errno = error;
}

/// Says what nobody caught, on whatever thread, before abort() makes the report.
[[noreturn]] void on_terminate() {
  const Prepared* p = prepared.load();
  const std::string who =
      p == nullptr || p->rank < 0 ? "" : " on rank " + std::to_string(p->rank) + " (" + p->host + ")";
  const std::exception_ptr error = std::current_exception();
  if (error != nullptr) {
    const Failure failure = describe_exception(error);
    std::fprintf(stderr, "rankine: nobody caught an exception%s: %s: %s\n", who.c_str(),
                 failure.parts.type.c_str(), failure.parts.text.c_str());
  } else {
    std::fprintf(stderr, "rankine: std::terminate was called%s\n", who.c_str());
  }
  std::abort();
}

/// A task that calls exit() takes its rank along; the destructors of a program that still runs must not be
/// called for that.
void on_exit_call(int status, void*) {
  const Prepared* p = prepared.load();
  const TaskFrame* frame = thread_frame_or_null();
  if (p == nullptr || frame == nullptr || frame->running.what == nullptr) return;
  CrashText text;
  text.add("rankine: rank ").number(p->rank).add(" (").add(p->host).add(") ends: exit(").number(status);
  text.add(") was called by ").add(frame->running.what).add(" ").add(frame->running.function);
  text.add(". Remedy: a task returns or throws, it does not end its process\n");
  write_report(*p, text.view());
  name_culprit(*p, frame);
  std::fflush(nullptr);
  _exit(status);
}

/// The program is the first of the loaded objects.
int find_program(dl_phdr_info* info, std::size_t, void* into) {
  auto& p = *static_cast<Prepared*>(into);
  p.program_base = info->dlpi_addr;
  p.program_begin = ~std::uintptr_t{0};
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    if (info->dlpi_phdr[i].p_type != PT_LOAD) continue;
    const std::uintptr_t begin = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
    p.program_begin = std::min(p.program_begin, begin);
    p.program_end = std::max(p.program_end, begin + info->dlpi_phdr[i].p_memsz);
  }
  return 1;
}

template <std::size_t N>
void copy_text(char (&to)[N], const std::string& from) {
  if (from.size() < N) std::memcpy(to, from.c_str(), from.size() + 1);
}

/// Whether the handler is MPI's own, which a program that starts MPI before us has: it prints a backtrace
/// that names no task.
bool is_of_mpi(const struct sigaction& action) {
  Dl_info where{};
  const void* handler = reinterpret_cast<const void*>(action.sa_sigaction);
  return dladdr(handler, &where) != 0 && where.dli_fname != nullptr &&
         std::string_view(where.dli_fname).find("libopen-pal") != std::string_view::npos;
}

void take_signals(Prepared& p) {
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals[i], nullptr, &p.before[i]);
    if (p.before[i].sa_handler != SIG_DFL && !is_of_mpi(p.before[i])) continue;
    if (is_of_mpi(p.before[i])) p.before[i].sa_handler = SIG_DFL;
    struct sigaction action {};
    action.sa_sigaction = on_crash;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    p.taken[i] = sigaction(kSignals[i], &action, nullptr) == 0;
  }
}

}  // namespace

void describe_crash(CrashText& text, int rank, const char* host, int signal, const void* address,
                    const TaskFrame* frame) {
  text.add("rankine: ");
  if (rank >= 0) text.add("rank ").number(rank).add(" (").add(host).add(") ");
  text.add("crashed, process ").number(getpid()).add(": signal ").number(signal).add(" (");
  text.add(name_of(signal)).add(")");
  if (address != nullptr) text.add(" at ").hex(reinterpret_cast<std::uintptr_t>(address));
  text.add("\n");
  const Running* running = frame != nullptr ? &frame->running : nullptr;
  if (running == nullptr || running->what == nullptr) {
    text.add(frame == nullptr ? "rankine: no task ran on this thread\n"
             : rank == 0      ? "rankine: this thread ran the driver, or no task\n"
                              : "rankine: no task ran on this thread at that moment\n");
    return describe_overflow(text, address, frame);
  }
  text.add("rankine: it ran ").add(running->what).add(" ").add(running->function);
  if (running->element >= 0) text.add(", element ").number(running->element).add(" of a map");
  text.add(", key ").hex(static_cast<std::uint64_t>(frame->key));
  text.add(", attempt ").number(running->attempt).add(", with ");
  text.number(static_cast<std::int64_t>(running->argument_bytes + running->element_bytes))
      .add(" bytes of arguments\n");
  describe_overflow(text, address, frame);
}

CrashReports::CrashReports(bool wanted) {
  if (!wanted) return;
  auto p = std::make_unique<Prepared>();
  const ssize_t length = readlink("/proc/self/exe", p->program, sizeof p->program - 1);
  if (length < 0) p->program[0] = '\0';
  dl_iterate_phdr(find_program, p.get());
  void* frames[2];
  backtrace(frames, 2);  // loads the unwinder, which the handler could not
  Prepared* nobody = nullptr;
  if (!prepared.compare_exchange_strong(nobody, p.get())) return;
  p->terminate_before = std::set_terminate(on_terminate);
  take_signals(*p);
  on_exit(on_exit_call, nullptr);
  static_cast<void>(p.release());  // a handler may read it until the destructor has put the others back
  active_ = true;
}

CrashReports::~CrashReports() {
  if (!active_) return;
  const std::unique_ptr<Prepared> p(prepared.load());
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction current {};
    sigaction(kSignals[i], nullptr, &current);
    const bool ours = p->taken[i] && current.sa_sigaction == on_crash;
    if (ours) sigaction(kSignals[i], &p->before[i], nullptr);
  }
  if (std::get_terminate() == on_terminate) std::set_terminate(p->terminate_before);
  prepared = nullptr;
}

void CrashReports::tell(const CrashSite& site) {
  if (!active_) return;
  Prepared& p = *prepared.load();
  copy_text(p.host, site.host);
  if (!site.run_directory.empty()) {
    copy_text(p.run_directory, site.run_directory);
    copy_text(p.log_directory, site.run_directory + "/log");
    copy_text(p.log, site.run_directory + "/log/crash-rank" + std::to_string(site.rank) + ".txt");
  }
  p.culprit = site.culprit;
  p.rank = site.rank;
}

CrashStack::CrashStack() {
  if (prepared.load() == nullptr) return;
  void* memory = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;
  stack_t stack{};
  stack.ss_sp = memory;
  stack.ss_size = kStackBytes;
  sigaltstack(nullptr, &before_);
  if ((before_.ss_flags & SS_DISABLE) == 0 || sigaltstack(&stack, nullptr) != 0) {
    munmap(memory, kStackBytes);  // the thread has one
    return;
  }
  memory_ = memory;
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return;
  void* low = nullptr;
  std::size_t bytes = 0;
  pthread_attr_getstack(&attributes, &low, &bytes);
  pthread_attr_destroy(&attributes);
  stack_low = static_cast<const char*>(low);
}

CrashStack::~CrashStack() {
  if (memory_ == nullptr) return;
  stack_low = nullptr;
  sigaltstack(&before_, nullptr);
  munmap(memory_, kStackBytes);
}

}  // namespace rankine::runtime
