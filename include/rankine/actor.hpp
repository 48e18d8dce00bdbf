// SPDX-License-Identifier: Apache-2.0
// Actors: objects of a user's class that live on one rank while others call their methods.
//
//   auto counter = rk::spawn<Counter>(5);
//   rk::Future<int> n = counter.call<&Counter::add>(2);
//
// The calls of one caller (the driver, one task, one call of a method) run in the order in which it made
// them; those of different callers interleave. One method runs at a time, and while it waits only calls that
// it caused itself, directly or through other actors, may enter, so that actors which call each other in a
// circle do not wait for ever. What a method throws is rethrown at get(); the actor lives on.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <rankine/function.hpp>
#include <rankine/object.hpp>
#include <rankine/runtime/actor.hpp>
#include <rankine/task.hpp>

namespace rankine {

template <class T>
class Actor;

namespace detail {

template <class T, auto M>
struct MethodTag {};
template <class T, class... P>
struct ConstructorTag {};

// ---- methods ----

template <class M>
struct MethodSignature {
  static_assert(!std::is_same_v<M, M>,
                "rankine: call takes a method as its template argument: actor.call<&Class::method>(...)");
};
template <class C, class R, class... P>
struct MethodSignature<R (C::*)(P...)> : Signature<R, P...> {
  using Class = C;
};
template <class C, class R, class... P>
struct MethodSignature<R (C::*)(P...) const> : MethodSignature<R (C::*)(P...)> {};
template <class C, class R, class... P>
struct MethodSignature<R (C::*)(P...) noexcept> : MethodSignature<R (C::*)(P...)> {};
template <class C, class R, class... P>
struct MethodSignature<R (C::*)(P...) const noexcept> : MethodSignature<R (C::*)(P...)> {};

/// A class's own methods have the names of functions; those it inherits are named after both.
template <class T, auto M>
using TagOfMethod = std::conditional_t<std::is_same_v<typename MethodSignature<decltype(M)>::Class, T>,
                                       Tag<M>, MethodTag<T, M>>;

template <class T, auto M>
struct MethodRegistration {
  using Sig = decltype(signature_base(static_cast<MethodSignature<decltype(M)>*>(nullptr)));

