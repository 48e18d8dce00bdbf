// SPDX-License-Identifier: Apache-2.0
// How a C++ function gets a name that all ranks agree on, without macros. `template <auto F>` is registered
// by an ODR-used static member; its name is typeid(Tag<F>).name() and its number the position among the
// sorted names (the order of registration changes with link order and LTO, __PRETTY_FUNCTION__ collides for
// overloads and lambdas).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <typeinfo>
#include <utility>
#include <vector>

#include <rankine/core/ids.hpp>
#include <rankine/runtime/call.hpp>
#include <rankine/serialize/serialize.hpp>

namespace rankine {

template <class T>
class Future;

namespace detail {

template <auto F>
struct Tag {};

// ---- signatures
// -----------------------------------------------------------------------------------------------

template <class R, class... A>
struct Signature {
  using Result = R;
  using Parameters = std::tuple<A...>;
  static constexpr std::size_t kArity = sizeof...(A);
};

template <class F>
struct SignatureOf {
  static_assert(
      requires { &F::operator(); },
      "rankine: a generic lambda or overloaded function object has no single signature: "
      "name the parameter types, or choose an overload with rk::as<R(Args...)>(f)");
};
template <class R, class... A>
struct SignatureOf<R (*)(A...)> : Signature<R, A...> {};
template <class R, class... A>
struct SignatureOf<R (*)(A...) noexcept> : Signature<R, A...> {};
template <class F, class R, class... A>
struct SignatureOf<R (F::*)(A...) const> : Signature<R, A...> {};
template <class F, class R, class... A>
struct SignatureOf<R (F::*)(A...) const noexcept> : Signature<R, A...> {};
template <class F>
requires requires {
  &F::operator();
}
struct SignatureOf<F> : SignatureOf<decltype(&F::operator())> {};

// ---- what a parameter travels as
// ------------------------------------------------------------------------------

/// Storage of a parameter on the worker: the type without reference and const; a span of const T is kept as
/// Array<T>, a string_view as string.
template <class P>
struct StoredAs {
  using type = std::remove_cvref_t<P>;
};
template <class T>
struct StoredAs<std::span<const T>> {
  using type = Array<T>;
};
template <>
struct StoredAs<std::string_view> {
  using type = std::string;
};
template <class P>
using Stored = typename StoredAs<std::remove_cvref_t<P>>::type;

template <class T>
inline constexpr bool is_future = false;
template <class T>
inline constexpr bool is_future<Future<T>> = true;
template <class T>
struct FutureValue;
template <class T>
struct FutureValue<Future<T>> {
  using type = T;
};

template <class P>
constexpr void check_parameter() {
  static_assert(
      !(std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>),
      "rankine: a task cannot take a non-const reference: the caller's variable is on another rank. "
      "Take the value and return the changed one");
  static_assert(!std::is_pointer_v<std::remove_cvref_t<P>>,
                "rankine: a task cannot take a pointer: it points into the memory of another rank. "
                "Pass the value, an rk::Array or an rk::Future");
  static_assert(
      Travels<Stored<P>>,
      "rankine: this parameter type cannot travel between ranks: give it a Boost.Serialization member "
      "`template <class Archive> void serialize(Archive& ar, unsigned) { ar & a & b; }`, "
      "or make it trivially copyable");
}

template <class R>
constexpr void check_result() {
  static_assert(!std::is_pointer_v<R>,
                "rankine: a task cannot return a pointer: it points into the memory of another rank. "
                "Return the value or an rk::Array");
  static_assert(!std::is_reference_v<R>, "rankine: a task cannot return a reference. Return the value");
  static_assert(
      std::is_void_v<R> || std::is_same_v<Stored<R>, std::remove_cv_t<R>>,
      "rankine: a task cannot return a view (span, string_view): what it looks at dies with the task. "
      "Return the container or an rk::Array");
  if constexpr (!std::is_void_v<R> && !std::is_pointer_v<R> && !std::is_reference_v<R>) {
    static_assert(
        Travels<Stored<R>>,
        "rankine: this result type cannot travel between ranks (a view, or a class without a "
        "Boost.Serialization member `template <class Archive> void serialize(Archive& ar, unsigned)`)");
  }
}

// ---- the wrapper
// ----------------------------------------------------------------------------------------------

template <class P>
Stored<P> take_argument(Call& call, std::size_t parameter, std::size_t& next_dependency) {
  if (call.future_mask >> parameter & 1) {
    const Call::Dependency& dependency = call.dependencies[next_dependency++];
    Reader reader(dependency.bytes, dependency.owner);
    return unpack<Stored<P>>(reader);
  }
  if (parameter == 0 && call.element) return unpack<Stored<P>>(*call.element);
  return unpack<Stored<P>>(*call.common);
}

/// A future that came for a parameter which is itself a Future stays a Future; the caller packed it as a ref.
template <class P>
decltype(auto) as_parameter(Stored<P>& stored) {
  if constexpr (std::is_same_v<Stored<P>, std::remove_cvref_t<P>>) {
    return static_cast<std::conditional_t<std::is_lvalue_reference_v<P>, P, std::remove_reference_t<P>&&>>(
        stored);
  } else if constexpr (std::is_same_v<std::remove_cvref_t<P>, std::string_view>) {
    return std::string_view(stored);
  } else {
    return std::remove_cvref_t<P>(stored.data(), stored.size());
  }
}

template <class R>
void store_result(Call& call, const R& result) {
  std::vector<ObjectId>* refs = call.result->refs();
  const std::size_t bytes = packed_bytes(result);
  Writer writer(call.result->allocate(bytes), refs);
  pack(writer, result);
}

template <class F, class R, class... P, std::size_t... I>
void invoke_with(F& function, Call& call, Signature<R, P...>, std::index_sequence<I...>) {
  [[maybe_unused]] std::size_t next = 0;
  // Braces: evaluation from left to right, the order in which the arguments were packed.
  std::tuple<Stored<P>...> arguments{take_argument<P>(call, I, next)...};
  if constexpr (std::is_void_v<R>) {
    function(as_parameter<P>(std::get<I>(arguments))...);
    call.result->allocate(0);
  } else {
    store_result<std::remove_cv_t<R>>(call, function(as_parameter<P>(std::get<I>(arguments))...));
  }
}

template <class S>
struct SignatureBase;
template <class R, class... A>
Signature<R, A...> signature_base(const Signature<R, A...>*);

template <class F>
void invoke_function(F& function, Call& call) {
  using Sig = decltype(signature_base(static_cast<SignatureOf<std::remove_const_t<F>>*>(nullptr)));
  invoke_with(function, call, Sig{}, std::make_index_sequence<Sig::kArity>{});
}

/// Registration of a function that is a template argument.
template <auto F>
struct Registration {
  static void invoke(Call& call) {
    auto function = F;
    invoke_function(function, call);
  }
  static inline const bool done = add_function(typeid(Tag<F>), &invoke, __BASE_FILE__);
  static FunctionId id() {
    static_cast<void>(&done);
    static const FunctionId number = function_id(typeid(Tag<F>), &invoke);
    return number;
  }
};

/// Registration of a captureless lambda (or other empty function object) by its type.
template <class L>
struct LambdaRegistration {
  static void invoke(Call& call) {
    const L function{};
    invoke_function(function, call);
  }
  static inline const bool done = add_function(typeid(L), &invoke, __BASE_FILE__);
  static FunctionId id() {
    static_cast<void>(&done);
    static const FunctionId number = function_id(typeid(L), &invoke);
    return number;
  }
};

template <class R, class... P>
constexpr void check_signature(Signature<R, P...>) {
  check_result<R>();
  (check_parameter<P>(), ...);
}

}  // namespace detail

/// Chooses an overload: submit<rk::as<double(double)>(f)>(2.0).
template <class Function>
constexpr Function* as(Function* function) {
  return function;
}
/// The same for methods: c.call<rk::as<int(int) const>(&Counter::peek)>(2).
template <class Function, class Class>
constexpr Function Class::*as(Function Class::*method) {
  return method;
}

}  // namespace rankine
