// SPDX-License-Identifier: Apache-2.0
// Gangs: one call on several ranks at once, with a communicator of its own. The members start together or not
// at all, and end as one: a member that throws breaks the gang, and the others leave their MPI calls by
// GangBroken.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <boost/mpi/communicator.hpp>

#include <rankine/runtime/gang_place.hpp>
#include <rankine/task.hpp>

struct ncclComm;

namespace rankine {

/// What a member knows of its gang; the first parameter of a gang's function. Lives as long as the call, and
/// belongs to the member's thread.
///
/// Blocking calls of MPI (also those that Boost.MPI makes) on the member's thread work on copies of the
/// buffers and end by GangBroken when the gang breaks: collectives, Send, Recv, Sendrecv, Probe, Wait and
/// their kin, dup, split and create_group. Calls of the PMPI_ form copy nothing and are not broken out of.
/// A request that the program itself started (Isend, Iallreduce) keeps working on the program's buffers:
/// receives are cancelled when a Wait is broken out of, other buffers must then outlive the gang.
/// A member runs on a thread of its own and holds its resources until it returns, also while it waits: what
/// it submits runs on what is left of the job.
class Gang {
 public:
  explicit Gang(const detail::GangPlace& place) : place_(place) {}
  Gang(const Gang&) = delete;
  Gang& operator=(const Gang&) = delete;

  int rank() const { return place_.rank; }
  int size() const { return place_.size; }
  /// Over how many nodes the gang spreads, and which of them (counted within the gang) this member is on.
  int nodes() const { return place_.nodes; }
  int node() const { return place_.node; }
  /// Among the members on the same node.
  int node_rank() const { return place_.node_rank; }
  int node_size() const { return place_.node_size; }

  /// Of the members of this gang alone; freed by the runtime when all have returned. Throws Error where ranks
  /// are threads of one process.
  const boost::mpi::communicator& comm() {
    if (place_.communicator == nullptr) {
      throw Error(
          "rankine: gang.comm(): the ranks of this run are threads of one process, which MPI knows as one "
          "rank. Remedy: start the program with mpirun");
    }
    if (!comm_) {
      comm_ = std::make_unique<boost::mpi::communicator>(*static_cast<const MPI_Comm*>(place_.communicator),
                                                         boost::mpi::comm_attach);
    }
    return *comm_;
  }

  /// A member was lost or threw, or the gang was cancelled or is over its time: nothing that it computes is
  /// of use any more. For loops that call neither MPI nor rk::cancelled().
  bool broken() const { return place_.broken->load(std::memory_order_relaxed); }

  /// NCCL's communicator over the same members (an ncclComm_t; <nccl.h> declares what can be done with it),
  /// on the current CUDA device of each. Made at the first call, which all members make; destroyed with the
  /// Gang. Throws Error where Rankine was built without CUDA and NCCL, SystemError where a call of them
  /// fails.
  ncclComm* nccl();

 private:
  detail::GangPlace place_;
  std::unique_ptr<boost::mpi::communicator> comm_;
  std::shared_ptr<ncclComm> nccl_;
};

/// pack: few nodes; spread: one member a node, in turn; strict_pack: all on one node, or never.
using GangStrategy = Placement;

/// What may be said about a gang besides its arguments, by designated initialisers:
/// submit_gang<f>({.ranks = 4, .per_rank = {.cpus = 2}}, x).
struct GangOptions {
  detail::NotPositional not_positional = detail::NotPositional();

