// FleetTable: a Fleet with a test in the place of its shell and of its agents.
#ifndef RAMPART_TESTS_CONTROLLER_FLEET_FLEET_TABLE_H_
#define RAMPART_TESTS_CONTROLLER_FLEET_FLEET_TABLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "common/plan/load_plan.h"
#include "controller/fleet/fleet.h"
#include "gtest/gtest.h"

namespace rampart::controller {

using Kind = v1::ControllerMessage::KindCase;

inline v1::Plan APlan(int64_t users = 10) {
  v1::Plan plan;
  plan.set_name("a plan");
  plan.add_setup();
  plan.add_teardown();
  auto& load = *plan.add_scenarios()->mutable_load()->mutable_constant_users();
  load.set_users(users);
  load.mutable_duration()->set_seconds(20);
  return plan;
}

inline FleetOptions Options(v1::Plan plan = APlan(), int agents = 2) {
  FleetOptions options;
  options.agents = agents;
  options.plan = std::move(plan);
  options.epoch = 77;
  options.seed = 5;
  options.loss_policy = LossPolicy::kAbort;
  return options;
}

inline v1::Hello Hello(int agent, uint64_t capacity = 100) {
  v1::Hello hello;
  hello.set_protocol(v1::PROTOCOL_VERSION);
  hello.set_name("agent-" + std::to_string(agent));
  hello.set_incarnation(1000 + static_cast<uint64_t>(agent));
  hello.set_capacity(capacity);
  return hello;
}

// A Fleet whose agents say what a test lets them say. Agent n dials connection n.
class FleetTable {
 public:
  explicit FleetTable(FleetOptions options = Options())
      : fleet(options), agents_(options.agents), hash_(PlanHash(options.plan, options.files)) {}

  void Tell(const FleetEvent& event) {
    for (FleetAction& action : fleet.Step(event, now)) actions.push_back(std::move(action));
  }
  void Say(ConnectionId connection, const v1::AgentMessage& message) {
    Tell(Received{connection, std::make_shared<v1::AgentMessage>(message)});
  }
  void Dial(ConnectionId connection, const v1::Hello& hello) {
    Tell(Connected{connection, "peer"});
    v1::AgentMessage message;
    *message.mutable_hello() = hello;
    Say(connection, message);
  }
  void Ready(ConnectionId connection) {
    v1::AgentMessage message;
    message.mutable_ready()->set_plan_hash(hash_);
    Say(connection, message);
  }
  void SetupDone(ConnectionId connection) {
    v1::AgentMessage message;
    message.mutable_setup_done()->set_data("{\"x\":1}");
    Say(connection, message);
  }
  void Armed(ConnectionId connection) {
    v1::AgentMessage message;
    message.mutable_armed();
    Say(connection, message);
  }
  // Answers every ping that was sent, on a clock that is 1000 s ahead, after 2 ms.
  void Pongs() {
    for (size_t i = 0; i < actions.size(); ++i) {
      const auto* sent = std::get_if<SendTo>(&actions[i]);
      if (sent == nullptr || !sent->message.has_ping()) continue;
      v1::AgentMessage message;
      message.mutable_pong()->set_controller_ns(sent->message.ping().controller_ns());
      message.mutable_pong()->set_agent_ns(now + 1'000'000 + 1000 * kSecondNs);
      now += 2'000'000;
      Say(sent->connection, message);
    }
  }
  void Delta(ConnectionId connection, uint64_t sequence) {
    v1::AgentMessage message;
    message.mutable_heartbeat()->set_number(sequence);
    message.mutable_delta()->set_sequence(sequence);
    Say(connection, message);
  }
  void Drained(ConnectionId connection, uint64_t last, uint64_t takes = 0) {
    v1::AgentMessage message;
    message.mutable_drained()->set_last_sequence(last);
    message.mutable_drained()->set_takes(takes);
    Say(connection, message);
  }
  void TeardownDone(ConnectionId connection, uint64_t last, const std::string& error = "") {
    v1::AgentMessage message;
    message.mutable_teardown_done()->set_last_sequence(last);
    message.mutable_teardown_done()->set_error(error);
    Say(connection, message);
  }
  void Goodbye(ConnectionId connection, const std::string& why = "bye", uint64_t last = 0) {
    v1::AgentMessage message;
    message.mutable_goodbye()->set_why(why);
    message.mutable_goodbye()->set_last_sequence(last);
    Say(connection, message);
  }
  void Heartbeat(ConnectionId connection) {
    v1::AgentMessage message;
    message.mutable_heartbeat()->set_number(1);
    Say(connection, message);
  }
  void Pass(int64_t ns) {
    now += ns;
    Tell(Tick{});
  }
  // Time passes, and every agent is heard of, but for those.
  void PassWithout(int64_t ns, ConnectionId silent = 0) {
    for (const int64_t end = now + ns; now < end;) {
      now += kSecondNs;
      for (int i = 1; i <= agents_; ++i) {
        if (static_cast<ConnectionId>(i) != silent) Heartbeat(static_cast<ConnectionId>(i));
      }
      Tell(Tick{});
    }
  }

