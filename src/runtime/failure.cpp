// SPDX-License-Identifier: Apache-2.0
#include "runtime/failure.hpp"

#include <cstdlib>
#include <memory>
#include <tuple>
#include <typeinfo>

#include <cxxabi.h>

#include <rankine/serialize/serialize.hpp>

namespace rankine::runtime {

namespace {
using Packed =
    std::tuple<std::uint8_t, std::string, std::string, std::string, std::string, std::int32_t, std::int32_t>;
}

std::vector<std::byte> pack_failure(const Failure& failure) {
  const TaskError::Parts& p = failure.parts;
  const Packed packed(static_cast<std::uint8_t>(failure.kind), p.type, p.text, p.function, p.host, p.rank,
                      p.attempt);
  std::vector<std::byte> bytes(packed_bytes(packed));
  Writer writer(bytes);
  pack(writer, packed);
  return bytes;
}

Failure unpack_failure(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  auto [kind, type, text, function, host, rank, attempt] = unpack<Packed>(reader);
  return {static_cast<scheduler::FailureKind>(kind),
          {std::move(type), std::move(text), std::move(function), std::move(host), rank, attempt}};
}

Failure describe_exception(const std::exception_ptr& error) {
  Failure failure;
  try {
    std::rethrow_exception(error);
  } catch (const TaskCancelled& e) {
    failure.kind = scheduler::FailureKind::cancelled;
    failure.parts.text = e.what();
  } catch (const std::exception& e) {
    failure.parts.type = demangle(typeid(e).name());
    failure.parts.text = e.what();
  } catch (...) {
    const std::type_info* type = abi::__cxa_current_exception_type();
    failure.parts.type = type != nullptr ? demangle(type->name()) : "unknown";
    failure.parts.text = "an exception that does not derive from std::exception";
  }
  return failure;
}

void throw_failure(const Failure& failure) {
  using enum scheduler::FailureKind;
  const std::string& text = failure.parts.text;
  switch (failure.kind) {
    case cancelled:
      throw TaskCancelled(text);
    case worker_died:
    case poison:
      throw WorkerDied(text);
    case unsatisfiable:
      throw Unsatisfiable(text);
    case timed_out:
      throw TaskTimedOut(text);
    case lost:
      throw ObjectLost(text);
    case actor_died:
      throw ActorDied(text);
    case actor_restarted:
      throw ActorRestarted(text);
    default:
      throw TaskError(failure.parts);
  }
}

std::string demangle(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(abi::__cxa_demangle(name, nullptr, nullptr, &status),
                                                    std::free);
  return status == 0 ? text.get() : name;
}

}  // namespace rankine::runtime
