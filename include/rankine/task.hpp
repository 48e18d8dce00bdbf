// SPDX-License-Identifier: Apache-2.0
// submit: one call of a function on some rank. map: one call for each element of a range, at the price of one
// message for many. Both return at once; what cannot work is a compile error in words (function.hpp).
#pragma once

#include <array>
#include <cstdint>
#include <ranges>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <rankine/function.hpp>
#include <rankine/object.hpp>
#include <rankine/options.hpp>
#include <rankine/runtime/arguments.hpp>

namespace rankine {

namespace detail {

template <class A>
concept IsOptions = std::is_same_v<std::remove_cvref_t<A>, Options>;

/// Whether argument A comes to parameter P as a dependency, to be resolved before the call.
template <class P, class A>
inline constexpr bool is_dependency = is_future<std::remove_cvref_t<A>> && !is_future<Stored<P>>;

/// Types whose packed bytes are the same.
template <class From, class To>
inline constexpr bool same_bytes = std::is_same_v<From, To>;

template <class P, class A>
constexpr void check_argument() {
  using Argument = std::remove_cvref_t<A>;
  if constexpr (is_dependency<P, A>) {
    static_assert(
        same_bytes<typename FutureValue<Argument>::type, Stored<P>>,
        "rankine: a Future<T> argument must be of exactly the parameter's type: nothing converts on the way");
  } else {
    static_assert(std::is_constructible_v<Stored<P>, A> || same_bytes<Argument, Stored<P>>,
                  "rankine: this argument does not convert to the function's parameter");
  }
}

/// Calls use(value) with the argument as what travels: itself when its bytes fit, else converted.
template <class P, class A, class Use>
void with_stored(const A& argument, Use&& use) {
  if constexpr (same_bytes<A, Stored<P>>) {
    use(argument);
  } else {
    use(static_cast<Stored<P>>(argument));
  }
}

/// Packs those of the arguments that are values; works on a Sizer too.
template <class... P, class Sink, class... A>
void pack_values(Sink& sink, const A&... arguments) {
  [[maybe_unused]] const auto one = [&sink]<class Parameter>(std::type_identity<Parameter>,
                                                             const auto& argument) {
    if constexpr (!is_dependency<Parameter, decltype(argument)>) {
      with_stored<Parameter>(argument, [&sink](const auto& value) { pack(sink, value); });
    }
  };
  (one(std::type_identity<P>{}, arguments), ...);
}

/// The ids of the arguments that are dependencies, and the mask of their parameters (the first has bit
/// `shift`).
template <class... P>
struct Dependencies {
  std::array<ObjectId, sizeof...(P) + 1> ids{};
  std::uint32_t count = 0;
  std::uint64_t mask = 0;

