// Fleet: the controller's end of all streams, as a pure state machine.
#ifndef RAMPART_CONTROLLER_FLEET_FLEET_H_
#define RAMPART_CONTROLLER_FLEET_FLEET_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "controller/fleet/agent_seat.h"
#include "controller/fleet/fleet_event.h"
#include "controller/fleet/plan_demand.h"
#include "controller/fleet/roster.h"
#include "controller/fleet/together/rendezvous_board.h"
#include "controller/fleet/together/scenario_order.h"
#include "rampart/v1/fleet.pb.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

// A share that was dealt out so often is in crumbs.
inline constexpr int kMaxDealings = 8;

inline constexpr int64_t kSecondNs = 1'000'000'000;

// What becomes of the load when an agent is lost.
enum class LossPolicy {
  kAbort,      // the run ends
  kContinue,   // its users are missing from then on
  kRebalance,  // they start again on the agents that are left, where the schedule stands
};

// Nanoseconds. No phase lasts longer than its timeout, so a run always ends.
struct FleetOptions {
  int agents = 1;
  v1::Plan plan;                                                // resolved
  google::protobuf::RepeatedPtrField<v1::PlanFile> files = {};  // that the plan names
  google::protobuf::RepeatedPtrField<v1::Secret> secrets = {};  // that it asks for
  uint64_t seed = 0;
  std::string ca_pem;
  uint64_t epoch = 1;  // of this run; not 0

  int64_t join_timeout_ns = 60 * kSecondNs;   // until all agents are in
  int64_t hello_timeout_ns = 10 * kSecondNs;  // from a stream's begin
  int64_t prepare_timeout_ns = 60 * kSecondNs;
  int64_t setup_timeout_ns = 600 * kSecondNs;
  int64_t arm_timeout_ns = 60 * kSecondNs;
  int64_t clock_timeout_ns = 30 * kSecondNs;
  int64_t start_ahead_ns = 2 * kSecondNs;  // from Start's sending to the start
  // From the sending of OpenRendezvous or StartScenario to its instant, and two round trips more.
  int64_t together_ahead_ns = kSecondNs / 10;
  int64_t overrun_timeout_ns = 60 * kSecondNs;  // of a load beyond its schedule and graceful stop
  int64_t drain_timeout_ns = 15 * kSecondNs;    // beyond the plan's longest graceful stop
  int64_t abort_timeout_ns = 15 * kSecondNs;
  int64_t teardown_timeout_ns = 120 * kSecondNs;
  int64_t finish_timeout_ns = 5 * kSecondNs;

  // Of plans with their files, and of what setup saved, on their way to agents that have not
  // answered yet. One agent is always asked, however much it is.
  size_t unanswered_bytes = size_t{128} << 20;

  int64_t suspect_after_ns = 3 * kSecondNs;  // of silence
  int64_t lost_after_ns = 11 * kSecondNs;
  int64_t lease_ns = 10 * kSecondNs;  // less than lost_after_ns
  int64_t most_pause_ns = 3'600 * kSecondNs;
  // From the sending of a change of the load to its instant.
  int64_t change_ahead_ns = kSecondNs / 5;
  // What an agent past its lease may still have in flight: agent::Engine::kCancelNs.
  int64_t cut_ns = 2 * kSecondNs;

  LossPolicy loss_policy = LossPolicy::kRebalance;
  int least_agents = 1;  // fewer cannot go on
  // From the sending of Take to its instant, and over which the users that it brings start.
  int64_t take_ahead_ns = kSecondNs / 5;
  int64_t take_spread_ns = 2 * kSecondNs;
};

