// What the Link is told, and what it asks for. Plain values; times are nanoseconds on the agent's
// monotonic clock.
#ifndef RAMPART_AGENT_LINK_LINK_EVENT_H_
#define RAMPART_AGENT_LINK_LINK_EVENT_H_

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "rampart/v1/fleet.pb.h"

namespace rampart::agent {

// ---- Events ----

// The dialled stream is open.
struct Connected {};
struct Received {
  v1::ControllerMessage message;
};
// It ended, or could not be opened.
struct Disconnected {
  std::string why;
};
// Answers to MakeEngine, RunSetup, ArmEngine, StartEngine, RunTeardown; no error is an empty one.
struct EngineMade {
  std::string error;
};
struct SetupEnded {
  std::string error;
  std::string data;  // JSON
};
struct EngineArmed {
  std::string error;
};
// All that it loaded has ended: of so many shares, the first and one for each TakeShare.
struct EngineDrained {
  uint64_t shares = 1;
};
// Of every rendezvous, for its current opening. When it changes, and not oftener than the stream
// can bear.
struct UsersWait {
  std::vector<v1::Waiting> all;
};
// What GiveShare of that number was for has ended.
struct EngineGave {
  uint64_t number;
};
// Of so many shares, as EngineDrained.
struct ScenarioOver {
  std::string scenario;
  uint64_t shares = 1;
};
// The engine saw that the lease is over, and has ended what it loaded.
struct LeaseOver {};
struct TeardownEnded {
  std::string error;
};
// To TakeDelta, whose `last` it repeats.
struct DeltaTaken {
  v1::Delta delta;
  bool last;
};
// Somebody wants the process to end.
struct SignalTerm {};
// The shell cannot go on.
struct Broken {
  std::string why;
};
// Time passes. At least a few times a second.
struct Tick {};

using LinkEvent = std::variant<Connected, Received, Disconnected, EngineMade, SetupEnded,
                               EngineArmed, EngineDrained, EngineGave, UsersWait, ScenarioOver,
                               LeaseOver, TeardownEnded, DeltaTaken, SignalTerm, Broken, Tick>;

// ---- Actions ----

// Drops the stream that there may be and opens one, after a while.
struct Dial {
  int64_t after_ns;
};
struct SendMessage {
  v1::AgentMessage message;
};
struct MakeEngine {
  v1::Prepare prepare;
};
struct RunSetup {};
struct ArmEngine {
  std::string data;
};
struct StartEngine {
  int64_t start_ns;
};
// Of the running load.
struct OpenMeeting {
  v1::OpenRendezvous open;
};
struct BeginScenario {
  v1::StartScenario start;
};
struct TakeShare {
  v1::TakeShare take;
};
// To be answered with EngineGave.
struct GiveShare {
  v1::GiveShare give;
};
struct ChangeLoad {
  v1::ChangeLoad change;
};
// Ends what is loaded now, to be answered with EngineDrained; more may be taken later.
struct ParkEngine {};
// Nothing is loaded from this instant on.
struct ExtendLease {
  int64_t until_ns;
};
struct StopEngine {
  v1::StopKind kind;
};
struct RunTeardown {};
struct TakeDelta {
  bool last;  // before the load, setup or teardown that ended is reported
};
// The last action: ends the process, after what was sent before.
struct Exit {
  int code;
  std::string why;
};

using LinkAction = std::variant<Dial, SendMessage, MakeEngine, RunSetup, ArmEngine, StartEngine,
                                OpenMeeting, BeginScenario, TakeShare, GiveShare, ChangeLoad,
                                ParkEngine, ExtendLease, StopEngine, RunTeardown, TakeDelta, Exit>;

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_LINK_LINK_EVENT_H_