  // As far as that, with nothing amiss; then forgets what was done.
  void To(Phase phase) {
    const auto all = [this](auto what) {
      for (int i = 1; i <= agents_; ++i) what(static_cast<ConnectionId>(i));
    };
    Tell(Tick{});
    if (phase >= Phase::kPreparing) all([this](auto c) { Dial(c, Hello(static_cast<int>(c))); });
    if (phase >= Phase::kSetup) all([this](auto c) { Ready(c); });
    if (phase >= Phase::kArming) SetupDone(1);
    if (phase >= Phase::kArmed) all([this](auto c) { Armed(c); });
    if (phase >= Phase::kRunning) Pongs();
    if (phase == Phase::kDraining) Tell(StopRequested{v1::DRAIN, "enough"});
    if (phase == Phase::kAborting) Tell(StopRequested{v1::ABORT, "at once"});
    if (phase >= Phase::kTeardown) all([this](auto c) { Drained(c, 0); });
    if (phase >= Phase::kFinalising) TeardownDone(1, 0);
    ASSERT_EQ(fleet.phase(), phase);
    actions.clear();
  }

  // Of what was done since the last To.
  template <typename Action>
  std::vector<Action> All() const {
    std::vector<Action> found;
    for (const FleetAction& action : actions) {
      if (const auto* one = std::get_if<Action>(&action)) found.push_back(*one);
    }
    return found;
  }
  std::vector<v1::ControllerMessage> To(ConnectionId connection) const {
    std::vector<v1::ControllerMessage> found;
    for (const SendTo& sent : All<SendTo>()) {
      if (sent.connection == connection) found.push_back(sent.message);
    }
    return found;
  }
  std::vector<v1::TakeShare> TakesTo(ConnectionId connection) const {
    std::vector<v1::TakeShare> takes;
    for (const auto& message : To(connection)) {
      if (message.has_take()) takes.push_back(message.take());
    }
    return takes;
  }
  std::vector<Kind> KindsTo(ConnectionId connection) const {
    std::vector<Kind> kinds;
    for (const auto& message : To(connection)) kinds.push_back(message.kind_case());
    return kinds;
  }
  std::vector<std::string> Failures() const {
    std::vector<std::string> whys;
    for (const RunFailed& failed : All<RunFailed>()) whys.push_back(failed.why);
    return whys;
  }

  Fleet fleet;
  int64_t now = kSecondNs;
  std::vector<FleetAction> actions;

 private:
  const int agents_;
  const uint64_t hash_;
};

inline std::string WhyRefused(const FleetTable& table, ConnectionId connection) {
  const auto sent = table.To(connection);
  return sent.empty() || !sent.back().has_refused() ? "" : sent.back().refused().why();
}

}  // namespace rampart::controller

#endif  // RAMPART_TESTS_CONTROLLER_FLEET_FLEET_TABLE_H_