// The order of the messages: Hello -> Welcome or Refused; when all are in, Prepare -> Ready;
// Setup -> SetupDone on one agent, if the plan has a setup; Arm -> Armed; Ping -> Pong for the
// clocks; Start; Delta and Heartbeat -> HeartbeatReply meanwhile, Waiting of enough
// users -> OpenRendezvous, ScenarioEnded of all agents -> StartScenario; Drained;
// Teardown -> TeardownDone on one agent; Finish -> Goodbye. Stop comes between Start and Drained.
//
// An agent that dials again with the same incarnation keeps its seat: it is sent again what it has
// not answered, and both ends take what comes twice for once. A stop before Start goes straight to
// Finish.
//
// An agent that was silent for suspect_after_ns is suspected; for lost_after_ns, or whose process
// ended, or that broke the order, it is lost. Before Start that ends the run. Later the policy says
// what becomes of its shares; with kRebalance they are dealt out to the others by weight, each
// entered where the schedule stands. That is not before the lost one can have ended: when its
// process was seen to end, or its lease and what it may have in flight are over since it was last
// heard. So no user is on two agents at once. One that was only silent may return: it has parked,
// and what it measured before counts. One that says goodbye has ended its users, and its shares are
// dealt at once.
//
// While the load runs it may be changed (fleet_changes.cc), and agents may join (fleet_joins.cc):
// who comes late is prepared, armed and started as the others were, and then has its part of what
// they load, which each of them gives away first: GiveShare -> Given, TakeShare. What a lost agent
// had and nobody has now, it takes instead. So does one that returns and has nothing any more.
//
// What is large (a plan with its files, what setup saved) goes to a few agents at a time, in the
// order of their numbers: see unanswered_bytes. A phase's timeout begins anew with each of them.
//
// Owned by the shell that performs the actions, used from one thread. No clock, no I/O.
class Fleet {
 public:
  explicit Fleet(FleetOptions options);

  // `now_ns` never goes back. The first step begins the run.
  std::vector<FleetAction> Step(const FleetEvent& event, int64_t now_ns);

  Phase phase() const { return phase_; }
  // Of the plan and its files.
  uint64_t plan_hash() const { return plan_hash_; }
  // Whether the load may be changed so now; an error says to a person why not.
  absl::Status MayChange(const v1::ChangeLoad& change) const;
  // The instant that a change which is asked for now would have.
  int64_t NextChangeNs(int64_t now_ns) const;
  bool paused() const { return paused_; }
  // For the view while agents join.
  int joined() const { return static_cast<int>(roster_.seats().size()); }
  // When each seat was heard last: see Tick.
  std::vector<int64_t> heard_ns() const;

 private:
  void On(const Connected& event);
  void On(const Received& event);
  void On(const Disconnected& event);
  void On(const ProcessExited& event);
  void On(const DeltaKept& event);
  void On(const DeltaRefused& event);
  void On(const StopRequested& event);
  void On(const LoadChangeAsked& event);  // fleet_changes.cc
  void On(const Tick& event);
  // fleet_restart.cc
  void On(const JournalLost& event);
  void On(const Restarted&);

  // What a seat says.
  void OnHello(ConnectionId connection, const v1::Hello& hello);
  void OnMessage(AgentSeat& seat, const std::shared_ptr<const v1::AgentMessage>& said);
  void OnReady(AgentSeat& seat, const v1::Ready& ready);
  void OnSetupDone(AgentSeat& seat, const v1::SetupDone& done);
  void OnArmed(AgentSeat& seat, const v1::Armed& armed);
  void OnPong(AgentSeat& seat, const v1::Pong& pong);
  void OnHeartbeat(AgentSeat& seat, const v1::Heartbeat& heartbeat);
  void OnDelta(AgentSeat& seat, std::shared_ptr<const v1::Delta> delta);
  void OnDrained(AgentSeat& seat, const v1::Drained& drained);
  void OnTeardownDone(AgentSeat& seat, const v1::TeardownDone& done);
  void OnGoodbye(AgentSeat& seat, const v1::Goodbye& goodbye);

  // fleet_together.cc
  void OnWaiting(AgentSeat& seat, const v1::Waiting& waiting);
  void OnScenarioEnded(AgentSeat& seat, const v1::ScenarioEnded& ended);
  // Opens and starts what all that it takes are there for.
  void Bring();
  void RemindTogether(const AgentSeat& seat);
  void SendOpening(const AgentSeat& seat, const Opening& opening);
  void SendScenarioStart(const AgentSeat& seat, const ScenarioStart& start);

  // fleet_losses.cc
  // `out_ns`: from when on it certainly loads nothing.
  void Survive(AgentSeat& seat, int64_t out_ns, const std::string& why);
  void Hold(AgentSeat& seat, v1::Assignment share, int64_t at_ns);
  void SendTake(const AgentSeat& seat, const HeldShare& holding);
  // What it may not have heard of, in the order of the numbers.
  void RemindShares(const AgentSeat& seat);
  void OnReturn(AgentSeat& seat, const v1::Hello& hello);
  // All that it holds.
  static std::vector<v1::Assignment> TakeAway(AgentSeat& from);
  // Deals them over `heirs`, each from `at_ns` on.
  void DealOut(const std::vector<v1::Assignment>& shares, const std::vector<AgentSeat*>& heirs,
               int64_t at_ns);
  std::vector<AgentSeat*> Heirs();  // those that load

