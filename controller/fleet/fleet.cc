#include "controller/fleet/fleet.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/plan/load_plan.h"

namespace rampart::controller {

std::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kJoining:
      return "joining";
    case Phase::kPreparing:
      return "preparing";
    case Phase::kSetup:
      return "setup";
    case Phase::kArming:
      return "arming";
    case Phase::kArmed:
      return "armed";
    case Phase::kRunning:
      return "running";
    case Phase::kDraining:
      return "draining";
    case Phase::kAborting:
      return "aborting";
    case Phase::kTeardown:
      return "teardown";
    case Phase::kFinalising:
      return "finalising";
    case Phase::kDone:
      return "done";
  }
  return "";
}

Fleet::Fleet(FleetOptions options)
    : options_(std::move(options)),
      plan_hash_(PlanHash(options_.plan, options_.files)),
      roster_(options_.agents, options_.epoch) {
  auto demand = DemandOf(options_.plan);
  if (demand.ok()) {
    demand_ = *demand;
  } else {
    plan_fault_ = std::string(demand.status().message());
  }
}

std::vector<FleetAction> Fleet::Step(const FleetEvent& event, int64_t now_ns) {
  now_ns_ = now_ns;
  if (!begun_) {
    begun_ = true;
    Enter(Phase::kJoining, options_.join_timeout_ns);
  }
  std::visit([this](const auto& e) { On(e); }, event);
  Bring();
  Advance();
  return std::exchange(actions_, {});
}

void Fleet::On(const Connected& event) {
  if (phase_ == Phase::kDone || !roster_.Open(event.connection, now_ns_)) {
    Refuse(event.connection, phase_ == Phase::kDone ? "the run has ended" : "too many connections");
  }
}

void Fleet::On(const Received& event) {
  if (phase_ == Phase::kDone) return;
  if (AgentSeat* seat = roster_.OfConnection(event.connection); seat != nullptr) {
    seat->heard_ns = now_ns_;
    if (std::exchange(seat->suspected, false)) {
      SetState(*seat, seat->drained ? "drained" : PhaseName(phase_));
    }
    OnMessage(*seat, event.message);
    if (event.message->has_heartbeat()) OnHeartbeat(*seat, event.message->heartbeat());
  } else if (roster_.waiting(event.connection)) {
    if (event.message->has_hello()) {
      OnHello(event.connection, event.message->hello());
    } else {
      Refuse(event.connection, "the first message of a stream is Hello");
    }
  }
}

void Fleet::On(const Disconnected& event) {
  AgentSeat* seat = roster_.OfConnection(event.connection);
  roster_.Forget(event.connection);
  if (seat != nullptr) {
    seat->connection = 0;
    seat->asked = false;
    if (board_) board_->Forget(seat->index);
    if (seat->live() && phase_ < Phase::kFinalising) SetState(*seat, "disconnected");
    if (!seat->ended.empty()) Lose(*seat, seat->ended, now_ns_);
  }
}

void Fleet::On(const ProcessExited& event) {
  AgentSeat* seat = roster_.OfName(event.agent);
  if (phase_ >= Phase::kFinalising) {
    // All that it measured is in; it may have ended before its goodbye was read.
    if (seat != nullptr && seat->live()) {
      seat->gone = true;
      SetState(*seat, absl::StrCat("ended: ", event.how));
    }
    return;
  }
  const std::string why = absl::StrCat("its process ended (", event.how, ")");
  if (seat != nullptr) {
    // What it said last is read before its stream ends.
    if (event.in_order && seat->connected()) {
      seat->ended = why;
      return;
    }
    Lose(*seat, why, now_ns_);
    seat->may_return = false;
  } else if (phase_ == Phase::kJoining) {
    FailRun(absl::StrCat(event.agent, " did not join: ", why));
  }
}

void Fleet::On(const DeltaKept& event) {
  roster_.seats().at(static_cast<size_t>(event.agent)).deltas.Keep(event.sequence);
}

void Fleet::On(const DeltaRefused& event) {
  Lose(roster_.seats().at(static_cast<size_t>(event.agent)),
       absl::StrCat("what it measured could not be kept: ", event.why));
}

