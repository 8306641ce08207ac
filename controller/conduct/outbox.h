// Outbox: what must not happen before the journal is on the disk.
#ifndef RAMPART_CONTROLLER_CONDUCT_OUTBOX_H_
#define RAMPART_CONTROLLER_CONDUCT_OUTBOX_H_

#include <cstdint>
#include <deque>
#include <utility>
#include <variant>
#include <vector>

#include "controller/fleet/fleet_event.h"

namespace rampart::controller {

// Actions and merged deltas wait here for the event that brought them to be durable, in order. As
// long as the journal's events that are not: bounded by what streams may hold, see JournalWriter.
// Used by the conductor's thread.
class Outbox {
 public:
  // Binds nobody to anything: an agent may hear it of a controller that forgets it. A heartbeat's
  // reply waits for nothing; a ping, whose clock would be wrong by the wait, only for what comes
  // before it
  // (`behind`: also in its own step), as an agent hears none before its Welcome.
  bool MayOvertake(const FleetAction& action, bool behind) const {
    const auto* send = std::get_if<SendTo>(&action);
    if (send == nullptr) return false;
    return send->message.has_heartbeat() ||
           (send->message.has_ping() && !behind && actions_.empty());
  }

  // `event`: the number of the last event that was journaled.
  void Hold(uint64_t event, FleetAction action) { actions_.push_back({event, std::move(action)}); }
  void Hold(uint64_t event, DeltaKept kept) { kept_.push_back({event, kept}); }

  // What waited for no more than the first `durable` events.
  std::vector<FleetAction> Actions(uint64_t durable) { return Take(durable, &actions_); }
  std::vector<DeltaKept> Kept(uint64_t durable) { return Take(durable, &kept_); }

 private:
  template <typename What>
  static std::vector<What> Take(uint64_t durable, std::deque<std::pair<uint64_t, What>>* held) {
    std::vector<What> taken;
    for (; !held->empty() && held->front().first <= durable; held->pop_front()) {
      taken.push_back(std::move(held->front().second));
    }
    return taken;
  }

  std::deque<std::pair<uint64_t, FleetAction>> actions_;
  std::deque<std::pair<uint64_t, DeltaKept>> kept_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_CONDUCT_OUTBOX_H_
