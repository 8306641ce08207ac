// What a Fleet does when the load is to go on differently.
#include <algorithm>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/load/load_change.h"
#include "common/load/share.h"
#include "common/plan/rendezvous.h"
#include "controller/fleet/fleet.h"

namespace rampart::controller {
namespace {

// Each agent is told all of them on every new stream.
constexpr size_t kMaxChanges = 1'000;
// Between two of them, so that their order is that of their instants.
constexpr int64_t kChangesApartNs = 1'000'000;

}  // namespace

absl::Status Fleet::MayChange(const v1::ChangeLoad& change) const {
  if (phase_ != Phase::kRunning) {
    return absl::FailedPreconditionError(absl::StrCat("the run is ", std::string(PhaseName(phase_)),
                                                      ": only a running load can be changed"));
  }
  if (now_ns_ < start_ns_) {
    return absl::FailedPreconditionError("the load has not started yet");
  }
  if (changes_.size() >= kMaxChanges) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the load was changed ", kMaxChanges, " times, and no more are allowed"));
  }
  if (change.has_pause() && paused_) return absl::FailedPreconditionError("it is paused already");
  if (change.has_resume() && !paused_) return absl::FailedPreconditionError("it is not paused");
  if (!change.has_scenario()) return absl::OkStatus();

  const std::string& name = change.scenario().scenario();
  for (const PlannedRendezvous& one : RendezvousOf(options_.plan)) {
    for (const int scenario : one.scenarios) {
      if (options_.plan.scenarios(scenario).name() != name) continue;
      return absl::FailedPreconditionError(
          absl::StrCat("the users of ", name, " meet at the rendezvous ", one.name,
                       ", which waits for as many as the plan has"));
    }
  }
  uint64_t capacity = 0;
  for (const AgentSeat& seat : roster_.seats()) {
    if (seat.live() && seat.started) capacity += weights_[static_cast<size_t>(seat.index)];
  }
  int64_t users = 0;
  for (const v1::Scenario& scenario : options_.plan.scenarios()) {
    const v1::Load* load = &scenario.load();
    for (const v1::ChangeLoad& earlier : changes_) {
      if (earlier.scenario().scenario() == scenario.name()) load = &earlier.scenario().load();
    }
    if (scenario.name() == name) load = &change.scenario().load();
    users += MostUsers(*load);
  }
  if (static_cast<uint64_t>(users) > capacity) {
    return absl::FailedPreconditionError(absl::StrCat("that would be up to ", users,
                                                      " users, and the agents can hold ", capacity,
                                                      ": start another agent first"));
  }
  return absl::OkStatus();
}

int64_t Fleet::NextChangeNs(int64_t now_ns) const {
  const int64_t soonest_ns = now_ns + options_.change_ahead_ns;
  if (changes_.empty()) return soonest_ns;
  return std::max(soonest_ns, changes_.back().agent_ns() + kChangesApartNs);
}

void Fleet::On(const LoadChangeAsked& event) {
  if (!MayChange(event.change).ok()) return;
  v1::ChangeLoad& change = changes_.emplace_back(event.change);
  change.set_number(changes_.size());
  const int64_t at_ns = change.agent_ns();
  if (change.has_pause()) {
    paused_ = true;
    paused_ns_ = at_ns;
    after_pause_ns_ = deadline_ns_ - at_ns;
    deadline_ns_ = at_ns + options_.most_pause_ns;
  } else if (change.has_resume()) {
    EndPause(at_ns);
  }
  for (const AgentSeat& seat : roster_.seats()) SendChange(seat, change);
  actions_.emplace_back(LoadChanged{change, event.what});
}

// As every engine does with its shares.
void Fleet::EndPause(int64_t at_ns) {
  paused_ = false;
  deadline_ns_ = at_ns + after_pause_ns_;
  for (AgentSeat& seat : roster_.seats()) {
    for (HeldShare& holding : seat.holds) {
      holding.at_ns = AfterPause(holding.at_ns, paused_ns_, at_ns);
    }
  }
}

void Fleet::SendChange(const AgentSeat& seat, const v1::ChangeLoad& change) {
  if (!seat.live() || !seat.started) return;
  v1::ControllerMessage message;
  *message.mutable_change() = change;
  message.mutable_change()->set_agent_ns(seat.clock.ToAgent(change.agent_ns()));
  Send(seat, std::move(message));
}

}  // namespace rampart::controller