void Fleet::On(const StopRequested& event) {
  switch (phase_) {
    case Phase::kJoining:
    case Phase::kPreparing:
    case Phase::kSetup:
    case Phase::kArming:
    case Phase::kArmed:
      return Finish();
    case Phase::kRunning:
      return event.kind == v1::ABORT ? Abort(event.why) : Drain(event.why);
    case Phase::kDraining:
      if (event.kind == v1::ABORT) Abort(event.why);
      return;
    case Phase::kTeardown:
      if (event.kind == v1::ABORT) {
        FailTeardown(absl::StrCat("it was cut short: ", event.why));
        Finish();
      }
      return;
    case Phase::kAborting:
    case Phase::kFinalising:
    case Phase::kDone:
      return;
  }
}

void Fleet::On(const Tick& event) {
  if (phase_ == Phase::kDone) return;
  for (size_t i = 0; i < event.heard_ns.size() && i < roster_.seats().size(); ++i) {
    roster_.seats()[i].heard_ns = event.heard_ns[i];
  }
  for (const ConnectionId mute : roster_.Mute(now_ns_, options_.hello_timeout_ns)) {
    Refuse(mute, "no Hello came");
  }
  for (AgentSeat& seat : roster_.seats()) {
    if (!seat.live()) continue;
    const int64_t silent_ns = now_ns_ - seat.heard_ns;
    if (silent_ns >= options_.lost_after_ns) {
      seat.may_return = true;
      Lose(seat, absl::StrCat("nothing was heard of it for ",
                              absl::FormatDuration(absl::Nanoseconds(options_.lost_after_ns))));
    } else if (silent_ns >= options_.suspect_after_ns && !std::exchange(seat.suspected, true)) {
      SetState(seat, "suspected");
    }
  }
  if (now_ns_ >= deadline_ns_) OnTimeout();
}

void Fleet::OnHello(ConnectionId connection, const v1::Hello& hello) {
  const bool may_return = options_.loss_policy != LossPolicy::kAbort && hello.parked() &&
                          phase_ >= Phase::kRunning && phase_ < Phase::kFinalising;
  const bool late = phase_ == Phase::kRunning && roster_.OfName(hello.name()) == nullptr;
  if (late) {
    if (absl::Status may = MayJoinLate(); !may.ok()) {
      return Refuse(connection, std::string(may.message()), hello.name());
    }
  }
  const auto admitted = roster_.Admit(
      connection, hello,
      {.joining = phase_ == Phase::kJoining, .late = late, .may_return = may_return}, now_ns_);
  if (!admitted.ok()) {
    return Refuse(connection, std::string(admitted.status().message()), hello.name());
  }
  if (admitted->replaced != 0) actions_.emplace_back(CloseConnection{admitted->replaced});
  AgentSeat& seat = *admitted->seat;
  seat.asked = false;
  v1::ControllerMessage message;
  v1::Welcome& welcome = *message.mutable_welcome();
  welcome.set_epoch(options_.epoch);
  welcome.set_durable_sequence(seat.deltas.kept());
  welcome.mutable_lease()->set_seconds(options_.lease_ns / kSecondNs);
  welcome.mutable_lease()->set_nanos(static_cast<int32_t>(options_.lease_ns % kSecondNs));
  Send(seat, std::move(message));
  if (admitted->returned) {
    OnReturn(seat, hello);
  } else if (late) {
    JoinLate(seat);
  }
}

void Fleet::OnMessage(AgentSeat& seat, const std::shared_ptr<const v1::AgentMessage>& said) {
  const v1::AgentMessage& message = *said;
  switch (message.kind_case()) {
    case v1::AgentMessage::kReady:
      return OnReady(seat, message.ready());
    case v1::AgentMessage::kSetupDone:
      return OnSetupDone(seat, message.setup_done());
    case v1::AgentMessage::kArmed:
      return OnArmed(seat, message.armed());
    case v1::AgentMessage::kPong:
      return OnPong(seat, message.pong());
    case v1::AgentMessage::kDelta:
      return OnDelta(seat, {said, &message.delta()});
    case v1::AgentMessage::kDrained:
      return OnDrained(seat, message.drained());
    case v1::AgentMessage::kTeardownDone:
      return OnTeardownDone(seat, message.teardown_done());
    case v1::AgentMessage::kGoodbye:
      return OnGoodbye(seat, message.goodbye());
    case v1::AgentMessage::kWaiting:
      return OnWaiting(seat, message.waiting());
    case v1::AgentMessage::kScenarioEnded:
      return OnScenarioEnded(seat, message.scenario_ended());
    case v1::AgentMessage::kGiven:
      return OnGiven(seat, message.given());
    case v1::AgentMessage::kHello:
      return LoseForNonsense(seat);
    case v1::AgentMessage::KIND_NOT_SET:
      if (!message.has_heartbeat()) LoseForNonsense(seat);
      return;
  }
}

