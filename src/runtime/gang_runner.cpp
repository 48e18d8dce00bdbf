// SPDX-License-Identifier: Apache-2.0
#include "runtime/gang_runner.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include <rankine/core/check.hpp>
#include <rankine/core/clock.hpp>
#include <rankine/core/error.hpp>

#include "runtime/body.hpp"
#include "runtime/client.hpp"
#include "runtime/context_scope.hpp"
#include "runtime/failure.hpp"
#include "runtime/gang_comms.hpp"
#include "runtime/gpu_devices.hpp"
#include "runtime/large_value.hpp"
#include "runtime/openmp.hpp"
#include "runtime/registry.hpp"
#include "runtime/remote_head.hpp"

namespace rankine::runtime {

namespace {

/// Communicators are made in well under a millisecond.
constexpr Nanoseconds kCreationGrace = 500 * kMillisecond;

void append(std::vector<std::byte>& to, const void* from, std::size_t count) {
  const auto* begin = static_cast<const std::byte*>(from);
  to.insert(to.end(), begin, begin + count);
  to.resize(padded(to.size()));
}

/// The member's value: inline in its message, or in the arena. What nobody wants is dropped at once.
class MemberValue final : public detail::Call::ResultSink {
 public:
  MemberValue(GangMember& member, Store& store, Room& room, std::size_t inline_bytes)
      : member_(member), store_(store), room_(room), inline_bytes_(inline_bytes) {}

  std::span<std::byte> allocate(std::size_t bytes) override {
    unwanted_.clear();
    if (!member_.value_wanted) {
      unwanted_.resize(bytes);
      return unwanted_;
    }
    if (bytes > inline_bytes_) {
      large_.emplace(store_, room_, bytes);
      return large_->bytes();
    }
    const Body body{BodyKind::inline_bytes, static_cast<std::uint32_t>(bytes)};
    append(member_.body, &body, sizeof body);
    member_.body.resize(sizeof body + padded(bytes));
    return {member_.body.data() + sizeof body, bytes};
  }
  std::vector<ObjectId>* refs() override { return &refs_; }

  void seal() {
    if (!member_.value_wanted) {
      const Body none{BodyKind::inline_bytes, 0};
      append(member_.body, &none, sizeof none);
      return;
    }
    if (large_) {
      const Location place = large_->seal();
      const Body body{BodyKind::located, sizeof place};
      append(member_.body, &body, sizeof body);
      append(member_.body, &place, sizeof place);
    }
    for (const ObjectId ref : refs_) member_.inside.push_back({0, ref});
  }

