// LinkTable: a Link with a test in the place of its shell and of the controller.
#ifndef RAMPART_TESTS_AGENT_LINK_LINK_TABLE_H_
#define RAMPART_TESTS_AGENT_LINK_LINK_TABLE_H_

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "agent/link/link.h"

namespace rampart::agent {

using Kind = v1::AgentMessage::KindCase;

inline constexpr int64_t kMs = 1'000'000;

inline v1::ControllerMessage ATake(uint64_t number) {
  v1::ControllerMessage message;
  v1::TakeShare& take = *message.mutable_take();
  take.set_number(number);
  take.mutable_assignment()->add_weights(1);
  return message;
}

// `actions` are those since the last Clear.
class LinkTable {
 public:
  void Tell(const LinkEvent& event) {
    for (LinkAction& action : link.Step(event, now)) {
      const bool take = std::holds_alternative<TakeDelta>(action);
      const bool last = take && std::get<TakeDelta>(action).last;
      actions.push_back(std::move(action));
      if (take && answer_takes) Tell(DeltaTaken{measured, last});
    }
  }
  void Hear(const v1::ControllerMessage& message) { Tell(Received{message}); }
  void Pass(int64_t ns) {
    now += ns;
    Tell(Tick{});
  }
  // Time passes, and every heartbeat is answered.
  void PassAnswered(int64_t ns) {
    for (const int64_t end = now + ns; now < end;) {
      Pass(200 * kMs);
      const auto sent = Sent();
      if (sent.empty()) continue;
      v1::ControllerMessage reply;
      reply.mutable_heartbeat()->set_number(1'000'000);
      for (const v1::AgentMessage& message : sent) {
        if (message.has_heartbeat())
          reply.mutable_heartbeat()->set_number(message.heartbeat().number());
      }
      Hear(reply);
    }
  }
  void Welcome(uint64_t durable = 0, uint64_t epoch = 9) {
    v1::ControllerMessage message;
    message.mutable_welcome()->set_epoch(epoch);
    message.mutable_welcome()->set_durable_sequence(durable);
    message.mutable_welcome()->mutable_lease()->set_seconds(10);
    Hear(message);
  }
  void Join() {
    Tell(Tick{});
    Tell(Connected{});
    Welcome();
  }
  // Runs, and is then cut off for longer than its lease.
  void ToParked() {
    ToRunning();
    PassAnswered(2 * kSecondNs);
    Tell(Disconnected{"broke"});
    Pass(10 * kSecondNs);
  }
  void Reconnect(uint64_t durable = 0) {
    Tell(Disconnected{"broke"});
    actions.clear();
    Tell(Connected{});
    Welcome(durable);
  }
  void Prepare() {
    v1::ControllerMessage message;
    message.mutable_prepare()->mutable_plan()->set_name("a plan");
    Hear(message);
    Tell(EngineMade{});
  }
  void Setup() {
    v1::ControllerMessage message;
    message.mutable_setup();
    Hear(message);
  }
  void Arm() {
    v1::ControllerMessage message;
    message.mutable_arm()->set_setup_data("{}");
    Hear(message);
    Tell(EngineArmed{});
  }
  void Start(int64_t start_ns) {
    v1::ControllerMessage message;
    message.mutable_start()->set_agent_ns(start_ns);
    Hear(message);
  }
  void Stop(v1::StopKind kind) {
    v1::ControllerMessage message;
    message.mutable_stop()->set_kind(kind);
    Hear(message);
  }
  void Teardown() {
    v1::ControllerMessage message;
    message.mutable_teardown();
    Hear(message);
  }
  void Finish() {
    v1::ControllerMessage message;
    message.mutable_finish();
    Hear(message);
  }
  void Acknowledge(uint64_t sequence) {
    v1::ControllerMessage message;
    message.mutable_heartbeat()->set_durable_sequence(sequence);
    Hear(message);
  }
  void ToRunning() {
    Join();
    Prepare();
    Arm();
    Start(now);
    actions.clear();
  }

  template <typename Action>
  std::vector<Action> All() const {
    std::vector<Action> found;
    for (const LinkAction& action : actions) {
      if (const auto* one = std::get_if<Action>(&action)) found.push_back(*one);
    }
    return found;
  }
  std::vector<v1::AgentMessage> Sent() const {
    std::vector<v1::AgentMessage> found;
    for (const SendMessage& sent : All<SendMessage>()) found.push_back(sent.message);
    return found;
  }
  std::vector<Kind> Kinds() const {
    std::vector<Kind> kinds;
    for (const auto& message : Sent()) kinds.push_back(message.kind_case());
    return kinds;
  }
  std::vector<uint64_t> Deltas() const {
    std::vector<uint64_t> sequences;
    for (const auto& message : Sent()) {
      if (message.has_delta()) sequences.push_back(message.delta().sequence());
    }
    return sequences;
  }
  std::optional<Exit> Exited() const {
    const auto exits = All<Exit>();
    return exits.empty() ? std::nullopt : std::optional(exits.back());
  }

  Link link{LinkOptions{.hello = ([] {
                          v1::Hello hello;
                          hello.set_name("agent-1");
                          hello.set_incarnation(3);
                          return hello;
                        })(),
                        .controller = "127.0.0.1:4711"}};
  int64_t now = 1000 * kSecondNs;
  bool answer_takes = true;
  v1::Delta measured;  // what the engine gives; empty at first
  std::vector<LinkAction> actions;
};

}  // namespace rampart::agent

#endif  // RAMPART_TESTS_AGENT_LINK_LINK_TABLE_H_
