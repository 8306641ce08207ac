// Trouble: what goes wrong in one world. AgentState: what has become of one agent in it.
#ifndef RAMPART_TESTS_SIMULATION_TROUBLE_H_
#define RAMPART_TESTS_SIMULATION_TROUBLE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "agent/link/link.h"
#include "controller/fleet/fleet.h"
#include "tests/simulation/crowd.h"

namespace rampart::simulation {

inline constexpr int64_t kMs = 1'000'000;
inline constexpr int64_t kSecond = 1'000'000'000;

inline constexpr int kMaxRefusedDials = 2;

// What goes wrong in one world. Times are in virtual nanoseconds since the begin, 0: never.
struct Trouble {
  int cuts = 0;                        // of agents' connections, at random times
  int64_t unnoticed_ns = 2 * kSecond;  // at most, until each end of a cut connection sees it
  double failed_dials = 0;             // share
  double repeated = 0;                 // share of deltas that come again later, out of order
  double dropped = 0;                  // share of deltas that never come
  int64_t death_ns = 0;                // of one agent's process
  bool death_seen = true;              // by a launcher
  int64_t isolation_ns = 0;            // from then on no message from or to one agent passes
  int64_t healing_ns = 0;              // until then
  int64_t term_ns = 0;                 // SIGTERM for one agent
  int64_t join_ns = 0;                 // one agent more begins then
  int changes = 0;                     // of the load, at random times
  int64_t stop_ns = 0;
  v1::StopKind stop = v1::DRAIN;
  int64_t patience_ns = 0;  // see Gathering
  int kills = 0;            // of the controller, which has a journal then and comes again
  int64_t gone_ns = 0;      // at most, until it does
  controller::LossPolicy policy = controller::LossPolicy::kAbort;
};

struct AgentState {
  std::string name;
  std::unique_ptr<agent::Link> link;
  int64_t clock_offset_ns = 0;
  bool alive = true;
  bool isolated = false;
  int exit_code = -1;
  std::string exit_why;
  uint64_t connection = 0;  // dialled or open; 0 for none
  uint64_t dial = 0;        // counts them
  // The engine that is not there.
  uint64_t work = 0;  // counts what was begun, so that a late end of something else is none
  bool loading = false;
  bool running = false;
  bool cut = false;                  // what was to begin later does not
  std::shared_ptr<Crowd> crowd;      // of a plan whose users meet
  std::vector<v1::Assignment> held;  // that it was given, narrowed by what it gave
  int64_t parked_shares = 0;         // of those, the first, which have ended
  uint64_t changes = 0;              // the last number
  int parks = 0;
  int made = 0, setups = 0, starts = 0, teardowns = 0;
  int refused_dials = 0;                   // in a row
  int64_t start_ns = 0;                    // as told, on the agent's clock
  uint64_t measured = 0;                   // in all deltas that were taken
  uint64_t unmeasured = 0;                 // since the last one
  std::map<uint64_t, int64_t> heartbeats;  // sent when
  int64_t answered_ns = 0;                 // when the last answered heartbeat was sent
};

}  // namespace rampart::simulation

#endif  // RAMPART_TESTS_SIMULATION_TROUBLE_H_