 private:
  GangMember& member_;
  Store& store_;
  Room& room_;
  std::size_t inline_bytes_;
  std::vector<std::byte> unwanted_;
  std::optional<LargeValue> large_;
  std::vector<ObjectId> refs_;
};

/// Whether the bytes of the arguments came with the message.
bool all_here(const GangMember& member) {
  return !member.arguments->located && std::none_of(member.dependencies.begin(), member.dependencies.end(),
                                                    [](const Blob* blob) { return blob->located; });
}

detail::GangPlace place_of(std::span<const Rank> ranks, std::uint32_t member, const Topology& topology) {
  detail::GangPlace place;
  place.rank = static_cast<int>(member);
  place.size = static_cast<int>(ranks.size());
  std::vector<NodeId> nodes;
  place.node_size = 0;
  const NodeId here = topology.place(ranks[member]).node;
  for (std::uint32_t i = 0; i < ranks.size(); ++i) {
    const NodeId node = topology.place(ranks[i]).node;
    if (std::find(nodes.begin(), nodes.end(), node) == nodes.end()) nodes.push_back(node);
    if (node != here) continue;
    if (i < member) ++place.node_rank;
    ++place.node_size;
  }
  place.nodes = static_cast<int>(nodes.size());
  place.node = static_cast<int>(std::find(nodes.begin(), nodes.end(), here) - nodes.begin());
  return place;
}

}  // namespace

/// The arguments of a member in memory of this process, wherever they lay.
struct GangInputs {
  GangInputs(const GangMember& member, Client& client) {
    view.open(client.bytes_of(*member.arguments), false, 0, 1);
    for (Blob* blob : member.dependencies) {
      detail::ValueBytes value = client.bytes_of(*blob);
      values.push_back({value.bytes, std::move(value.owner)});
    }
  }
  ArgumentsView view;
  std::vector<detail::Call::Dependency> values;
};

GangRunner::GangRunner(GangHost& host, const Topology& topology, HeadLink& link, Store& store, Client& client,
                       Room& room, BlobPool& blobs, Worker& worker, const Settings& settings)
    : host_(host),
      topology_(topology),
      link_(link),
      store_(store),
      client_(client),
      room_(room),
      blobs_(blobs),
      worker_(worker),
      settings_(settings),
      threads_([this](GangMember& member, Breakable& breakable) { run(member, breakable); }, settings.awake) {
}

GangRunner::~GangRunner() {
  {
    const std::lock_guard lock(host_.progress_mutex());
    for (const auto& member : members_) member->break_off();
  }
  threads_.join();
  free_communicators();
}

// ---- messages from the head ----

void GangRunner::on_prepare(MessageReader& message, std::vector<Blob*>&& dependencies) {
  const auto prepare = message.record<PrepareGangMessage>();
  auto member = std::make_unique<GangMember>();
  member->gang = prepare.gang;
  member->key = prepare.key;
  member->function = FunctionId{prepare.function};
  member->attempt = prepare.attempt;
  member->serial = prepare.serial;
  member->value_wanted = prepare.value_wanted != 0;
  const std::byte* ranks = message.bytes(prepare.header.count * sizeof(Rank));
  member->ranks.resize(prepare.header.count);
  std::memcpy(member->ranks.data(), ranks, member->ranks.size() * sizeof(Rank));
  for (const Rank rank : member->ranks) {
    if (index(rank) < 0 || index(rank) >= topology_.size())
      throw_damaged("a gang on a rank that is not there");
  }
  if (prepare.member >= member->ranks.size()) throw_damaged("a gang's member beyond its size");
  member->arguments = read_body(message, blobs_).blob;
  member->dependencies = std::move(dependencies);
  member->place = place_of(member->ranks, prepare.member, topology_);
  member->place.broken = &member->broken;
  hold(*member, prepare);
  // Nothing to fetch, for none of the members: they need not wait until the head knows, but only for each
  // other, which can be broken off.
  if (all_here(*member) && may_begin()) {
    say_ready(*member);
    member->let_go(GangMember::kRun);
  }
  members_.push_back(std::move(member));
  threads_.run(*members_.back());
}

/// Its resources, from the moment when the scheduler counts them until it has left.
void GangRunner::hold(GangMember& member, const PrepareGangMessage& prepare) {
  if (prepare.plain != 0) {
    member.holding.resources.cpus = Amount(1.0);
  } else {
    member.holding.resources = worker_.demand(prepare.task_class).choices.front();
  }
  worker_.account().take(member.holding);
  member.frame.holding = &member.holding;
}

void GangRunner::on_note(const NoteMessage& note) {
  if (note.header.type == MessageType::gang_over) {
    const auto found = returned_.find(static_cast<std::uint32_t>(number(note.first)));
    if (found == returned_.end()) return;
    over_.push_back(found->second);
    returned_.erase(found);
    return;
  }
  GangMember* member = find(note.first, note.attempt);
  if (member == nullptr) return;
  if (note.header.type == MessageType::run_gang) {
    member->let_go(GangMember::kRun);
  } else {
    member->broken_at = now();
    member->break_off();
  }
}

void GangRunner::abandon_stuck(Time t, const std::function<bool(Rank)>& died) {
  for (std::size_t i = 0; i < members_.size();) {
    Creation inside = Creation::inside;
    if (!is_stuck(*members_[i], t, died) ||
        !members_[i]->creation.compare_exchange_strong(inside, Creation::abandoned)) {
      ++i;
      continue;
    }
    std::unique_ptr<GangMember> member = std::move(members_[i]);
    members_.erase(members_.begin() + static_cast<std::ptrdiff_t>(i));
    abandon(std::move(member));
  }
}

bool GangRunner::is_stuck(const GangMember& member, Time t, const std::function<bool(Rank)>& died) const {
  return member.broken && member.creation == Creation::inside && t - member.broken_at > kCreationGrace &&
         std::any_of(member.ranks.begin(), member.ranks.end(), died);
}

/// Its arguments stay pinned: the thread still stands for them.
void GangRunner::abandon(std::unique_ptr<GangMember> member) {
  fail(*member, std::make_exception_ptr(
                    GangBroken("rankine: another member died while the gang's communicator was made")));
  worker_.account().give(member->holding);
  threads_.abandon(*member);
  report(*member);
  host_.publish();
  static_cast<void>(member.release());  // its thread's for ever
}

GangMember* GangRunner::find(TaskId gang, std::uint64_t attempt) const {
  const auto found = std::find_if(members_.begin(), members_.end(), [&](const auto& member) {
    return member->gang == gang && member->attempt == attempt;
  });
  return found != members_.end() ? found->get() : nullptr;
}

bool GangRunner::may_begin() const {
  return settings_.comms == nullptr || settings_.comms->left() > 0;
}

void GangRunner::say_ready(GangMember& member) {
  member.said_ready = true;
  NoteMessage message;
  message.header.type = MessageType::gang_ready;
  message.first = member.gang;
  message.attempt = member.attempt;
  link_.send(sizeof message, [&](std::span<std::byte> into) { MessageWriter(into).record(message); });
}

// ---- on the member's thread ----

void GangRunner::run(GangMember& member, Breakable& breakable) {
  member.frame.guest = true;
  member.frame.interrupted = &member.broken;
  member.frame.begin(member.id(), member.own_key());
  std::unique_ptr<GangMember> gone;  // outlives the scope of its frame
  const ContextScope scope(host_.member_context(), member.frame);
  MPI_Comm comm = MPI_COMM_NULL;
  try {
    const GangInputs inputs(member, client_);
    get_ready(member);
    if (await_change(member.go, GangMember::kWait, settings_.awake) == GangMember::kLeave)
      throw GangBroken("rankine: the gang was broken before it began");
    breakable.broken = &member.broken;
    breakable.comms = settings_.comms;
    breakable.tag = settings_.comms != nullptr ? settings_.comms->tag(member.serial) : 0;
    const BreakableScope scope_of_mpi(breakable);
    comm = create_communicator(member);
    if (comm != MPI_COMM_NULL) member.place.communicator = &comm;
    call(member, inputs, breakable);
  } catch (...) {
    fail(member, std::current_exception());
  }
  gone = finish(member, comm);
}

void GangRunner::get_ready(GangMember& member) {
  if (!may_begin()) {
    throw Error("rankine: rank " + std::to_string(index(topology_.rank)) +
                " has no communicator left: those of broken gangs cannot be used again, and there were too "
                "many. Remedy: find out why gangs break");
  }
  const std::lock_guard lock(host_.progress_mutex());
  if (member.said_ready) return;
  say_ready(member);
  host_.publish();
}

MPI_Comm GangRunner::create_communicator(GangMember& member) {
  if (settings_.comms == nullptr) return MPI_COMM_NULL;
  free_communicators();
  return settings_.comms->create(member.ranks, member.serial, member.creation);
}

/// For a crash report.
void GangRunner::describe(GangMember& member, const GangInputs& inputs) {
  Running& running = member.frame.running;
  running.what = "a gang's member";
  running.function = function(member.function).display.c_str();
  running.attempt = member.attempt;
  running.known_as = number(member.gang);
  running.argument_bytes = inputs.view.common().size();
  for (const detail::Call::Dependency& value : inputs.values) running.argument_bytes += value.bytes.size();
}

void GangRunner::call(GangMember& member, const GangInputs& inputs, Breakable& breakable) {
  const OpenMpThreads threads(std::max(1, static_cast<std::int32_t>(member.holding.resources.cpus.value())));
  if (!member.holding.gpus.empty()) use_gpu_device(member.holding.gpus.front());
  breakable.check();
  Reader common(inputs.view.common(), inputs.view.owner());
  MemberValue value(member, store_, room_, settings_.inline_bytes);
  detail::Call call;
  call.common = &common;
  call.future_mask = inputs.view.future_mask();
  call.dependencies = inputs.values;
  call.result = &value;
  call.gang = &member.place;
  member.frame.result_refs = value.refs();
  describe(member, inputs);
  function(member.function).invoke(call);
  member.frame.result_refs = nullptr;
  value.seal();
}

void GangRunner::fail(GangMember& member, const std::exception_ptr& error) {
  member.frame.result_refs = nullptr;
  member.failed = true;
  member.body.clear();
  member.inside.clear();
  Failure failure = describe_exception(error);
  failure.parts.function = function(member.function).display + ", gang rank " +
                           std::to_string(member.place.rank) + " of " + std::to_string(member.place.size);
  failure.parts.host = topology_.host;
  failure.parts.rank = index(topology_.rank);
  failure.parts.attempt = member.attempt;
  const std::size_t room = link_.message_bytes_max();
  failure.parts.text.resize(std::min(failure.parts.text.size(), room / 8));
  failure.parts.type.resize(std::min(failure.parts.type.size(), room / 16));
  failure.parts.function.resize(std::min(failure.parts.function.size(), room / 16));
  const std::vector<std::byte> bytes = pack_failure(failure);
  const Body body{BodyKind::failure, static_cast<std::uint32_t>(bytes.size())};
  append(member.body, &body, sizeof body);
  append(member.body, bytes.data(), bytes.size());
}

/// Tells the head what came of the member.
void GangRunner::report(GangMember& member) {
  FinishedMessage message;
  message.header.type = MessageType::gang_finished;
  message.header.count = 1;
  message.first = member.gang;
  message.attempt = member.attempt;
  send_refs(link_, member.inside);
  link_.send(sizeof message + member.body.size(), [&](std::span<std::byte> into) {
    MessageWriter writer(into);
    writer.record(message);
    writer.bytes(member.body.data(), member.body.size());
  });
}

/// The communicator stays until all members have returned.
std::unique_ptr<GangMember> GangRunner::finish(GangMember& member, MPI_Comm comm) {
  {
    const std::lock_guard lock(host_.progress_mutex());
    if (comm != MPI_COMM_NULL) returned_.emplace(member.serial, comm);
    blobs_.drop(member.arguments);
    for (Blob* blob : member.dependencies) blobs_.drop(blob);
    worker_.account().give(member.holding);
    worker_.publish(member.inside);
    report(member);
    host_.publish();
    threads_.give_back(member);
  }
  member.frame.held_until_sent.clear();  // each takes the lock
  const std::lock_guard lock(host_.progress_mutex());
  const auto it = [&member](const auto& one) { return one.get() == &member; };
  const auto found = std::find_if(members_.begin(), members_.end(), it);
  std::unique_ptr<GangMember> gone = std::move(*found);
  members_.erase(found);
  if (members_.empty()) host_.publish();  // the main thread may wait for that
  return gone;
}

void GangRunner::free_communicators() {
  std::vector<MPI_Comm> over;
  {
    const std::lock_guard lock(host_.progress_mutex());
    over.swap(over_);
  }
  for (const MPI_Comm comm : over) settings_.comms->free(comm);
}

}  // namespace rankine::runtime