// At once, whether what came with it is kept yet or not: a slow disk is no reason to stop the load.
void Fleet::OnHeartbeat(AgentSeat& seat, const v1::Heartbeat& heartbeat) {
  v1::ControllerMessage reply;
  reply.mutable_heartbeat()->set_number(heartbeat.number());
  reply.mutable_heartbeat()->set_durable_sequence(seat.deltas.kept());
  Send(seat, std::move(reply));
}

// An answer that is not waited for has come before, on the stream that the agent had then.

void Fleet::OnReady(AgentSeat& seat, const v1::Ready& ready) {
  const bool joining = IsJoining(seat);
  if ((phase_ != Phase::kPreparing && !joining) || seat.ready) return;
  if (!ready.error().empty()) {
    return CannotTakePart(seat, absl::StrCat("cannot run the plan: ", ready.error()));
  }
  if (ready.plan_hash() != plan_hash_) {
    return CannotTakePart(
        seat, absl::StrCat("read another plan than was sent to it (", absl::Hex(ready.plan_hash()),
                           " instead of ", absl::Hex(plan_hash_), "): is it the same build?"));
  }
  seat.ready = true;
  SetState(seat, "ready");
  if (joining) RemindLate(seat);
}

void Fleet::OnSetupDone(AgentSeat& seat, const v1::SetupDone& done) {
  if (phase_ != Phase::kSetup || seat.index != 0 || setup_done_) return;
  if (!done.error().empty()) return FailRun(absl::StrCat("setup failed: ", done.error()));
  setup_data_ = done.data();
  setup_done_ = true;
}

void Fleet::OnArmed(AgentSeat& seat, const v1::Armed& armed) {
  const bool joining = IsJoining(seat);
  if ((phase_ != Phase::kArming && !joining) || seat.armed) return;
  if (!armed.error().empty()) {
    return CannotTakePart(seat, absl::StrCat("cannot use what setup saved: ", armed.error()));
  }
  seat.armed = true;
  SetState(seat, "armed");
  if (joining) RemindLate(seat);
}

void Fleet::OnPong(AgentSeat& seat, const v1::Pong& pong) {
  const bool joining = IsJoining(seat);
  if ((phase_ != Phase::kArmed && !joining) || !seat.clock.OnPong(pong, now_ns_)) return;
  if (!seat.clock.complete()) return SendPing(seat);
  if (joining) StartLate(seat);
}

void Fleet::OnDelta(AgentSeat& seat, std::shared_ptr<const v1::Delta> delta) {
  if (!seat.live()) return;
  switch (seat.deltas.Judge(delta->sequence())) {
    case DeltaGate::Verdict::kNext:
      actions_.emplace_back(KeepDelta{seat.index, std::move(delta)});
      return;
    case DeltaGate::Verdict::kGiven:
    case DeltaGate::Verdict::kKept:
      return;
    case DeltaGate::Verdict::kGap:
      return Lose(seat, absl::StrCat("what it measured has a gap: delta ", delta->sequence(),
                                     " came after ", seat.deltas.given()));
  }
}

void Fleet::OnDrained(AgentSeat& seat, const v1::Drained& drained) {
  if (phase_ < Phase::kRunning || phase_ > Phase::kAborting || seat.drained || !seat.started) {
    return;
  }
  if (seat.deltas.given() < drained.last_sequence()) {
    return Lose(seat, absl::StrCat("what it measured has a gap: it sent ", drained.last_sequence(),
                                   " deltas and ", seat.deltas.given(), " came"));
  }
  if (drained.takes() != seat.takes) return;  // it has been given more since
  seat.drained = true;
  seat.last_sequence = drained.last_sequence();
  SetState(seat, "drained");
}

void Fleet::OnTeardownDone(AgentSeat& seat, const v1::TeardownDone& done) {
  if (phase_ != Phase::kTeardown || &seat != tearing_down_ || teardown_done_) return;
  if (seat.deltas.given() < done.last_sequence()) {
    return Lose(seat, absl::StrCat("what it measured has a gap: it sent ", done.last_sequence(),
                                   " deltas and ", seat.deltas.given(), " came"));
  }
  if (!done.error().empty()) FailTeardown(done.error());
  teardown_done_ = true;
  seat.last_sequence = done.last_sequence();
}

