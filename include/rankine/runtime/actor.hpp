// SPDX-License-Identifier: Apache-2.0
// What the templates of actors need of the runtime: how an object of a user's class is made, called and
// saved as bytes, and the rank's side of spawning and calling.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>
#include <vector>

#include <rankine/runtime/call.hpp>
#include <rankine/runtime/context.hpp>
#include <rankine/runtime/options.hpp>

namespace rankine {

/// What may be said about an actor besides its constructor's arguments, by designated initialisers:
/// spawn<Counter>({.name = "x"}, 5).
struct ActorOptions {
  detail::NotPositional not_positional = detail::NotPositional();

  double cpus = 0;                 ///< CPUs held while it lives; 0: as many actors on a rank as you like
  double gpus = 0;                 ///< GPUs held while it lives, fractions allowed
  std::uint64_t memory_bytes = 0;  ///< main memory it will use at most; 0: not counted
  std::vector<std::pair<std::string, double>> custom = {};  ///< amounts of resources named by the user
  std::int32_t priority = 0;                                ///< among what waits for room larger goes first
  std::string name = {};  ///< for find_actor and for people; unique among the actors that live
  bool detached = false;  ///< lives until the run ends even when nobody has a handle
  std::int32_t max_restarts =
      0;  ///< new lives after the death of its rank or kill({.restart = true}); -1: any
  std::int32_t max_task_retries =
      0;  ///< how often a call is sent again to a new life; 0: ActorRestarted; -1: any
  std::uint32_t max_concurrency = 1;   ///< methods in progress at once; they take turns where one waits
  std::uint32_t checkpoint_every = 0;  ///< calls between two saved states; 0: a restart begins anew
  std::uint64_t key = 0;   ///< what the constructor's random numbers are keyed by; 0: from the parent's key
  std::int32_t rank = -1;  ///< live on this rank
  std::int32_t node = -1;  ///< live on this node
  bool soft_affinity = false;  ///< rank and node are a wish, not a condition
  Placement placement = Placement::spread;
};

namespace detail {

/// How the runtime handles an object whose class it does not know.
struct ActorOps {
  void (*destroy)(void* object) = nullptr;
  void (*save)(const void* object, Call::ResultSink& into) = nullptr;  ///< nullptr: cannot be saved
  void (*load)(void* object, Reader& from) = nullptr;
};

/// The object of an actor: written by the constructor's wrapper, read by the methods'.
struct ActorObject {
  void* object = nullptr;
  const ActorOps* ops = nullptr;
};

/// A new actor, without the packed arguments.
struct ActorSpawn {
  FunctionId constructor{};
  const ActorOptions* options = nullptr;  ///< nullptr: the defaults
  const std::type_info* type = nullptr;   ///< of the user's class
  bool can_be_saved = false;
  std::span<const ObjectId> dependencies;
  std::span<const ObjectId> inside;  ///< refs that lie inside argument values
};

/// One call of a method, without the packed arguments.
struct MethodCall {
  FunctionId method{};
  std::span<const ObjectId> dependencies;
  std::span<const ObjectId> inside;
};

class ActorContext {
 public:
  /// Throws InputError for wrong options and for a name that a living actor has.
  virtual EntryHandle spawn(const ActorSpawn& spawn, Buffer&& arguments) = 0;
  virtual EntryHandle call(ObjectEntry& actor, const MethodCall& call, Buffer&& arguments) = 0;
  virtual void kill(ObjectEntry& actor, bool restart) = 0;
  /// Throws InputError if nobody living has the name, or an object of another class.
  virtual EntryHandle find(std::string_view name, const std::type_info& type) = 0;

 protected:
  ~ActorContext() = default;
};

}  // namespace detail
}  // namespace rankine
