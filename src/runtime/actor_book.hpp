// SPDX-License-Identifier: Apache-2.0
// What the head writes down about actors beside the scheduler: their traits and classes, which life is ready
// for calls, who has which name.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include <tsl/robin_map.h>

#include <rankine/core/ids.hpp>

#include "runtime/actor_messages.hpp"

namespace rankine::runtime {

struct ActorRecord {
  ActorTraits traits;
  FunctionId constructor{};
  std::uint64_t class_hash = 0;
  std::string class_name;
  std::string name;
  std::uint16_t ready = 0;           ///< the life that said so
  std::vector<ObjectId> saved_refs;  ///< inside the last checkpoint, lent to the head

  /// For people: actor Counter "x".
  std::string title() const {
    return "actor " + class_name + (name.empty() ? std::string() : " \"" + name + "\"");
  }
};

class ActorBook {
 public:
  ActorRecord& add(ObjectId actor) { return records_[number(actor)]; }
  ActorRecord* find(ObjectId actor) {
    const auto found = records_.find(number(actor));
    return found != records_.end() ? &found.value() : nullptr;
  }
  bool empty() const { return records_.empty() && names_.empty(); }
  std::size_t size() const { return records_.size(); }
  /// Calls drop(record) and forgets it, for those of which gone(id) holds.
  template <class Gone, class Drop>
  void prune(Gone gone, Drop drop) {
    for (auto at = records_.begin(); at != records_.end();) {
      if (!gone(ObjectId{at->first})) {
        ++at;
        continue;
      }
      drop(at.value());
      at = records_.erase(at);
    }
  }

  struct Named {
    ObjectId actor{};
    std::uint64_t class_hash = 0;
  };
  Named* named(std::string_view name) {
    const auto found = names_.find(std::string(name));
    return found != names_.end() ? &found->second : nullptr;
  }
  void give_name(std::string_view name, const Named& to) { names_[std::string(name)] = to; }

 private:
  tsl::robin_map<std::uint64_t, ActorRecord> records_;
  std::unordered_map<std::string, Named> names_;
};

}  // namespace rankine::runtime