  // fleet_changes.cc
  void SendChange(const AgentSeat& seat, const v1::ChangeLoad& change);
  void EndPause(int64_t at_ns);

  // fleet_joins.cc
  absl::Status MayJoinLate() const;
  void JoinLate(AgentSeat& seat);
  void RemindLate(AgentSeat& seat);
  // It has joined while the load runs, and has no part in it yet.
  bool IsJoining(const AgentSeat& seat) const {
    return phase_ == Phase::kRunning && seat.late && !seat.started;
  }
  void StartLate(AgentSeat& seat);
  // It has nothing, or less than its part.
  void ShareWith(AgentSeat& seat);
  void OnGiven(AgentSeat& seat, const v1::Given& given);
  // What the seat has to give up to that number is nobody's from `at_ns` on.
  void Release(AgentSeat& from, uint64_t number, int64_t at_ns);
  void SendGive(const AgentSeat& seat, const GivenShare& give);
  // When one that was last heard of at `heard_ns` has certainly ended.
  int64_t SilentOut(int64_t heard_ns) const {
    return heard_ns + options_.lease_ns + options_.cut_ns;
  }

  // Goes on to the next phase when this one has what it waits for.
  void Advance();
  void Enter(Phase phase, int64_t timeout_ns);
  void OnTimeout();
  void Prepare();
  void Setup();
  void Arm();
  void MeasureClocks();
  void Start();
  void Drain(const std::string& why);
  void Abort(const std::string& why);
  void Teardown();
  void Finish();
  void End();

  // Says again what the seat's agent has not answered yet.
  void Remind(AgentSeat& seat);
  // Asks as many agents to prepare, or to arm, as there is room for.
  void AskMore();
  v1::ControllerMessage PrepareOf(const AgentSeat& seat) const;
  v1::Assignment AssignmentOf(const AgentSeat& seat) const;  // when all are in
  static uint32_t WeightOf(const AgentSeat& seat);
  void SendPing(AgentSeat& seat);
  void SendStart(AgentSeat& seat);
  void SendStop(AgentSeat& seat);

  void Lose(AgentSeat& seat, const std::string& why) { Lose(seat, why, SilentOut(seat.heard_ns)); }
  void Lose(AgentSeat& seat, const std::string& why, int64_t out_ns);
  void LoseForNonsense(AgentSeat& seat);
  // It said that it cannot: the run cannot go on, or, where it came late, goes on without it.
  void CannotTakePart(AgentSeat& seat, const std::string& why);
  void FailRun(const std::string& why);
  void FailTeardown(const std::string& why);
  void SetState(const AgentSeat& seat, std::string_view state);
  void Send(const AgentSeat& seat, v1::ControllerMessage message);
  void Refuse(ConnectionId connection, const std::string& why, const std::string& who = "");
  void Hang(AgentSeat& seat);                                          // ends its stream
  bool All(const std::function<bool(const AgentSeat&)>& holds) const;  // of the live ones
  // `agent-1, agent-3`: the live ones for whom it does not hold.
  std::string Names(const std::function<bool(const AgentSeat&)>& holds) const;

  const FleetOptions options_;
  const uint64_t plan_hash_;
  PlanDemand demand_;
  std::string plan_fault_;  // why the plan asks for nothing that can be run
  Roster roster_;

  int64_t now_ns_ = 0;
  std::vector<FleetAction> actions_;
  bool begun_ = false;
  Phase phase_ = Phase::kJoining;
  int64_t deadline_ns_ = 0;  // of the phase
  bool announced_ = false;   // AgentJoined was said
  size_t ask_bytes_ = 0;     // of what an agent is asked in this phase
  std::vector<uint32_t> weights_;
  std::string setup_data_;
  bool setup_done_ = false;
  int64_t start_ns_ = 0;
  int64_t ahead_ns_ = 0;                 // of openings and scenarios' starts
  std::vector<v1::ChangeLoad> changes_;  // their instants on the controller's clock
  bool paused_ = false;
  int64_t paused_ns_ = 0;       // since when
  int64_t after_pause_ns_ = 0;  // that the phase has left then
  // From Start on.
  std::optional<RendezvousBoard> board_;
  std::optional<ScenarioOrder> order_;
  v1::Stop stop_;
  AgentSeat* tearing_down_ = nullptr;
  bool teardown_done_ = false;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_FLEET_H_