  template <class... A>
  explicit Dependencies(std::uint32_t shift, const A&... arguments) {
    std::uint32_t parameter = shift;
    [[maybe_unused]] const auto one = [&]<class Parameter>(std::type_identity<Parameter>,
                                                           const auto& argument) {
      if constexpr (is_dependency<Parameter, decltype(argument)>) {
        ids[count++] = argument.id();
        mask |= std::uint64_t{1} << parameter;
      }
      ++parameter;
    };
    (one(std::type_identity<P>{}, arguments), ...);
  }
  std::span<const ObjectId> span() const { return {ids.data(), count}; }
};

/// Packs the arguments of one call; refs that lie inside them are listed in `refs`.
template <class... P, class... A>
Buffer pack_call(Context& context, const Dependencies<P...>& dependencies, std::vector<ObjectId>& refs,
                 const A&... arguments) {
  Sizer sizer;
  pack_values<P...>(sizer, arguments...);
  ArgumentsHeader header;
  header.future_mask = dependencies.mask;
  header.dependencies = dependencies.count;
  header.common_bytes = sizer.written();
  const ArgumentsLayout layout(header);

  Buffer buffer = context.allocate(layout.total);
  write_header(header, buffer.bytes().data());
  Writer front(buffer.bytes().subspan(layout.ids));
  front.bytes(dependencies.ids.data(), std::size_t{8} * dependencies.count);
  Writer common(buffer.bytes().subspan(layout.common), &refs);
  pack_values<P...>(common, arguments...);
  return buffer;
}

template <class... P, class... A>
EntryHandle submit_call(std::type_identity<std::tuple<P...>>, FunctionId function, const Options* options,
                        GangShape gang, const A&... arguments) {
  (check_argument<P, const A&>(), ...);
  Context& context = current_context();
  const Dependencies<P...> dependencies(0, arguments...);
  std::vector<ObjectId> refs;
  Buffer buffer = pack_call<P...>(context, dependencies, refs, arguments...);

  Submission submission;
  submission.function = function;
  submission.options = options;
  submission.dependencies = dependencies.span();
  submission.inside = refs;
  submission.gang = gang;
  if (gang.all) {
    submission.count = gang.ranks;
    submission.range = true;
  }
  return context.submit(submission, std::move(buffer));
}

template <class P0, class Inputs>
std::vector<std::uint64_t> element_offsets(const Inputs& inputs) {
  std::vector<std::uint64_t> offsets{0};
  offsets.reserve(std::ranges::size(inputs) + 1);
  std::size_t at = 0;
  for (const auto& input : inputs) {
    with_stored<P0>(input, [&at](const auto& value) { at = align_up(at + packed_bytes(value), 64); });
    offsets.push_back(at);
  }
  return offsets;
}

template <class P0, class... P, class Inputs, class... A>
EntryHandle submit_range(std::type_identity<std::tuple<P0, P...>>, FunctionId function,
                         const Options* options, const Inputs& inputs, const A&... arguments) {
  using Element = std::ranges::range_value_t<Inputs>;
  static_assert(!is_future<Element> || is_future<Stored<P0>>,
                "rankine: map takes values; for futures as inputs submit one task each");
  check_argument<P0, const Element&>();
  (check_argument<P, const A&>(), ...);
  Context& context = current_context();
  const Dependencies<P...> dependencies(1, arguments...);
  Sizer sizer;
  pack_values<P...>(sizer, arguments...);
  constexpr bool kFixed = std::is_trivially_copyable_v<Stored<P0>> && !is_future<Stored<P0>>;
  std::vector<std::uint64_t> offsets;
  ArgumentsHeader header;
  header.future_mask = dependencies.mask;
  header.dependencies = dependencies.count;
  header.count = static_cast<std::uint32_t>(std::ranges::size(inputs));
  header.common_bytes = sizer.written();
  if constexpr (kFixed) {
    header.stride = sizeof(Stored<P0>);
    header.elements_bytes = header.stride * header.count;
  } else {
    offsets = element_offsets<P0>(inputs);
    header.elements_bytes = offsets.back();
  }
  const ArgumentsLayout layout(header);

  Buffer buffer = context.allocate(layout.total);
  write_header(header, buffer.bytes().data());
  Writer front(buffer.bytes().subspan(layout.ids));
  front.bytes(dependencies.ids.data(), std::size_t{8} * dependencies.count);
  front.bytes(offsets.data(), 8 * offsets.size());
  std::vector<ObjectId> refs;
  Writer common(buffer.bytes().subspan(layout.common), &refs);
  pack_values<P...>(common, arguments...);
  std::size_t i = 0;
  for (const auto& input : inputs) {
    const std::size_t at = layout.elements + (kFixed ? i * header.stride : offsets[i]);
    Writer element(buffer.bytes().subspan(at), &refs);
    with_stored<P0>(input, [&element](const auto& value) { pack(element, value); });
    if constexpr (!kFixed) element.align(64);  // equal inputs give equal bytes, whatever lay there before
    ++i;
  }

  Submission submission;
  submission.function = function;
  submission.options = options;
  submission.count = header.count;
  submission.range = true;
  submission.dependencies = dependencies.span();
  submission.inside = refs;
  return context.submit(submission, std::move(buffer));
}

template <class F>
using SignatureFor = decltype(signature_base(static_cast<SignatureOf<std::remove_cvref_t<F>>*>(nullptr)));

template <class Sig, class... A>
Future<std::remove_cv_t<typename Sig::Result>> submit_as(FunctionId function, const Options* options,
                                                         const A&... arguments) {
  check_signature(Sig{});
  static_assert(Sig::kArity == sizeof...(A), "rankine: wrong number of arguments for this function");
  static_assert(sizeof...(A) <= 64, "rankine: a task takes at most 64 arguments");
  return {submit_call(std::type_identity<typename Sig::Parameters>{}, function, options, GangShape{},
                      arguments...),
          0};
}

template <class Sig, class Inputs, class... A>
FutureRange<std::remove_cv_t<typename Sig::Result>> map_as(FunctionId function, const Options* options,
                                                           const Inputs& inputs, const A&... arguments) {
  check_signature(Sig{});
  static_assert(
      Sig::kArity == sizeof...(A) + 1,
      "rankine: map calls the function with an element and the common arguments: wrong number of arguments");
  static_assert(sizeof...(A) < 64, "rankine: a task takes at most 64 arguments");
  if (std::ranges::empty(inputs)) return {};
  if (std::ranges::size(inputs) > 0xffffffffull)
    throw InputError("rankine: map takes at most 2^32 - 1 elements");
  return FutureRange<std::remove_cv_t<typename Sig::Result>>(
      submit_range(std::type_identity<typename Sig::Parameters>{}, function, options, inputs, arguments...));
}

template <class L>
constexpr void check_lambda() {
  static_assert(!std::is_pointer_v<L> && !std::is_function_v<L>,
                "rankine: pass the function as a template argument: submit<f>(...), or "
                "submit<rk::as<R(Args...)>(f)>(...) for an overload");
  static_assert(std::is_pointer_v<L> || std::is_empty_v<L>,
                "rankine: a lambda with captures cannot be a task: what it captured is on this rank. "
                "Pass the captured values as arguments");
}

template <class F>
concept FunctionObject = std::is_class_v<std::remove_cvref_t<F>> || std::is_pointer_v<std::decay_t<F>>;
template <class F>
concept NotOptions = !IsOptions<F>;

template <class T>
concept Inputs = std::ranges::sized_range<const T> && std::ranges::forward_range<const T>;

}  // namespace detail

/// Runs F(arguments...) on some rank. An argument that is a Future<T> where the parameter is not is a
/// dependency: the task starts when it is there, with its value.
template <auto F, class... A>
auto submit(const Options& options, const A&... arguments) {
  return detail::submit_as<detail::SignatureFor<decltype(F)>>(detail::Registration<F>::id(), &options,
                                                              arguments...);
}
template <auto F>
auto submit() {
  return detail::submit_as<detail::SignatureFor<decltype(F)>>(detail::Registration<F>::id(), nullptr);
}
template <auto F, detail::NotOptions A0, class... A>
auto submit(const A0& first, const A&... rest) {
  return detail::submit_as<detail::SignatureFor<decltype(F)>>(detail::Registration<F>::id(), nullptr, first,
                                                              rest...);
}

/// The same for a captureless lambda.
template <class L, class... A>
requires(detail::NotOptions<L>&& detail::FunctionObject<L>) auto submit(const L&, const A&... arguments) {
  detail::check_lambda<L>();
  return detail::submit_as<detail::SignatureFor<L>>(detail::LambdaRegistration<L>::id(), nullptr,
                                                    arguments...);
}
template <class L, class... A>
requires(detail::NotOptions<L>&& detail::FunctionObject<L>) auto submit(const Options& options, const L&,
                                                                        const A&... arguments) {
  detail::check_lambda<L>();
  return detail::submit_as<detail::SignatureFor<L>>(detail::LambdaRegistration<L>::id(), &options,
                                                    arguments...);
}

/// Runs F(input, arguments...) for each input. The inputs are packed once; the runtime cuts the range into
/// pieces by the time that its tasks take.
template <auto F, detail::Inputs I, class... A>
auto map(const I& inputs, const A&... arguments) {
  return detail::map_as<detail::SignatureFor<decltype(F)>>(detail::Registration<F>::id(), nullptr, inputs,
                                                           arguments...);
}
template <auto F, detail::Inputs I, class... A>
auto map(const Options& options, const I& inputs, const A&... arguments) {
  return detail::map_as<detail::SignatureFor<decltype(F)>>(detail::Registration<F>::id(), &options, inputs,
                                                           arguments...);
}
template <class L, detail::Inputs I, class... A>
requires(detail::NotOptions<L>&& detail::FunctionObject<L>) auto map(const L&, const I& inputs,
                                                                     const A&... arguments) {
  detail::check_lambda<L>();
  return detail::map_as<detail::SignatureFor<L>>(detail::LambdaRegistration<L>::id(), nullptr, inputs,
                                                 arguments...);
}
template <class L, detail::Inputs I, class... A>
requires(detail::NotOptions<L>&& detail::FunctionObject<L>) auto map(const Options& options, const L&,
                                                                     const I& inputs, const A&... arguments) {
  detail::check_lambda<L>();
  return detail::map_as<detail::SignatureFor<L>>(detail::LambdaRegistration<L>::id(), &options, inputs,
                                                 arguments...);
}

}  // namespace rankine
