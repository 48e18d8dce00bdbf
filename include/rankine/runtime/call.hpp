// SPDX-License-Identifier: Apache-2.0
// What the runtime knows of a user's function: a wrapper from bytes to bytes, and the table it is registered
// in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <typeinfo>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/serialize/reader.hpp>

namespace rankine::detail {

struct GangPlace;
struct ActorObject;

/// What a registered function's wrapper works on: one call, as bytes.
struct Call {
  /// The bytes of an argument that was a future.
  struct Dependency {
    std::span<const std::byte> bytes;
    std::shared_ptr<const void> owner;
  };
  Reader* element = nullptr;                 ///< ranges: the first parameter of this element
  Reader* common = nullptr;                  ///< the other parameters that came as values, in order
  std::uint64_t future_mask = 0;             ///< bit i: parameter i came as a future
  std::span<const Dependency> dependencies;  ///< in the order of their parameters

  /// Gives memory for the packed result of exactly `bytes` bytes; refs written into it are noted in refs().
  struct ResultSink {
    virtual std::span<std::byte> allocate(std::size_t bytes) = 0;
    virtual std::vector<ObjectId>* refs() = 0;

   protected:
    ~ResultSink() = default;
  };
  ResultSink* result = nullptr;
  const GangPlace* gang = nullptr;  ///< of a gang's member
  ActorObject* actor = nullptr;     ///< constructors and methods
};

using Invoke = void (*)(Call&);

/// Adds a function to the table; called before main() by the initialisation of Registration<F>::done.
bool add_function(const std::type_info& tag, Invoke invoke, const char* source_file);

/// Number of a registered function. The first call sorts the table; throws Error naming two internal-linkage
/// functions of one name.
FunctionId function_id(const std::type_info& tag, Invoke invoke);

}  // namespace rankine::detail