  static void invoke(Call& call) {
    T& self = *static_cast<T*>(call.actor->object);
    const auto bound = [&self](auto&&... arguments) ->
        typename Sig::Result { return (self.*M)(std::forward<decltype(arguments)>(arguments)...); };
    invoke_with(bound, call, Sig{}, std::make_index_sequence<Sig::kArity>{});
  }
  static inline const bool done = add_function(typeid(TagOfMethod<T, M>), &invoke, __BASE_FILE__);
  static FunctionId id() {
    static_cast<void>(&done);
    static const FunctionId number = function_id(typeid(TagOfMethod<T, M>), &invoke);
    return number;
  }
};

// ---- the object ----

template <class T>
concept HasSaveAndLoad = requires(const T& saved, T& loaded) {
  loaded.load(saved.save());
};
template <class T>
concept SavedWhole = !HasSaveAndLoad<T> && Travels<T> && std::is_move_assignable_v<T>;

template <class T>
constexpr ActorOps make_actor_ops() {
  ActorOps ops;
  ops.destroy = [](void* object) { delete static_cast<T*>(object); };
  const auto store = [](const auto& state, Call::ResultSink& sink) {
    std::vector<ObjectId>* refs = sink.refs();
    Writer writer(sink.allocate(packed_bytes(state)), refs);
    pack(writer, state);
  };
  static_cast<void>(store);
  if constexpr (HasSaveAndLoad<T>) {
    using State = std::remove_cvref_t<decltype(std::declval<const T&>().save())>;
    static_assert(Travels<State>, "rankine: what save() returns cannot travel between ranks");
    ops.save = [](const void* object, Call::ResultSink& sink) {
      const State state = static_cast<const T*>(object)->save();
      decltype(store){}(state, sink);
    };
    ops.load = [](void* object, Reader& from) { static_cast<T*>(object)->load(unpack<State>(from)); };
  } else if constexpr (SavedWhole<T>) {
    ops.save = [](const void* object, Call::ResultSink& sink) {
      decltype(store){}(*static_cast<const T*>(object), sink);
    };
    ops.load = [](void* object, Reader& from) { *static_cast<T*>(object) = unpack<T>(from); };
  }
  return ops;
}
template <class T>
inline constexpr ActorOps kActorOps = make_actor_ops<T>();

/// What a constructor's argument travels as: it has no parameter type to go by.
template <class A>
struct PassedAs {
  using type =
      std::conditional_t<std::is_convertible_v<A, const char*>, std::string, Stored<std::decay_t<A>>>;
};
template <class A>
using Passed = typename PassedAs<A>::type;
template <class A>
struct ResolvedAs {
  using type = Passed<A>;
};
template <class V>
struct ResolvedAs<Future<V>> {
  using type = V;
};
template <class A>
using Resolved = typename ResolvedAs<std::decay_t<A>>::type;

template <class T, class... P>
struct ConstructorRegistration {
  static void invoke(Call& call) {
    const auto make = [&call](auto&&... arguments) {
      call.actor->object = new T(std::forward<decltype(arguments)>(arguments)...);
      call.actor->ops = &kActorOps<T>;
    };
    invoke_with(make, call, Signature<void, P...>{}, std::index_sequence_for<P...>{});
  }
  static inline const bool done = add_function(typeid(ConstructorTag<T, P...>), &invoke, __BASE_FILE__);
  static FunctionId id() {
    static_cast<void>(&done);
    static const FunctionId number = function_id(typeid(ConstructorTag<T, P...>), &invoke);
    return number;
  }
};

template <class T, class... P, class... A>
EntryHandle spawn_with(std::type_identity<std::tuple<P...>>, const ActorOptions* options,
                       const A&... arguments) {
  static_assert(std::is_constructible_v<T, P...>,
                "rankine: no constructor of this actor's class takes these arguments");
  (check_parameter<P>(), ...);
  Context& context = current_context();
  const Dependencies<P...> dependencies(0, arguments...);
  std::vector<ObjectId> refs;
  Buffer buffer = pack_call<P...>(context, dependencies, refs, arguments...);
  ActorSpawn spawn;
  spawn.constructor = ConstructorRegistration<T, P...>::id();
  spawn.options = options;
  spawn.type = &typeid(T);
  spawn.can_be_saved = kActorOps<T>.save != nullptr;
  spawn.dependencies = dependencies.span();
  spawn.inside = refs;
  return context.actors().spawn(spawn, std::move(buffer));
}

/// Futures stay Futures where the constructor takes them as they are, else they are resolved first.
template <class T, class... A>
EntryHandle spawn_as(const ActorOptions* options, const A&... arguments) {
  static_assert(std::is_class_v<T> && !std::is_abstract_v<T>, "rankine: an actor is an object of a class");
  static_assert(sizeof...(A) <= 64, "rankine: a constructor takes at most 64 arguments");
  if constexpr (std::is_constructible_v<T, Passed<A>...>) {
    return spawn_with<T>(std::type_identity<std::tuple<Passed<A>...>>{}, options, arguments...);
  } else {
    return spawn_with<T>(std::type_identity<std::tuple<Resolved<A>...>>{}, options, arguments...);
  }
}

template <class... P, class... A>
EntryHandle call_method(std::type_identity<std::tuple<P...>>, ObjectEntry& actor, FunctionId method,
                        const A&... arguments) {
  (check_argument<P, const A&>(), ...);
  Context& context = current_context();
  const Dependencies<P...> dependencies(0, arguments...);
  std::vector<ObjectId> refs;
  Buffer buffer = pack_call<P...>(context, dependencies, refs, arguments...);
  return context.actors().call(actor, {method, dependencies.span(), refs}, std::move(buffer));
}

template <class A>
inline constexpr bool is_actor_options = std::is_same_v<std::remove_cvref_t<A>, ActorOptions>;
template <class A>
concept NotActorOptions = !is_actor_options<A>;

}  // namespace detail

struct KillOptions {
  bool restart = false;  ///< begin a new life, if max_restarts allows one more
};

/// A handle to an actor: cheap to copy, travels inside arguments, results, objects and containers, and is
/// counted. When the last one is gone and all calls are answered, the actor's destructor runs on its rank
/// (detached ones live until the run ends).
template <class T>
class Actor {
 public:
  using value_type = T;

