// SPDX-License-Identifier: Apache-2.0
#include "runtime/fiber.hpp"

#include <cstring>
#include <fstream>
#include <new>
#include <string>
#include <utility>

#include <cxxabi.h>
#include <sys/mman.h>
#include <unistd.h>

#include <boost/context/fiber.hpp>
#include <boost/context/protected_fixedsize_stack.hpp>

#include <rankine/core/error.hpp>

#include "runtime/sanitizer.hpp"

namespace rankine::runtime {

namespace context = boost::context;

namespace {

/// The part of __cxa_eh_globals that must follow the stack: caught exceptions and the number of uncaught
/// ones.
struct ExceptionState {
  void* caught = nullptr;
  unsigned int uncaught = 0;
};

void swap_exception_state(ExceptionState& mine, const ExceptionState& other) {
  void* globals = abi::__cxa_get_globals();
  std::memcpy(&mine, globals, sizeof mine);
  std::memcpy(globals, &other, sizeof other);
}

}  // namespace

struct Fiber::Machinery {
  explicit Machinery(std::size_t bytes) : allocator(bytes + kGuardBytes), stack(allocator.allocate()) {
    char* low = static_cast<char*>(stack.sp) - stack.size;
    if (mprotect(low, kGuardBytes, PROT_NONE) != 0) {
      allocator.deallocate(stack);
      throw std::bad_alloc();
    }
    stack_bytes = stack.size - kGuardBytes;
    inner.bottom = static_cast<char*>(stack.sp) - stack.size;
    inner.bytes = stack.size;
    open_stack(inner);
  }
  ~Machinery() { close_stack(inner); }

  context::protected_fixedsize_stack allocator;
  context::stack_context stack;
  std::size_t stack_bytes = 0;  ///< without the guard
  context::fiber fiber;         ///< while suspended: the fiber; while it runs: empty
  context::fiber outer;         ///< while it runs: who resumed it
  SanitizedStack inner;
  SanitizedStack outside;
  ExceptionState inner_exceptions;
  ExceptionState outer_exceptions;
};

Fiber::Fiber(std::size_t stack_bytes) : machinery_(std::make_unique<Machinery>(stack_bytes)) {
  Machinery& m = *machinery_;
  m.fiber = context::fiber(std::allocator_arg, context::preallocated(m.stack.sp, m.stack.size, m.stack),
                           m.allocator, [this](context::fiber&& outer) {
                             machinery_->outer = std::move(outer);
                             after_switch(machinery_->inner, machinery_->outside);
                             run();
                             leave_for_good(machinery_->outside);
                             return std::move(machinery_->outer);
                           });
}

Fiber::~Fiber() {
  if (started_ && !ended_) {
    closing_ = true;
    while (!resume()) {
    }
  }
  closing_ = true;
  job_ = nullptr;
  resume();
}

const char* Fiber::stack_low() const {
  return static_cast<const char*>(machinery_->stack.sp) - stack_bytes();
}
std::size_t Fiber::stack_bytes() const {
  return machinery_->stack_bytes;
}

void Fiber::run() {
  while (job_ != nullptr) {
    started_ = true;
    job_(argument_);
    ended_ = true;
    suspend_quietly();
  }
}

bool Fiber::resume() {
  Machinery& m = *machinery_;
  ended_ = false;
  swap_exception_state(m.outer_exceptions, m.inner_exceptions);
  before_switch(m.outside, m.inner);
  m.fiber = std::move(m.fiber).resume();
  after_switch(m.outside, m.inner);
  return ended_;
}

void Fiber::suspend() {
  suspend_quietly();
  if (closing_) throw FiberClosed{};
}

void Fiber::suspend_quietly() {
  Machinery& m = *machinery_;
  swap_exception_state(m.inner_exceptions, m.outer_exceptions);
  before_switch(m.inner, m.outside);
  m.outer = std::move(m.outer).resume();
  after_switch(m.inner, m.outside);
}

FiberPool::FiberPool(std::size_t stack_bytes, std::size_t fibers_max)
    : stack_bytes_(stack_bytes), fibers_max_(fibers_max) {}

FiberPool::~FiberPool() = default;

Fiber* FiberPool::take() {
  if (!free_.empty()) {
    Fiber* fiber = free_.back();
    free_.pop_back();
    return fiber;
  }
  if (all_.size() >= fibers_max_) {
    throw Error(
        "rankine: " + std::to_string(fibers_max_) +
        " tasks of this rank wait at once, which is the limit set by vm.max_map_count. Remedy: submit in "
        "smaller batches before waiting, or raise vm.max_map_count");
  }
  all_.push_back(std::make_unique<Fiber>(stack_bytes_));
  return all_.back().get();
}

void FiberPool::give_back(Fiber* fiber) {
  free_.push_back(fiber);
}

std::size_t default_fibers_max() {
  std::ifstream file("/proc/sys/vm/max_map_count");
  std::size_t mappings = 0;
  if (!(file >> mappings)) mappings = 65530;
  return mappings / 3;
}

}  // namespace rankine::runtime
