#include "agent/link/agent_process.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <utility>
#include <variant>

#include "absl/status/status.h"
#include "agent/engine/loop.h"
#include "spdlog/spdlog.h"

namespace rampart::agent {
namespace {

std::string Error(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

AgentProcess::AgentProcess(LinkOptions options, EngineOptions engine_options,
                           std::optional<StreamIdentity> identity)
    : link_(options), engine_options_(engine_options) {
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  signals_ = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
  if (wake_ < 0 || signals_ < 0) {
    spdlog::critical("cannot open the descriptors that this agent waits on");
    std::abort();
  }
  FleetStreamCallbacks callbacks;
  callbacks.connected = [this] { Post(Connected{}); };
  callbacks.received = [this](v1::ControllerMessage message) {
    Post(Received{std::move(message)});
  };
  callbacks.disconnected = [this](std::string why) { Post(Disconnected{std::move(why)}); };
  stream_ =
      std::make_unique<FleetStream>(options.controller, std::move(callbacks), std::move(identity));
}

AgentProcess::~AgentProcess() {
  // They post.
  engine_.reset();
  stream_.reset();
  close(wake_);
  close(signals_);
}

int AgentProcess::Run() {
  int64_t next_tick_ns = MonotonicNow();
  while (!exit_code_) {
    if (MonotonicNow() >= next_tick_ns) {
      next_tick_ns = MonotonicNow() + kTickNs;
      Handle(Tick{});
    }
    if (!exit_code_ && MonotonicNow() >= dial_at_ns_) {
      dial_at_ns_ = INT64_MAX;
      stream_->Dial();
    }
    if (!exit_code_ && waiting_changed_ && MonotonicNow() >= waiting_from_ns_) {
      waiting_changed_ = false;
      waiting_from_ns_ = MonotonicNow() + kWaitingEveryNs;
      Handle(UsersWait{engine_->Waiting()});
    }
    if (!exit_code_) {
      Wait(std::min({next_tick_ns, dial_at_ns_, waiting_changed_ ? waiting_from_ns_ : INT64_MAX}));
    }
    HandleQueued();
  }
  engine_.reset();
  stream_->Close(kCloseNs);
  return *exit_code_;
}

void AgentProcess::Wait(int64_t until_ns) {
  const int64_t left_ns = std::max<int64_t>(0, until_ns - MonotonicNow());
  const timespec timeout = {left_ns / 1'000'000'000, left_ns % 1'000'000'000};
  pollfd polled[] = {{wake_, POLLIN, 0}, {signals_, POLLIN, 0}};
  ppoll(polled, 2, &timeout, nullptr);
  uint64_t posted;
  [[maybe_unused]] ssize_t got = read(wake_, &posted, sizeof(posted));
  signalfd_siginfo signal;
  while (read(signals_, &signal, sizeof(signal)) == sizeof(signal)) {
    spdlog::info("got {}", signal.ssi_signo == SIGINT ? "SIGINT" : "SIGTERM");
    Handle(SignalTerm{});
  }
}

void AgentProcess::Post(LinkEvent event) {
  {
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= kMaxQueuedEvents) {
      overflow_ = true;
      return;
    }
    queue_.push_back(std::move(event));
  }
  Interrupt();
}

void AgentProcess::WaitingChanged() {
  if (!waiting_changed_.exchange(true)) Interrupt();
}

void AgentProcess::Interrupt() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t wrote = write(wake_, &one, sizeof(one));
}

void AgentProcess::HandleQueued() {
  std::deque<LinkEvent> queued;
  bool overflow;
  {
    const std::lock_guard lock(mutex_);
    queued.swap(queue_);
    overflow = overflow_;
  }
  for (LinkEvent& event : queued) {
    if (!exit_code_) SayWhyDown(event);
    Handle(std::move(event));
  }
  if (overflow) Handle(Broken{"this agent could not keep up with what it was told"});
}

void AgentProcess::SayWhyDown(const LinkEvent& event) {
  if (std::holds_alternative<Connected>(event)) said_down_.clear();
  const auto* down = std::get_if<Disconnected>(&event);
  if (down == nullptr || down->why == said_down_) return;
  said_down_ = down->why;
  spdlog::warn("no stream to the controller: {}", said_down_);
}

void AgentProcess::Handle(LinkEvent event) {
  at_once_.push_back(std::move(event));
  while (!at_once_.empty()) {
    const LinkEvent next = std::move(at_once_.front());
    at_once_.pop_front();
    for (const LinkAction& action : link_.Step(next, MonotonicNow())) {
      std::visit([this](const auto& a) { Perform(a); }, action);
    }
  }
}

void AgentProcess::Perform(const Dial& action) { dial_at_ns_ = MonotonicNow() + action.after_ns; }

void AgentProcess::Perform(const SendMessage& action) {
  const absl::Status status = stream_->Send(action.message);
  // What cannot be sent now is sent again on the next stream; what cannot be sent ever is the end.
  if (absl::IsInvalidArgument(status)) at_once_.push_back(Broken{Error(status)});
}

void AgentProcess::Perform(const MakeEngine& action) {
  spdlog::info("preparing plan {}: agent {} of {}", action.prepare.plan().name(),
               action.prepare.assignment().agent() + 1, action.prepare.assignment().weights_size());
  auto engine = Engine::Make(action.prepare, engine_options_);
  if (engine.ok()) {
    engine_ = *std::move(engine);
    engine_->SetLease(lease_until_ns_);
  }
  at_once_.push_back(EngineMade{engine.ok() ? "" : Error(engine.status())});
}

void AgentProcess::Perform(const RunSetup&) {
  engine_->RunSetup([this](absl::StatusOr<std::string> data) {
    Post(data.ok() ? SetupEnded{"", *std::move(data)} : SetupEnded{Error(data.status()), ""});
  });
}

void AgentProcess::Perform(const ArmEngine& action) {
  at_once_.push_back(EngineArmed{Error(engine_->Arm(action.data))});
}

void AgentProcess::Perform(const StartEngine& action) {
  spdlog::info("starting in {} ms", (action.start_ns - MonotonicNow()) / 1'000'000);
  LoadEvents events;
  events.waiting_changed = [this] { WaitingChanged(); };
  events.scenario_ended = [this](const std::string& scenario, uint64_t shares) {
    Post(ScenarioOver{scenario, shares});
  };
  events.lease_over = [this] { Post(LeaseOver{}); };
  engine_->Start(
      action.start_ns, [this](uint64_t shares) { Post(EngineDrained{shares}); }, std::move(events));
}

void AgentProcess::Perform(const TakeShare& action) {
  spdlog::info("taking share {} in {} ms", action.take.number(),
               (action.take.agent_ns() - MonotonicNow()) / 1'000'000);
  const absl::Status taken = engine_->Take(action.take);
  if (!taken.ok()) at_once_.push_back(Broken{Error(taken)});
}

void AgentProcess::Perform(const GiveShare& action) {
  spdlog::info("giving a share of its users away ({})", action.give.number());
  const absl::Status given = engine_->Give(
      action.give.keep(), [this, number = action.give.number()] { Post(EngineGave{number}); });
  if (!given.ok()) at_once_.push_back(Broken{Error(given)});
}

void AgentProcess::Perform(const ChangeLoad& action) {
  const int64_t in_ms = (action.change.agent_ns() - MonotonicNow()) / 1'000'000;
  if (action.change.has_scenario()) {
    spdlog::info("scenario {} has another load in {} ms", action.change.scenario().scenario(),
                 in_ms);
  } else {
    spdlog::info("{} in {} ms", action.change.has_pause() ? "pausing" : "going on", in_ms);
  }
  engine_->Change(action.change);
}

void AgentProcess::Perform(const ExtendLease& action) {
  lease_until_ns_ = action.until_ns;
  if (engine_ != nullptr) engine_->SetLease(lease_until_ns_);
}

void AgentProcess::Perform(const ParkEngine&) {
  spdlog::warn("the controller is not heard of: parked, nothing is loaded until it is");
  engine_->Park();
}

void AgentProcess::Perform(const OpenMeeting& action) { engine_->OpenRendezvous(action.open); }

void AgentProcess::Perform(const BeginScenario& action) {
  spdlog::info("scenario {} starts in {} ms", action.start.scenario(),
               (action.start.agent_ns() - MonotonicNow()) / 1'000'000);
  engine_->StartScenario(action.start);
}

void AgentProcess::Perform(const StopEngine& action) {
  spdlog::info("stopping the load ({})", action.kind == v1::ABORT ? "abort" : "drain");
  engine_->Stop(action.kind);
}

void AgentProcess::Perform(const RunTeardown&) {
  engine_->RunTeardown([this](absl::Status status) { Post(TeardownEnded{Error(status)}); });
}

void AgentProcess::Perform(const TakeDelta& action) {
  at_once_.push_back(DeltaTaken{engine_->TakeDelta(), action.last});
}

void AgentProcess::Perform(const Exit& action) {
  spdlog::log(action.code == 0 ? spdlog::level::info : spdlog::level::err, "ending: {}",
              action.why);
  exit_code_ = action.code;
}

}  // namespace rampart::agent
