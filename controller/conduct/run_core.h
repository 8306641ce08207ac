// RunCore: a run as the controller sees it, from the first event to the result.
#ifndef RAMPART_CONTROLLER_CONDUCT_RUN_CORE_H_
#define RAMPART_CONTROLLER_CONDUCT_RUN_CORE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/fleet/fleet.h"
#include "controller/fleet/refusals.h"
#include "controller/journal/run_event.h"
#include "controller/run/result.h"
#include "controller/run/run.h"
#include "rampart/v1/control.pb.h"

namespace rampart::controller {

struct RunCoreOptions {
  FleetOptions fleet;
  RunOptions run;
  // One instant on both clocks.
  int64_t begun_ns = 0;
  int64_t begun_unix_ns = 0;
  // Each delta that was merged, in the order of its agent; one that came again comes here again.
  std::function<void(int agent, const v1::Delta& delta)> on_delta = {};
};

// What one event came to.
struct RunStep {
  // Without this event what comes after it would come to something else: it belongs into the
  // journal.
  bool changed = false;
  std::vector<FleetAction> outward;  // SendTo, CloseConnection, Done: in order
  std::vector<DeltaKept> merged;     // to be told, one by one, when they will not be lost
  std::vector<std::string> lines;    // for people
  bool show = false;                 // at once
};

// The fleet's core and the run's together, so that the same events at the same times come to the
// same, whether they happen or are read from a journal. Owned by the controller's shell, used from
// one thread. No clock, no I/O.
class RunCore {
 public:
  explicit RunCore(RunCoreOptions options);

  // `now_ns` never goes back. Changes the event only by what makes it come to the same again.
  RunStep Step(RunEvent* event, int64_t now_ns);

  // What a person asks for, as an event for Step and in words for who asked. An error says to a
  // person why it cannot be done.
  struct Asked {
    RunEvent event;
    std::string done;
  };
  absl::StatusOr<Asked> Ask(const v1::ControlRequest& request, int64_t now_ns) const;

  const FleetOptions& fleet_options() const { return options_.fleet; }
  Phase phase() const { return fleet_.phase(); }
  bool started() const { return start_ns_ != 0; }
  int64_t start_ns() const { return start_ns_; }
  bool done() const { return fleet_.phase() == Phase::kDone; }
  bool reported() const { return reported_; }
  ConnectionId last_connection() const { return last_connection_; }
  std::vector<Launched> launched() const;

  RunProgress Progress(int64_t now_ns) const;
  // After Done, or when there is nothing to wait for any more.
  RunResult Finish() const;

 private:
  void On(FleetEvent& event);
  void On(const Judge&);
  void On(const Interrupt& event);
  void On(const Fail& event);
  void On(const Launched& event);
  void On(const ReportWritten&);

  std::vector<FleetAction> Tell(const FleetEvent& event);
  void Take(std::vector<FleetAction> actions);
  void Do(SendTo& action);
  void Do(CloseConnection& action);
  void Do(Done& action);
  void Do(const JoinRefused& refused);
  void Do(const AgentJoined& joined);
  void Do(const AgentStateChanged& changed);
  void Do(const KeepDelta& keep);
  void Do(const AgentLost& lost);
  void Do(const AgentReturned& returned);
  void Do(const PhaseChanged& changed);
  void Do(const Started& started);
  void Do(const LoadChanged& changed);
  void Do(const ScenarioStarted& started);
  void Do(const RunFailed& failed);
  void Do(const TeardownFailed& failed);

  std::string NameOf(int agent) const;
  Run::Times times() const;

  const RunCoreOptions options_;
  Fleet fleet_;
  Run run_;
  RunStep step_;
  Refusals refusals_;
  std::vector<AgentResult> known_;            // by agent
  std::map<std::string, Launched> launched_;  // by name
  ConnectionId last_connection_ = 0;
  int interrupts_ = 0;
  bool reported_ = false;
  std::vector<int64_t> restarts_unix_ns_;
  double skew_ms_ = 0;
  // On the controller's clock; 0: not yet.
  int64_t now_ns_ = 0;
  int64_t start_ns_ = 0;
  int64_t setup_from_ns_ = 0;
  int64_t setup_to_ns_ = 0;
  int64_t load_to_ns_ = 0;
  int64_t teardown_from_ns_ = 0;
  int64_t teardown_to_ns_ = 0;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_CONDUCT_RUN_CORE_H_
