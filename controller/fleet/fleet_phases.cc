// How a Fleet goes from phase to phase.
#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "controller/fleet/fleet.h"

namespace rampart::controller {
namespace {

std::string Text(int64_t duration_ns) {
  return absl::FormatDuration(absl::Nanoseconds(duration_ns));
}

bool IsReady(const AgentSeat& seat) { return seat.ready; }
bool IsArmed(const AgentSeat& seat) { return seat.armed; }
bool IsTimed(const AgentSeat& seat) { return seat.clock.complete(); }
bool IsSettled(const AgentSeat& seat) { return seat.settled(); }
bool IsNone(const AgentSeat&) { return false; }

}  // namespace

void Fleet::Enter(Phase phase, int64_t timeout_ns) {
  phase_ = phase;
  deadline_ns_ = now_ns_ + timeout_ns;
  actions_.emplace_back(PhaseChanged{phase});
}

void Fleet::Advance() {
  Phase before;
  do {
    AskMore();
    before = phase_;
    switch (phase_) {
      case Phase::kJoining:
        if (roster_.complete()) Prepare();
        break;
      case Phase::kPreparing:
        if (All(IsReady)) options_.plan.setup().empty() ? Arm() : Setup();
        break;
      case Phase::kSetup:
        if (setup_done_) Arm();
        break;
      case Phase::kArming:
        if (All(IsArmed)) MeasureClocks();
        break;
      case Phase::kArmed:
        if (All(IsTimed)) Start();
        break;
      case Phase::kRunning:
      case Phase::kDraining:
      case Phase::kAborting:
        if (All(IsSettled)) Teardown();
        break;
      case Phase::kTeardown:
        if (teardown_done_ && (!tearing_down_->live() || tearing_down_->settled())) Finish();
        break;
      case Phase::kFinalising:
        if (All(IsNone)) End();
        break;
      case Phase::kDone:
        break;
    }
  } while (phase_ != before);
}

void Fleet::OnTimeout() {
  switch (phase_) {
    case Phase::kJoining:
      return FailRun(absl::StrCat("only ", joined(), " of ", options_.agents,
                                  " agents joined within ", Text(options_.join_timeout_ns),
                                  joined() == 0 ? "" : absl::StrCat(" (", Names(IsNone), ")")));
    case Phase::kPreparing:
      return FailRun(absl::StrCat("not ready with the plan within ",
                                  Text(options_.prepare_timeout_ns), ": ", Names(IsReady)));
    case Phase::kSetup:
      return FailRun(absl::StrCat("setup did not end within ", Text(options_.setup_timeout_ns)));
    case Phase::kArming:
      return FailRun(
          absl::StrCat("not armed within ", Text(options_.arm_timeout_ns), ": ", Names(IsArmed)));
    case Phase::kArmed:
      return FailRun(absl::StrCat("the clock was not known within ",
                                  Text(options_.clock_timeout_ns), " of: ", Names(IsTimed)));
    case Phase::kRunning:
      if (paused_) {
        return FailRun(absl::StrCat("the load was paused for ", Text(options_.most_pause_ns),
                                    ", and no pause may be longer"));
      }
      return FailRun(absl::StrCat("the load did not end ", Text(options_.overrun_timeout_ns),
                                  " after its last graceful stop, on: ", Names(IsSettled)));
    case Phase::kDraining:
      return Abort(absl::StrCat("not drained within ",
                                Text(demand_.graceful_ns + options_.drain_timeout_ns), ": ",
                                Names(IsSettled)));
    case Phase::kAborting:
      for (AgentSeat& seat : roster_.seats()) {
        if (seat.live() && !seat.settled()) {
          Lose(seat, absl::StrCat("it did not end within ", Text(options_.abort_timeout_ns),
                                  " of the abort"));
        }
      }
      return;
    case Phase::kTeardown:
      FailTeardown(absl::StrCat("it did not end within ", Text(options_.teardown_timeout_ns)));
      return Finish();
    case Phase::kFinalising:
      return End();
    case Phase::kDone:
      return;
  }
}

void Fleet::Prepare() {
  roster_.Number();
  uint64_t capacity = 0;
  for (const AgentSeat& seat : roster_.seats()) {
    weights_.push_back(WeightOf(seat));
    capacity += weights_.back();
  }
  for (const AgentSeat& seat : roster_.seats()) {
    const double share = weights_[static_cast<size_t>(seat.index)] / static_cast<double>(capacity);
    actions_.emplace_back(AgentJoined{seat.index, seat.hello, share});
  }
  announced_ = true;
  if (!plan_fault_.empty()) return FailRun(absl::StrCat("no load can be planned: ", plan_fault_));
  const auto users = static_cast<uint64_t>(std::max<int64_t>(demand_.most_users, 0));
  if (users > capacity) {
    return FailRun(absl::StrCat(
        "the plan has up to ", users, " users and the ", options_.agents,
        options_.agents == 1 ? " agent" : " agents together", " can hold ", capacity, ": ",
        users - capacity,
        " are missing; start more agents or raise their limit of open files (ulimit -n)"));
  }
  Enter(Phase::kPreparing, options_.prepare_timeout_ns);
  ask_bytes_ = PrepareOf(roster_.seats().front()).ByteSizeLong();
  for (const AgentSeat& seat : roster_.seats()) SetState(seat, "preparing");
}

// The messages are alike but for a few bytes, so one tells how large they are.
void Fleet::AskMore() {
  const bool preparing = phase_ == Phase::kPreparing;
  if (!preparing && phase_ != Phase::kArming) return;
  size_t unanswered = 0;
  for (const AgentSeat& seat : roster_.seats()) {
    const bool answered = preparing ? seat.ready : seat.armed;
    if (seat.live() && seat.asked && !answered) ++unanswered;
  }
  for (AgentSeat& seat : roster_.seats()) {
    if (unanswered > 0 && (unanswered + 1) * ask_bytes_ > options_.unanswered_bytes) return;
    if (!seat.live() || !seat.connected() || seat.asked || (preparing ? seat.ready : seat.armed)) {
      continue;
    }
    seat.asked = true;
    ++unanswered;
    v1::ControllerMessage message;
    if (preparing) {
      message = PrepareOf(seat);
    } else {
      message.mutable_arm()->set_setup_data(setup_data_);
    }
    Send(seat, std::move(message));
    deadline_ns_ = now_ns_ + (preparing ? options_.prepare_timeout_ns : options_.arm_timeout_ns);
  }
}

void Fleet::Setup() {
  Enter(Phase::kSetup, options_.setup_timeout_ns);
  AgentSeat& seat = roster_.seats().front();
  SetState(seat, "setup");
  Remind(seat);
}

void Fleet::Arm() {
  Enter(Phase::kArming, options_.arm_timeout_ns);
  ask_bytes_ = setup_data_.size();
  for (AgentSeat& seat : roster_.seats()) seat.asked = false;
}

void Fleet::MeasureClocks() {
  Enter(Phase::kArmed, options_.clock_timeout_ns);
  for (AgentSeat& seat : roster_.seats()) SendPing(seat);
}

void Fleet::Start() {
  Enter(Phase::kRunning, options_.start_ahead_ns + demand_.latest_ns + options_.overrun_timeout_ns);
  start_ns_ = now_ns_ + options_.start_ahead_ns;
  board_.emplace(options_.plan, weights_);
  order_.emplace(options_.plan, weights_.size());
  int64_t trip_ns = 0;
  for (const AgentSeat& seat : roster_.seats()) {
    if (seat.live()) trip_ns = std::max(trip_ns, 2 * seat.clock.uncertainty_ns());
  }
  ahead_ns_ = options_.together_ahead_ns + 2 * trip_ns;
  Started started{start_ns_, {}};
  for (AgentSeat& seat : roster_.seats()) {
    seat.started = true;
    seat.holds.push_back({AssignmentOf(seat), 0, start_ns_, 0});
    SendStart(seat);
    SetState(seat, "running");
    started.skew_ms.push_back(static_cast<double>(seat.clock.uncertainty_ns()) / 1e6);
  }
  actions_.emplace_back(std::move(started));
}

void Fleet::Drain(const std::string& why) {
  paused_ = false;  // a stop ends it
  stop_.set_kind(v1::DRAIN);
  stop_.set_why(why);
  Enter(Phase::kDraining, demand_.graceful_ns + options_.drain_timeout_ns);
  for (AgentSeat& seat : roster_.seats()) SendStop(seat);
}

void Fleet::Abort(const std::string& why) {
  paused_ = false;
  stop_.set_kind(v1::ABORT);
  stop_.set_why(why);
  Enter(Phase::kAborting, options_.abort_timeout_ns);
  for (AgentSeat& seat : roster_.seats()) SendStop(seat);
}

void Fleet::Teardown() {
  if (options_.plan.teardown().empty()) return Finish();
  // Every agent knows what setup saved, so the first that is left will do.
  for (AgentSeat& seat : roster_.seats()) {
    if (tearing_down_ == nullptr && seat.live() && seat.started) tearing_down_ = &seat;
  }
  if (tearing_down_ == nullptr) {
    FailTeardown("no agent is left to run it");
    return Finish();
  }
  Enter(Phase::kTeardown, options_.teardown_timeout_ns);
  SetState(*tearing_down_, "teardown");
  Remind(*tearing_down_);
}

void Fleet::Finish() {
  Enter(Phase::kFinalising, options_.finish_timeout_ns);
  for (AgentSeat& seat : roster_.seats()) Remind(seat);
}

void Fleet::End() {
  for (AgentSeat& seat : roster_.seats()) Hang(seat);
  // Whoever still waits for the run to begin.
  for (const ConnectionId waiting : roster_.Mute(now_ns_, 0)) Refuse(waiting, "the run has ended");
  phase_ = Phase::kDone;
  actions_.emplace_back(PhaseChanged{Phase::kDone});
  actions_.emplace_back(Done{});
}

void Fleet::Remind(AgentSeat& seat) {
  if (!seat.live()) return;
  v1::ControllerMessage message;
  switch (phase_) {
    case Phase::kJoining:
    case Phase::kDone:
    case Phase::kPreparing:
    case Phase::kArming:
      return;  // AskMore does it
    case Phase::kSetup:
      if (seat.index != 0 || setup_done_) return;
      message.mutable_setup();
      return Send(seat, std::move(message));
    case Phase::kArmed:
      if (!seat.clock.complete()) SendPing(seat);
      return;
    case Phase::kRunning:
      if (!seat.started) return RemindLate(seat);
      SendStart(seat);
      RemindTogether(seat);
      for (const v1::ChangeLoad& change : changes_) SendChange(seat, change);
      return RemindShares(seat);
    case Phase::kDraining:
    case Phase::kAborting:
      if (!seat.started) return;
      SendStart(seat);
      RemindTogether(seat);
      return SendStop(seat);
    case Phase::kTeardown:
      if (&seat != tearing_down_ || teardown_done_) return;
      message.mutable_teardown();
      return Send(seat, std::move(message));
    case Phase::kFinalising:
      message.mutable_finish();
      return Send(seat, std::move(message));
  }
}

v1::ControllerMessage Fleet::PrepareOf(const AgentSeat& seat) const {
  v1::ControllerMessage message;
  v1::Prepare& prepare = *message.mutable_prepare();
  *prepare.mutable_plan() = options_.plan;
  *prepare.mutable_assignment() = AssignmentOf(seat);
  prepare.set_plan_hash(plan_hash_);
  prepare.set_seed(options_.seed);
  prepare.set_ca_pem(options_.ca_pem);
  *prepare.mutable_files() = options_.files;
  *prepare.mutable_secrets() = options_.secrets;
  return message;
}

uint32_t Fleet::WeightOf(const AgentSeat& seat) {
  return static_cast<uint32_t>(
      std::min<uint64_t>(seat.hello.capacity(), std::numeric_limits<uint32_t>::max()));
}

v1::Assignment Fleet::AssignmentOf(const AgentSeat& seat) const {
  v1::Assignment assignment;
  assignment.set_agent(static_cast<uint32_t>(seat.index));
  assignment.mutable_weights()->Add(weights_.begin(), weights_.begin() + options_.agents);
  // One that came late has nothing of what was dealt at the begin.
  while (assignment.weights_size() <= seat.index) assignment.add_weights(0);
  return assignment;
}

void Fleet::SendPing(AgentSeat& seat) {
  if (!seat.connected()) return;
  v1::ControllerMessage message;
  *message.mutable_ping() = seat.clock.Next(now_ns_);
  Send(seat, std::move(message));
}

void Fleet::SendStart(AgentSeat& seat) {
  v1::ControllerMessage message;
  message.mutable_start()->set_agent_ns(seat.clock.ToAgent(start_ns_));
  Send(seat, std::move(message));
}

void Fleet::SendStop(AgentSeat& seat) {
  if (!seat.live() || !seat.started || seat.drained) return;
  v1::ControllerMessage message;
  *message.mutable_stop() = stop_;
  Send(seat, std::move(message));
}

}  // namespace rampart::controller
