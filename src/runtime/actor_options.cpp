// SPDX-License-Identifier: Apache-2.0
#include "runtime/actor_options.hpp"

#include <rankine/core/error.hpp>

namespace rankine::runtime {

ActorTraits traits_of(const ActorOptions& o, bool can_be_saved, const std::string& class_name) {
  const std::string who = " of actor " + class_name;
  if (o.max_restarts < -1) {
    throw InputError("rankine: option max_restarts" + who + " is " + std::to_string(o.max_restarts) +
                     ": it must be 0 or more, or -1 for any number");
  }
  if (o.max_task_retries < -1) {
    throw InputError("rankine: option max_task_retries" + who + " is " + std::to_string(o.max_task_retries) +
                     ": it must be 0 or more, or -1 for any number");
  }
  if (o.max_concurrency == 0) {
    throw InputError("rankine: option max_concurrency" + who + " is 0: no method could ever run");
  }
  if (o.detached && o.name.empty()) {
    throw InputError("rankine: option detached" + who +
                     " needs a name: without one nobody could find the actor again");
  }
  if (o.checkpoint_every > 0 && !can_be_saved) {
    throw InputError("rankine: option checkpoint_every" + who +
                     " needs a class that can be saved. Remedy: give it `S save() const` and `void load(S)`, "
                     "or a Boost.Serialization member");
  }
  return {o.max_restarts, o.max_task_retries, o.max_concurrency, o.checkpoint_every};
}

Options placement_of(const ActorOptions& o) {
  Options options;
  options.cpus = o.cpus;
  options.gpus = o.gpus;
  options.memory_bytes = o.memory_bytes;
  options.custom = o.custom;
  options.priority = o.priority;
  options.name = o.name;
  options.rank = o.rank;
  options.node = o.node;
  options.soft_affinity = o.soft_affinity;
  options.placement = o.placement;
  return options;
}

}  // namespace rankine::runtime
