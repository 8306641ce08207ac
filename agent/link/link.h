// Link: the agent's end of the stream, as a pure state machine.
#ifndef RAMPART_AGENT_LINK_LINK_H_
#define RAMPART_AGENT_LINK_LINK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "agent/link/lease.h"
#include "agent/link/link_event.h"
#include "agent/link/resend_buffer.h"
#include "rampart/v1/fleet.pb.h"

namespace rampart::agent {

inline constexpr int64_t kSecondNs = 1'000'000'000;

struct LinkOptions {
  v1::Hello hello;         // who this agent is; the Link fills in the protocol, sequence and epoch
  std::string controller;  // HOST:PORT, for messages
};

// Dials until the controller lets it in, then does what it is told: makes the engine, runs setup,
// starts, stops, and reports. Dials again when the stream breaks, and sends again what was not
// acknowledged or may not have come; what it is told twice it does once.
//
// Loads the target only within its lease. Past it, it parks: the load is cut, it dials on, says so
// in its next Hello, and loads again what it is then told to take. Who has nothing to load yet, or
// is past its lease for kOrphanNs, ends.
//
// Owned by the shell that performs the actions, used from one thread. No clock, no I/O.
class Link {
 public:
  static constexpr int64_t kDialFirstNs = kSecondNs / 5;  // doubled up to kDialMostNs
  static constexpr int64_t kDialMostNs = kSecondNs;
  static constexpr int64_t kWelcomeNs = 10 * kSecondNs;  // from dialling to the Welcome
  static constexpr int64_t kJoinNs = 60 * kSecondNs;     // from the begin to the first Welcome
  static constexpr int64_t kDeltaEveryNs = kSecondNs;
  // A delta brings one. Longer than from delta to delta, so that of its own none is sent meanwhile.
  static constexpr int64_t kHeartbeatEveryNs = kDeltaEveryNs + kSecondNs / 4;
  static constexpr int64_t kOrphanNs = 60 * kSecondNs;     // from parking to giving up
  static constexpr int64_t kTermDrainNs = 15 * kSecondNs;  // from SIGTERM to an abort
  static constexpr int64_t kTermLeaveNs = 5 * kSecondNs;   // for the last acknowledgement after it
  static constexpr int64_t kTermAskEveryNs = kSecondNs / 5;  // for it, by a heartbeat

  explicit Link(LinkOptions options) : options_(std::move(options)) {}

  // `now_ns` never goes back. The first step dials.
  std::vector<LinkAction> Step(const LinkEvent& event, int64_t now_ns);

 private:
  enum class Stream { kDialling, kGreeting, kJoined };
  enum class Work {
    kIdle,
    kMaking,
    kMade,  // also after setup
    kSetup,
    kArming,
    kArmed,
    kRunning,  // until drained
    kDrained,  // also after teardown
    kTeardown,
  };

  void On(const Connected&);
  void On(const Received& event);
  void On(const Disconnected& event);
  void On(const EngineMade& event);
  void On(const SetupEnded& event);
  void On(const EngineArmed& event);
  void On(const EngineDrained&);
  void On(const EngineGave& event);
  void On(const UsersWait& event);
  void On(const ScenarioOver& event);
  void On(const LeaseOver&);
  void On(const TeardownEnded& event);
  void On(const DeltaTaken& event);
  void On(const SignalTerm&);
  void On(const Broken& event);
  void On(const Tick& event);

  void OnWelcome(const v1::Welcome& welcome);
  void OnPrepare(const v1::Prepare& prepare);
  void OnStart(const v1::Start& start);
  void OnTake(const v1::TakeShare& take);
  void OnGive(const v1::GiveShare& give);
  void OnChange(const v1::ChangeLoad& change);
  void DoHeldBack();
  void SendGiven();
  void Park();
  void OnOpenRendezvous(const v1::OpenRendezvous& open);
  void OnStartScenario(const v1::StartScenario& start);
  void SendWaiting(const v1::Waiting& waiting);
  void SendScenarioEnded(const std::string& scenario);

  void DialAfter(int64_t after_ns);
  void Send(v1::AgentMessage message);
  void SendDelta(const v1::Delta& delta);
  void AddHeartbeat(v1::AgentMessage* message);
  // Sends it, again after every reconnect until there is a next one: the controller asks for
  // nothing more before it has the answer.
  void Answer(v1::AgentMessage answer);
  // Like Answer, after everything that was measured up to now.
  void AnswerAfterLastDelta(v1::AgentMessage answer);
  void StopLoad(v1::StopKind kind);
  bool loading() const;
  bool open_to_more() const;  // the load may still be told something
  void CheckLeaving();
  void Leave(int code, const std::string& why);  // says goodbye
  void End(int code, const std::string& why);

  LinkOptions options_;
  int64_t now_ns_ = 0;
  std::vector<LinkAction> actions_;
  bool begun_ = false;
  bool ended_ = false;
  int64_t begun_ns_ = 0;

  Stream stream_ = Stream::kDialling;
  std::string why_down_;  // the last stream ended
  int64_t backoff_ns_ = kDialFirstNs;
  int64_t welcome_by_ns_ = 0;
  int64_t hello_ns_ = 0;  // when it was sent
  uint64_t epoch_ = 0;    // 0 before the first Welcome
  Lease lease_;
  int64_t next_heartbeat_ns_ = 0;

  Work work_ = Work::kIdle;
  uint64_t plan_hash_ = 0;
  bool setup_ran_ = false;
  bool teardown_ran_ = false;
  uint64_t taken_ = 0;    // the last number of a TakeShare or GiveShare that was heard of
  uint64_t given_ = 0;    // the last number of a GiveShare whose users have ended
  uint64_t changed_ = 0;  // the last number of a ChangeLoad that was heard of
  uint64_t shares_ = 0;   // that the engine was given
  bool parked_ = false;
  bool cutting_ = false;  // parked, and what was loaded has not ended yet
  // Takes and gives, until it has.
  std::vector<v1::ControllerMessage> held_back_;
  std::optional<v1::StopKind> stopping_;
  ResendBuffer unacknowledged_;
  int64_t next_delta_ns_ = 0;
  std::optional<v1::AgentMessage> answer_;       // the last one
  std::optional<v1::AgentMessage> after_delta_;  // waits for the last delta

  // Of the running load, to be said again on a new stream.
  std::map<std::string, v1::Waiting> waiting_;  // by rendezvous: for the current opening
  std::vector<std::string> scenarios_ended_;
  std::set<std::string> scenarios_begun_;  // of those that wait for others

  bool leaving_ = false;  // after SIGTERM
  int64_t leave_by_ns_ = 0;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_LINK_LINK_H_