void Fleet::OnGoodbye(AgentSeat& seat, const v1::Goodbye& goodbye) {
  const bool complete = seat.deltas.given() == goodbye.last_sequence();
  if (phase_ == Phase::kRunning && options_.loss_policy == LossPolicy::kRebalance && complete) {
    // All that it measured is here, and its users have ended.
    seat.gone = true;
    seat.why = absl::StrCat("it left before the end: ", goodbye.why());
    SetState(seat, "left");
    Hang(seat);
    if (board_) board_->Forget(seat.index);
    return Survive(seat, now_ns_, absl::StrCat(seat.hello.name(), " left"));
  }
  if (phase_ < Phase::kFinalising) {
    return Lose(seat, absl::StrCat("it left before the end: ", goodbye.why()), now_ns_);
  }
  seat.gone = true;
  SetState(seat, "finished");
  Hang(seat);
}

void Fleet::LoseForNonsense(AgentSeat& seat) {
  Lose(seat, "it said what does not belong into a stream: is it the same build?");
}

void Fleet::CannotTakePart(AgentSeat& seat, const std::string& why) {
  if (seat.late) return Lose(seat, "it " + why);
  FailRun(absl::StrCat(seat.hello.name(), " ", why));
}

void Fleet::Lose(AgentSeat& seat, const std::string& why, int64_t out_ns) {
  // From there on every value is in, and an agent may end as it likes.
  if (!seat.live() || phase_ >= Phase::kFinalising) return;
  seat.lost = true;
  seat.suspected = false;
  if (board_) board_->Forget(seat.index);
  seat.out_ns = out_ns;
  seat.why = why;
  if (seat.connected()) {
    // One that was only silent may hear it late, and is to dial again instead of ending.
    if (!seat.may_return || options_.loss_policy == LossPolicy::kAbort) {
      v1::ControllerMessage message;
      message.mutable_refused()->set_why(absl::StrCat("out of the run: ", why));
      Send(seat, std::move(message));
    }
    Hang(seat);
  }
  SetState(seat, "lost");
  if (announced_)
    actions_.emplace_back(AgentLost{seat.index, why, seat.settled() ? INT64_MIN : out_ns});
  const std::string what = absl::StrCat(seat.hello.name(), " was lost: ", why);
  if (seat.late && !seat.started) return;  // the load has never been with it
  if (phase_ < Phase::kRunning || options_.loss_policy == LossPolicy::kAbort) {
    FailRun(what);
  } else if (phase_ == Phase::kRunning) {
    Survive(seat, out_ns, what);
  }
  if (phase_ == Phase::kTeardown && &seat == tearing_down_ && !teardown_done_) {
    FailTeardown(absl::StrCat(seat.hello.name(), ", which ran it, was lost"));
    Finish();
  }
}

void Fleet::FailRun(const std::string& why) {
  actions_.emplace_back(RunFailed{why});
  if (phase_ < Phase::kRunning) {
    Finish();
  } else if (phase_ == Phase::kRunning || phase_ == Phase::kDraining) {
    Abort(why);
  }
}

void Fleet::FailTeardown(const std::string& why) { actions_.emplace_back(TeardownFailed{why}); }

void Fleet::SetState(const AgentSeat& seat, std::string_view state) {
  if (announced_) actions_.emplace_back(AgentStateChanged{seat.index, std::string(state)});
}

void Fleet::Send(const AgentSeat& seat, v1::ControllerMessage message) {
  if (seat.connected()) actions_.emplace_back(SendTo{seat.connection, std::move(message)});
}

void Fleet::Refuse(ConnectionId connection, const std::string& why, const std::string& who) {
  roster_.Forget(connection);
  if (phase_ != Phase::kDone) actions_.emplace_back(JoinRefused{who, why});
  v1::ControllerMessage message;
  message.mutable_refused()->set_why(why);
  actions_.emplace_back(SendTo{connection, std::move(message)});
  actions_.emplace_back(CloseConnection{connection});
}

void Fleet::Hang(AgentSeat& seat) {
  if (seat.connected()) actions_.emplace_back(CloseConnection{seat.connection});
  seat.connection = 0;
}

bool Fleet::All(const std::function<bool(const AgentSeat&)>& holds) const {
  for (const AgentSeat& seat : roster_.seats()) {
    if (seat.live() && !holds(seat)) return false;
  }
  return true;
}

std::string Fleet::Names(const std::function<bool(const AgentSeat&)>& holds) const {
  std::string names;
  for (const AgentSeat& seat : roster_.seats()) {
    if (seat.live() && !holds(seat)) {
      absl::StrAppend(&names, names.empty() ? "" : ", ", seat.hello.name());
    }
  }
  return names;
}

}  // namespace rampart::controller