  int ranks = 1;  ///< members, each on a rank of its own
  Resources per_rank = {};
  GangStrategy strategy = GangStrategy::pack;
  std::int32_t priority = 0;     ///< larger first; a gang is not overtaken by what came later at its priority
  std::int32_t max_retries = 3;  ///< further attempts after the death of a member's rank
  bool retry_exceptions = false;  ///< further attempts also when a member throws
  /// Of one attempt, from the moment when all members are ready; 0: none.
  std::chrono::nanoseconds timeout{0};
  std::string name = {};   ///< for errors, progress and traces; default: the function's name
  std::uint64_t key = 0;   ///< as Options::key
  std::int32_t node = -1;  ///< all members on this node
};

namespace detail {

/// The signature without the gang.
template <class S>
struct GangSignature {
  static_assert(sizeof(S) == 0,
                "rankine: the function of a gang takes rk::Gang& as its first parameter: "
                "R f(rk::Gang& gang, ...)");
};
template <class R, class... P>
struct GangSignature<Signature<R, Gang&, P...>> {
  using type = Signature<R, P...>;
};
template <class F>
using GangSignatureFor = typename GangSignature<SignatureFor<F>>::type;

template <class F, class R, class... P, std::size_t... I>
void invoke_member(F& function, Call& call, Signature<R, P...>, std::index_sequence<I...>) {
  [[maybe_unused]] std::size_t next = 0;
  std::tuple<Stored<P>...> arguments{take_argument<P>(call, I, next)...};
  Gang gang(*call.gang);
  if constexpr (std::is_void_v<R>) {
    function(gang, as_parameter<P>(std::get<I>(arguments))...);
    call.result->allocate(0);
  } else {
    store_result<std::remove_cv_t<R>>(call, function(gang, as_parameter<P>(std::get<I>(arguments))...));
  }
}

template <class F>
void invoke_member(F& function, Call& call) {
  using Sig = GangSignatureFor<F>;
  invoke_member(function, call, Sig{}, std::make_index_sequence<Sig::kArity>{});
}

template <auto F>
struct GangRegistration {
  static void invoke(Call& call) {
    auto function = F;
    invoke_member(function, call);
  }
  static inline const bool done = add_function(typeid(Tag<F>), &invoke, __BASE_FILE__);
  static FunctionId id() {
    static_cast<void>(&done);
    static const FunctionId number = function_id(typeid(Tag<F>), &invoke);
    return number;
  }
};

template <class L>
struct GangLambdaRegistration {
  static void invoke(Call& call) {
    const L function{};
    invoke_member(function, call);
  }
  static inline const bool done = add_function(typeid(L), &invoke, __BASE_FILE__);
  static FunctionId id() {
    static_cast<void>(&done);
    static const FunctionId number = function_id(typeid(L), &invoke);
    return number;
  }
};

/// As the options of one member.
inline Options member_options(const GangOptions& gang) {
  Options options;
  options.cpus = gang.per_rank.cpus;
  options.gpus = gang.per_rank.gpus;
  options.memory_bytes = gang.per_rank.memory_bytes;
  options.custom = gang.per_rank.custom;
  options.priority = gang.priority;
  options.max_retries = gang.max_retries;
  options.retry_exceptions = gang.retry_exceptions;
  options.timeout = gang.timeout;
  options.name = gang.name;
  options.key = gang.key;
  options.node = gang.node;
  options.placement = gang.strategy;
  return options;
}

template <class Sig, class... A>
EntryHandle submit_members(FunctionId function, const GangOptions& gang, bool all, const A&... arguments) {
  check_signature(Sig{});
  static_assert(
      Sig::kArity == sizeof...(A),
      "rankine: wrong number of arguments for this gang's function (the Gang itself is not passed)");
  static_assert(sizeof...(A) <= 64, "rankine: a gang takes at most 64 arguments");
  if (gang.ranks < 1) {
    throw InputError("rankine: option ranks of a gang is " + std::to_string(gang.ranks) +
                     ": it must be 1 or more");
  }
  const Options options = member_options(gang);
  const GangShape shape{static_cast<std::uint32_t>(gang.ranks), all};
  return submit_call(std::type_identity<typename Sig::Parameters>{}, function, &options, shape, arguments...);
}

template <class Sig>
using ResultOf = std::remove_cv_t<typename Sig::Result>;

}  // namespace detail

/// Runs F(gang, arguments...) on `options.ranks` ranks at once; the future is the value of gang rank 0.
/// Throws Error where MPI grants no MPI_THREAD_MULTIPLE. get() throws what submit's does, and TaskError with
/// the first member's error if one threw.
template <auto F, class... A>
auto submit_gang(const GangOptions& options, const A&... arguments) {
  using Sig = detail::GangSignatureFor<decltype(F)>;
  return Future<detail::ResultOf<Sig>>(
      detail::submit_members<Sig>(detail::GangRegistration<F>::id(), options, false, arguments...), 0);
}
/// The same; element i is the value of gang rank i.
template <auto F, class... A>
auto submit_gang_all(const GangOptions& options, const A&... arguments) {
  using Sig = detail::GangSignatureFor<decltype(F)>;
  return FutureRange<detail::ResultOf<Sig>>(
      detail::submit_members<Sig>(detail::GangRegistration<F>::id(), options, true, arguments...));
}

/// The same for a captureless lambda.
template <class L, class... A>
requires detail::FunctionObject<L>
auto submit_gang(const GangOptions& options, const L&, const A&... arguments) {
  detail::check_lambda<L>();
  using Sig = detail::GangSignatureFor<L>;
  return Future<detail::ResultOf<Sig>>(
      detail::submit_members<Sig>(detail::GangLambdaRegistration<L>::id(), options, false, arguments...), 0);
}
template <class L, class... A>
requires detail::FunctionObject<L>
auto submit_gang_all(const GangOptions& options, const L&, const A&... arguments) {
  detail::check_lambda<L>();
  using Sig = detail::GangSignatureFor<L>;
  return FutureRange<detail::ResultOf<Sig>>(
      detail::submit_members<Sig>(detail::GangLambdaRegistration<L>::id(), options, true, arguments...));
}

}  // namespace rankine
