#include "agent/link/link.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "common/load/nanoseconds.h"
#include "common/plan/load_plan.h"

namespace rampart::agent {
namespace {

std::string Text(int64_t duration_ns) {
  return absl::FormatDuration(absl::Nanoseconds(duration_ns));
}

bool IsEmpty(const v1::Delta& delta) {
  return delta.series().empty() && delta.errors().empty() && delta.names().empty();
}

}  // namespace

std::vector<LinkAction> Link::Step(const LinkEvent& event, int64_t now_ns) {
  if (ended_) return {};
  now_ns_ = now_ns;
  if (!begun_) {
    begun_ = true;
    begun_ns_ = now_ns;
    DialAfter(0);
  }
  // Also when an answer has come just now: the engine has seen it, too.
  if (lease_.Over(now_ns) && work_ == Work::kRunning && !parked_) Park();
  std::visit([this](const auto& e) { On(e); }, event);
  return std::exchange(actions_, {});
}

void Link::On(const Connected&) {
  stream_ = Stream::kGreeting;
  hello_ns_ = now_ns_;
  v1::AgentMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello = options_.hello;
  hello.set_protocol(v1::PROTOCOL_VERSION);
  hello.set_next_sequence(unacknowledged_.next_sequence());
  hello.set_epoch(epoch_);
  hello.set_parked(parked_);
  hello.set_takes(taken_);
  Send(std::move(message));
}

void Link::On(const Disconnected& event) {
  why_down_ = event.why;
  DialAfter(backoff_ns_);
  backoff_ns_ = std::min(2 * backoff_ns_, kDialMostNs);
}

void Link::On(const Received& event) {
  const v1::ControllerMessage& message = event.message;
  if (message.has_refused()) {
    return End(1, absl::StrCat("the controller refused this agent: ", message.refused().why()));
  }
  if (stream_ != Stream::kJoined) {
    if (stream_ == Stream::kGreeting && message.has_welcome()) OnWelcome(message.welcome());
    return;
  }
  switch (message.kind_case()) {
    case v1::ControllerMessage::kPrepare:
      return OnPrepare(message.prepare());
    case v1::ControllerMessage::kSetup:
      if (work_ != Work::kMade || setup_ran_) return;
      setup_ran_ = true;
      work_ = Work::kSetup;
      actions_.emplace_back(RunSetup{});
      return;
    case v1::ControllerMessage::kArm:
      if (work_ != Work::kMade) return;
      work_ = Work::kArming;
      actions_.emplace_back(ArmEngine{message.arm().setup_data()});
      return;
    case v1::ControllerMessage::kPing: {
      v1::AgentMessage pong;
      pong.mutable_pong()->set_controller_ns(message.ping().controller_ns());
      pong.mutable_pong()->set_agent_ns(now_ns_);
      return Send(std::move(pong));
    }
    case v1::ControllerMessage::kStart:
      return OnStart(message.start());
    case v1::ControllerMessage::kTake:
      return OnTake(message.take());
    case v1::ControllerMessage::kGive:
      return OnGive(message.give());
    case v1::ControllerMessage::kChange:
      return OnChange(message.change());
    case v1::ControllerMessage::kStop:
      if (work_ == Work::kRunning) StopLoad(message.stop().kind());
      return;
    case v1::ControllerMessage::kTeardown:
      if (work_ != Work::kDrained || teardown_ran_) return;
      teardown_ran_ = true;
      work_ = Work::kTeardown;
      next_delta_ns_ = now_ns_ + kDeltaEveryNs;
      actions_.emplace_back(RunTeardown{});
      return;
    case v1::ControllerMessage::kFinish:
      return Leave(0, "the run has ended");
    case v1::ControllerMessage::kHeartbeat:
      lease_.Answered(message.heartbeat().number());
      actions_.emplace_back(ExtendLease{lease_.until_ns()});
      unacknowledged_.Acknowledge(message.heartbeat().durable_sequence());
      return CheckLeaving();
    case v1::ControllerMessage::kOpenRendezvous:
      return OnOpenRendezvous(message.open_rendezvous());
    case v1::ControllerMessage::kStartScenario:
      return OnStartScenario(message.start_scenario());
    case v1::ControllerMessage::kWelcome:
    case v1::ControllerMessage::kRefused:
    case v1::ControllerMessage::KIND_NOT_SET:
      return;
  }
}

void Link::OnWelcome(const v1::Welcome& welcome) {
  stream_ = Stream::kJoined;
  if (epoch_ != 0 && welcome.epoch() != epoch_) {
    return Leave(1, "the controller has begun another run");
  }
  epoch_ = welcome.epoch();
  backoff_ns_ = kDialFirstNs;
  lease_.Renew(hello_ns_, Ns(welcome.lease()));
  actions_.emplace_back(ExtendLease{lease_.until_ns()});
  unacknowledged_.Acknowledge(welcome.durable_sequence());
  for (const v1::Delta& delta : unacknowledged_.deltas()) SendDelta(delta);
  for (const std::string& scenario : scenarios_ended_) SendScenarioEnded(scenario);
  for (const auto& [name, waiting] : waiting_) {
    if (waiting.users() > 0) SendWaiting(waiting);
  }
  if (given_ > 0) SendGiven();
  if (answer_) Send(*answer_);
  next_heartbeat_ns_ = now_ns_;
  CheckLeaving();
}

void Link::OnPrepare(const v1::Prepare& prepare) {
  if (work_ != Work::kIdle) return;
  work_ = Work::kMaking;
  plan_hash_ = PlanHash(prepare.plan(), prepare.files());
  actions_.emplace_back(MakeEngine{prepare});
}

void Link::OnStart(const v1::Start& start) {
  if (work_ != Work::kArmed) return;
  work_ = Work::kRunning;
  shares_ = 1;
  // What was measured before the start is in a delta of its own, and the others begin on seconds.
  next_delta_ns_ = start.agent_ns();
  actions_.emplace_back(StartEngine{start.agent_ns()});
}

void Link::OnTake(const v1::TakeShare& take) {
  if (!open_to_more()) return;
  if (take.number() <= taken_) return;
  taken_ = take.number();
  *held_back_.emplace_back().mutable_take() = take;
  // What has drained is loading again, and so is every scenario of it.
  if (work_ == Work::kDrained) {
    work_ = Work::kRunning;
    while (next_delta_ns_ <= now_ns_) next_delta_ns_ += kDeltaEveryNs;
  }
  after_delta_.reset();
  answer_.reset();
  scenarios_ended_.clear();
  if (!cutting_) DoHeldBack();
}

// What has ended already has new numbers with it, and is said again.
void Link::OnGive(const v1::GiveShare& give) {
  if (!open_to_more()) return;
  if (give.number() <= taken_) return;
  taken_ = give.number();
  *held_back_.emplace_back().mutable_give() = give;
  for (const std::string& scenario : scenarios_ended_) SendScenarioEnded(scenario);
  if (answer_ && answer_->has_drained()) {
    answer_->mutable_drained()->set_takes(taken_);
    Send(*answer_);
  }
  if (!cutting_) DoHeldBack();
}

void Link::OnChange(const v1::ChangeLoad& change) {
  if (!open_to_more()) return;
  if (change.number() <= changed_) return;
  changed_ = change.number();
  actions_.emplace_back(ChangeLoad{change});
}

// Not before what was cut has ended: no user runs twice at once.
void Link::DoHeldBack() {
  for (v1::ControllerMessage& message : std::exchange(held_back_, {})) {
    if (message.has_take()) {
      parked_ = false;
      ++shares_;
      actions_.emplace_back(TakeShare{std::move(*message.mutable_take())});
    } else {
      actions_.emplace_back(GiveShare{std::move(*message.mutable_give())});
    }
  }
}

void Link::Park() {
  parked_ = true;
  cutting_ = true;
  held_back_.clear();
  waiting_.clear();
  scenarios_ended_.clear();
  actions_.emplace_back(ParkEngine{});
  DialAfter(0);
}

// The board's comment (controller/fleet/together/rendezvous_board.h) says why this is enough.
void Link::OnOpenRendezvous(const v1::OpenRendezvous& open) {
  if (work_ != Work::kRunning) return;
  v1::Waiting& waiting = waiting_[open.rendezvous()];
  if (open.opening() < std::max<uint64_t>(waiting.opening(), 1)) return;
  waiting.set_rendezvous(open.rendezvous());
  waiting.set_opening(open.opening() + 1);
  // What the controller takes it for, without being told.
  waiting.set_users(0);
  actions_.emplace_back(OpenMeeting{open});
}

void Link::OnStartScenario(const v1::StartScenario& start) {
  if (work_ != Work::kRunning || !scenarios_begun_.insert(start.scenario()).second) return;
  actions_.emplace_back(BeginScenario{start});
}

void Link::On(const UsersWait& event) {
  if (work_ != Work::kRunning) return;
  for (const v1::Waiting& now : event.all) {
    v1::Waiting& said = waiting_[now.rendezvous()];
    // Counted before the engine heard of the last opening: those users have gone on.
    if (now.opening() < said.opening()) continue;
    const bool changed =
        now.users() != said.users() || now.opening() > std::max<uint64_t>(said.opening(), 1);
    said = now;
    if (changed) SendWaiting(now);
  }
}

void Link::On(const ScenarioOver& event) {
  if (work_ != Work::kRunning || parked_ || event.shares != shares_) return;
  scenarios_ended_.push_back(event.scenario);
  SendScenarioEnded(event.scenario);
}

void Link::On(const EngineMade& event) {
  work_ = Work::kMade;
  next_delta_ns_ = now_ns_ + kDeltaEveryNs;
  v1::AgentMessage answer;
  answer.mutable_ready()->set_plan_hash(plan_hash_);
  answer.mutable_ready()->set_error(event.error);
  // There is nothing to take deltas from; the controller ends the run.
  if (!event.error.empty()) work_ = Work::kIdle;
  Answer(std::move(answer));
}

void Link::On(const SetupEnded& event) {
  if (work_ != Work::kSetup) return;
  work_ = Work::kMade;
  v1::AgentMessage answer;
  answer.mutable_setup_done()->set_error(event.error);
  answer.mutable_setup_done()->set_data(event.data);
  AnswerAfterLastDelta(std::move(answer));
}

void Link::On(const EngineArmed& event) {
  work_ = Work::kArmed;
  v1::AgentMessage answer;
  answer.mutable_armed()->set_error(event.error);
  Answer(std::move(answer));
}

void Link::On(const EngineDrained& event) {
  if (event.shares != shares_ || work_ != Work::kRunning) return;  // it has more by now
  cutting_ = false;
  const uint64_t had = shares_;
  DoHeldBack();
  if (shares_ != had) return;
  v1::AgentMessage answer;
  answer.mutable_drained();
  AnswerAfterLastDelta(std::move(answer));
}

void Link::On(const EngineGave& event) {
  given_ = std::max(given_, event.number);
  SendGiven();
}

void Link::SendGiven() {
  v1::AgentMessage message;
  message.mutable_given()->set_number(given_);
  Send(std::move(message));
}

void Link::On(const LeaseOver&) {
  if (work_ == Work::kRunning && !parked_) Park();
}

void Link::On(const TeardownEnded& event) {
  v1::AgentMessage answer;
  answer.mutable_teardown_done()->set_error(event.error);
  AnswerAfterLastDelta(std::move(answer));
}

void Link::On(const DeltaTaken& event) {
  const bool last = event.last && after_delta_.has_value();
  const bool last_of_all = last && !after_delta_->has_setup_done();
  if (work_ == Work::kRunning || last_of_all || !IsEmpty(event.delta)) {
    if (unacknowledged_.full()) {
      return Leave(
          1, absl::StrCat("the controller has not acknowledged ", unacknowledged_.deltas().size(),
                          " deltas, and no more are kept"));
    }
    SendDelta(unacknowledged_.Add(event.delta));
  }
  if (!last) return;
  v1::AgentMessage answer = *std::exchange(after_delta_, std::nullopt);
  const uint64_t last_sequence = unacknowledged_.next_sequence() - 1;
  if (answer.has_drained()) {
    answer.mutable_drained()->set_last_sequence(last_sequence);
    answer.mutable_drained()->set_takes(taken_);
  }
  if (answer.has_teardown_done()) answer.mutable_teardown_done()->set_last_sequence(last_sequence);
  if (!answer.has_setup_done()) work_ = Work::kDrained;
  if (answer.has_drained()) {
    waiting_.clear();
    scenarios_ended_.clear();
  }
  if (leaving_) return CheckLeaving();
  Answer(std::move(answer));
}

void Link::On(const SignalTerm&) {
  if (leaving_) {
    StopLoad(v1::ABORT);
    return;
  }
  if (work_ != Work::kRunning && (work_ != Work::kDrained || unacknowledged_.deltas().empty())) {
    return Leave(0, "it was asked to end (SIGTERM)");
  }
  leaving_ = true;
  leave_by_ns_ = now_ns_ + kTermDrainNs;
  next_heartbeat_ns_ = now_ns_;
  CheckLeaving();
  if (!stopping_) StopLoad(v1::DRAIN);
}

void Link::On(const Broken& event) { Leave(1, event.why); }

void Link::On(const Tick&) {
  if (!lease_.held() && now_ns_ - begun_ns_ >= kJoinNs) {
    return End(1, absl::StrCat("no controller at ", options_.controller, " let this agent in for ",
                               Text(kJoinNs), why_down_.empty() ? "" : ": ", why_down_));
  }
  const bool in_load = work_ == Work::kRunning || work_ == Work::kDrained;
  if (lease_.Over(now_ns_) && (!in_load || lease_.OverFor(now_ns_) >= kOrphanNs)) {
    return Leave(1,
                 absl::StrCat("the controller at ", options_.controller, " was not heard of for ",
                              Text(lease_.length_ns()), "; without it this agent may load nothing",
                              why_down_.empty() ? "" : ": ", why_down_));
  }
  if (stream_ != Stream::kJoined && now_ns_ >= welcome_by_ns_) {
    why_down_ = absl::StrCat("no welcome within ", Text(kWelcomeNs));
    DialAfter(0);
  }
  if (stream_ == Stream::kJoined && now_ns_ >= next_heartbeat_ns_) {
    v1::AgentMessage message;
    AddHeartbeat(&message);
    Send(std::move(message));
  }
  const bool measuring = work_ >= Work::kMade && work_ != Work::kDrained;
  if (measuring && now_ns_ >= next_delta_ns_) {
    while (next_delta_ns_ <= now_ns_) next_delta_ns_ += kDeltaEveryNs;
    actions_.emplace_back(TakeDelta{false});
  }
  if (leaving_ && now_ns_ >= leave_by_ns_) {
    if (work_ == Work::kRunning && stopping_ != v1::ABORT) {
      leave_by_ns_ = now_ns_ + kTermLeaveNs;
      StopLoad(v1::ABORT);
    } else {
      Leave(1, absl::StrCat("it was asked to end (SIGTERM), and what it measured last was not "
                            "acknowledged within ",
                            Text(kTermLeaveNs)));
    }
  }
}

void Link::DialAfter(int64_t after_ns) {
  stream_ = Stream::kDialling;
  welcome_by_ns_ = now_ns_ + after_ns + kWelcomeNs;
  actions_.emplace_back(Dial{after_ns});
}

void Link::Send(v1::AgentMessage message) {
  if (stream_ == Stream::kJoined || message.has_hello()) {
    actions_.emplace_back(SendMessage{std::move(message)});
  }
}

void Link::SendWaiting(const v1::Waiting& waiting) {
  v1::AgentMessage message;
  *message.mutable_waiting() = waiting;
  Send(std::move(message));
}

void Link::SendScenarioEnded(const std::string& scenario) {
  v1::AgentMessage message;
  message.mutable_scenario_ended()->set_scenario(scenario);
  message.mutable_scenario_ended()->set_takes(taken_);
  Send(std::move(message));
}

void Link::SendDelta(const v1::Delta& delta) {
  if (stream_ != Stream::kJoined) return;
  v1::AgentMessage message;
  *message.mutable_delta() = delta;
  AddHeartbeat(&message);
  Send(std::move(message));
}

void Link::AddHeartbeat(v1::AgentMessage* message) {
  message->mutable_heartbeat()->set_number(lease_.Sent(now_ns_));
  next_heartbeat_ns_ = now_ns_ + (leaving_ ? kTermAskEveryNs : kHeartbeatEveryNs);
}

void Link::Answer(v1::AgentMessage answer) {
  answer_ = std::move(answer);
  Send(*answer_);
}

void Link::AnswerAfterLastDelta(v1::AgentMessage answer) {
  after_delta_ = std::move(answer);
  actions_.emplace_back(TakeDelta{true});
}

void Link::StopLoad(v1::StopKind kind) {
  if (stopping_ == kind || stopping_ == v1::ABORT || !loading()) return;
  stopping_ = kind;
  actions_.emplace_back(StopEngine{kind});
}

bool Link::open_to_more() const {
  return (work_ == Work::kRunning || work_ == Work::kDrained) && !stopping_ && !teardown_ran_;
}

bool Link::loading() const {
  return work_ == Work::kSetup || work_ == Work::kRunning || work_ == Work::kTeardown;
}

void Link::CheckLeaving() {
  if (!leaving_ || work_ != Work::kDrained || after_delta_) return;
  if (unacknowledged_.deltas().empty()) {
    Leave(0, "it was asked to end (SIGTERM)");
  } else if (leave_by_ns_ < now_ns_ + kTermLeaveNs) {
    leave_by_ns_ = now_ns_ + kTermLeaveNs;
  }
}

void Link::Leave(int code, const std::string& why) {
  v1::AgentMessage message;
  message.mutable_goodbye()->set_why(why);
  message.mutable_goodbye()->set_last_sequence(unacknowledged_.next_sequence() - 1);
  Send(std::move(message));
  End(code, why);
}

void Link::End(int code, const std::string& why) {
  ended_ = true;
  // StopLoad's memory is of the run; setup and teardown are ended here only.
  if (loading()) actions_.emplace_back(StopEngine{v1::ABORT});
  actions_.emplace_back(Exit{code, why});
}

}  // namespace rampart::agent