  /// Refers to nothing; only assignment and valid() are allowed.
  Actor() = default;

  /// Runs the method on the actor's rank. Arguments: values, Futures (waited for before the call takes its
  /// turn; meanwhile later calls of this caller wait too, those of others do not), handles. get() of the
  /// result throws what the method threw as TaskError, ActorDied, ActorRestarted, TaskCancelled.
  template <auto M, class... A>
  auto call(const A&... arguments) const {
    using Signature = detail::MethodSignature<decltype(M)>;
    static_assert(std::is_base_of_v<typename Signature::Class, T>,
                  "rankine: this method belongs to another class than the actor's");
    using Registered = detail::MethodRegistration<T, M>;
    detail::check_signature(typename Registered::Sig{});
    static_assert(Signature::kArity == sizeof...(A),
                  "rankine: the method is called with the wrong number of arguments");
    static_assert(sizeof...(A) <= 64, "rankine: a method takes at most 64 arguments");
    return Future<std::remove_cv_t<typename Signature::Result>>(
        detail::call_method(std::type_identity<typename Signature::Parameters>{}, entry(), Registered::id(),
                            arguments...),
        0);
  }

  /// Ends the actor now: what is not answered fails with ActorDied. With {.restart = true} it begins again
  /// from its last checkpoint, or from its constructor; then what is not answered fails with ActorRestarted
  /// or is sent again (max_task_retries). A method that runs on sees rk::cancelled().
  void kill(KillOptions options = {}) const { entry().context->actors().kill(entry(), options.restart); }

  bool valid() const { return static_cast<bool>(entry_); }
  ObjectId id() const { return entry().first; }

  // For the runtime and the codec.
  explicit Actor(detail::EntryHandle entry) : entry_(std::move(entry)) {}

 private:
  detail::ObjectEntry& entry() const {
    if (!entry_) throw Error("rankine: this Actor refers to nothing (default-constructed or moved from)");
    return *entry_;
  }

  detail::EntryHandle entry_;
};

/// An Actor packs as its name; the rank that unpacks it has a handle from then on.
template <class T>
struct Codec<Actor<T>> {
  template <class Sink>
  static void pack(Sink& sink, const Actor<T>& actor) {
    const std::uint64_t id = number(actor.id());
    sink.bytes(&id, sizeof id);
    sink.ref(actor.id());
  }
  static Actor<T> unpack(Reader& reader) {
    const auto id = rankine::unpack<std::uint64_t>(reader);
    return Actor<T>(detail::current_context().adopt(ObjectId{id}, 1));
  }
};

/// Makes an object of T on some rank with T(arguments...); returns at once. If the constructor throws, every
/// call's future throws ActorDied saying so. Throws InputError for wrong options and for a name that a living
/// actor has.
template <class T>
Actor<T> spawn() {
  return Actor<T>(detail::spawn_as<T>(nullptr));
}
template <class T, class... A>
Actor<T> spawn(const ActorOptions& options, const A&... arguments) {
  return Actor<T>(detail::spawn_as<T>(&options, arguments...));
}
template <class T, detail::NotActorOptions A0, class... A>
Actor<T> spawn(const A0& first, const A&... rest) {
  return Actor<T>(detail::spawn_as<T>(nullptr, first, rest...));
}

/// The living actor of that name. Throws InputError if there is none, or if it is of another class.
template <class T>
Actor<T> find_actor(std::string_view name) {
  return Actor<T>(detail::current_context().actors().find(name, typeid(T)));
}

}  // namespace rankine
