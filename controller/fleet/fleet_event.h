// What the Fleet is told, and what it asks for. Plain values; times are nanoseconds on the
// controller's monotonic clock.
#ifndef RAMPART_CONTROLLER_FLEET_FLEET_EVENT_H_
#define RAMPART_CONTROLLER_FLEET_FLEET_EVENT_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "rampart/v1/fleet.pb.h"

namespace rampart::controller {

// One stream of one agent. Never used twice; 0 is none.
using ConnectionId = uint64_t;

enum class Phase {
  kJoining,     // until every agent has said Hello
  kPreparing,   // every agent compiles the plan
  kSetup,       // one agent runs the plan's setup
  kArming,      // every agent gets what setup saved
  kArmed,       // the agents' clocks are estimated
  kRunning,     // from the moment that Start was sent
  kDraining,    // asked to end; running iterations have their graceful stop
  kAborting,    // asked to end now
  kTeardown,    // one agent runs the plan's teardown
  kFinalising,  // everything is in; the agents say goodbye
  kDone,
};

// For people: `running`.
std::string_view PhaseName(Phase phase);

// ---- Events ----

struct Connected {
  ConnectionId connection;
  std::string peer;
};
// Shared, as a delta goes from the stream to where it is merged without a copy.
struct Received {
  ConnectionId connection;
  std::shared_ptr<const v1::AgentMessage> message;
};
struct Disconnected {
  ConnectionId connection;
  std::string why;
};
// Seen by the launcher.
struct ProcessExited {
  std::string agent;      // its name
  std::string how;        // `exit status 1`, `killed by SIGKILL`
  bool in_order = false;  // it said goodbye before, though that may not have been read yet
};
// A process that the controller started for an agent; with when it began it is told from others
// that had or will have its number.
struct Launched {
  std::string name;
  int64_t pid = 0;
  uint64_t started = 0;  // see ProcessStart
};
// The delta that KeepDelta gave is where it will not be lost.
struct DeltaKept {
  int agent;
  uint64_t sequence;
};
// It contradicts itself, or could not be kept: the agent is lost.
struct DeltaRefused {
  int agent;
  std::string why;
};
// An interrupt, a threshold's abort.
struct StopRequested {
  v1::StopKind kind;
  std::string why;
};
// The load is to go on differently. See Fleet::MayChange; otherwise it changes nothing.
struct LoadChangeAsked {
  // Its instant is on the controller's clock, from Fleet::NextChangeNs; the Fleet numbers it.
  v1::ChangeLoad change;
  std::string what;  // for people: `paused`
};
// Time passes. At least a few times a second.
struct Tick {
  // When it happens again, from the journal, which has no heartbeats: when each seat was heard
  // last.
  std::vector<int64_t> heard_ns = {};
};
// What was given is kept no more: it counts as it is, and the run cannot go on.
struct JournalLost {
  std::string why;
};
// The controller ended and is here again, with all that was given kept: every stream has ended.
struct Restarted {
  int64_t unix_ns;  // a label
};

using FleetEvent =
    std::variant<Connected, Received, Disconnected, ProcessExited, DeltaKept, DeltaRefused,
                 StopRequested, LoadChangeAsked, Tick, JournalLost, Restarted>;

// ---- Actions ----

struct SendTo {
  ConnectionId connection;
  v1::ControllerMessage message;
};
// After what was sent to it before.
struct CloseConnection {
  ConnectionId connection;
};
// Somebody came for the agents' stream and was not let in.
struct JoinRefused {
  std::string who;  // as its Hello says; empty without one
  std::string why;
};
// Once an agent, in order of the index, when all are in: only then are the shares known.
struct AgentJoined {
  int agent;  // index into the assignment's weights
  v1::Hello hello;
  double share;       // of all users, 0..1; 0 for one that came late
  bool late = false;  // while the load ran
};
struct AgentStateChanged {
  int agent;
  std::string state;  // for people
};
// To be answered with DeltaKept or DeltaRefused. Of one agent: 1, 2, 3, ... with no gap.
struct KeepDelta {
  int agent;
  std::shared_ptr<const v1::Delta> delta;
};
// From now on nothing is known of it. With a RunFailed, when the run cannot go on without it.
struct AgentLost {
  int agent;
  std::string why;
  int64_t
      out_ns;  // from then on it certainly loads nothing; INT64_MIN: all that it measured is kept
};
// It was lost and is there again, with all that it measured.
struct AgentReturned {
  int agent;
};
struct PhaseChanged {
  Phase phase;
};
struct Started {
  int64_t start_ns;
  // By agent: how far its start may be from start_ns, as far as its clock is known.
  std::vector<double> skew_ms;
};
struct LoadChanged {
  v1::ChangeLoad change;  // its instant on the controller's clock
  std::string what;
};
// One that starts after another, once that is known.
struct ScenarioStarted {
  std::string scenario;
  int64_t start_ns;
};
// From here the run is INVALID. May come several times, for several reasons.
struct RunFailed {
  std::string why;
};
struct TeardownFailed {
  std::string why;
};
// The last action.
struct Done {};

using FleetAction =
    std::variant<SendTo, CloseConnection, JoinRefused, AgentJoined, AgentStateChanged, KeepDelta,
                 AgentLost, AgentReturned, PhaseChanged, Started, LoadChanged, ScenarioStarted,
                 RunFailed, TeardownFailed, Done>;

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_FLEET_EVENT_H_
