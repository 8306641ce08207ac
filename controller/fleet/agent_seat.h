// AgentSeat: what the controller knows of one agent of the run.
#ifndef RAMPART_CONTROLLER_FLEET_AGENT_SEAT_H_
#define RAMPART_CONTROLLER_FLEET_AGENT_SEAT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "controller/fleet/clock_estimate.h"
#include "controller/fleet/fleet_event.h"
#include "rampart/v1/fleet.pb.h"

namespace rampart::controller {

// Which deltas of an agent were given away to be kept, and which of those were kept. Gives each
// sequence once, and none before its predecessor.
class DeltaGate {
 public:
  enum class Verdict {
    kNext,   // to be kept; counted as given
    kGiven,  // came before, and its keeping is under way
    kKept,   // came before and is kept
    kGap,    // one before it is missing
  };
  Verdict Judge(uint64_t sequence);
  // Everything given up to `sequence` is kept. False when that was not given or is kept already.
  bool Keep(uint64_t sequence);
  // Nothing is kept any more.
  void StopKeeping() { keeping_ = false; }

  uint64_t given() const { return given_; }
  uint64_t kept() const { return kept_; }
  // What may be counted on: kept, or given where that is all there is.
  uint64_t in() const { return keeping_ ? kept_ : given_; }

 private:
  uint64_t given_ = 0;
  uint64_t kept_ = 0;
  bool keeping_ = true;
};

// A share of the load that an agent has.
struct HeldShare {
  v1::Assignment share;      // what is left of it, when some was given away
  uint64_t number = 0;       // of the Take; 0: it has it from the start
  int64_t at_ns = 0;         // from when on, on the controller's clock
  int64_t spread_ns = 0;     // over which its users start
  v1::Assignment told = {};  // as the Take has it; what was given away since was told after it
};

// What an agent gives away of all its shares, until it says that its users have ended.
struct GivenShare {
  uint64_t number = 0;  // of the GiveShare
  v1::Hand keep;
  int to = 0;  // the index of the agent that is to have it
  std::vector<v1::Assignment> shares;
};

// Owned by the Fleet, from the first Hello to the end of the run. Its hello's incarnation
// never changes, its index not once all are in; its connection does, when the agent had to dial
// again.
struct AgentSeat {
  AgentSeat(int index_in_run, v1::Hello first_hello)
      : index(index_in_run), hello(std::move(first_hello)) {}

  bool connected() const { return connection != 0; }
  // Still counted on: neither lost nor gone with a goodbye at the end.
  bool live() const { return !lost && !gone; }
  // Its load has ended and everything that it measured is in.
  // One that was not started yet has none.
  bool settled() const { return !started || (drained && deltas.in() >= last_sequence); }

  int index;
  v1::Hello hello;
  ConnectionId connection = 0;
  int64_t heard_ns = 0;  // when the last message came

  bool asked = false;  // to prepare or to arm, on its connection
  bool ready = false;
  bool armed = false;
  bool started = false;  // it was told when
  bool late = false;     // it came while the load ran
  bool drained = false;
  uint64_t last_sequence = 0;  // with drained, and with the end of teardown
  bool suspected = false;      // not heard for a while
  bool lost = false;
  bool may_return = false;  // it was lost by its silence only
  bool gone = false;
  std::string ended;   // how its process has, while its stream has not
  std::string why;     // it is lost
  int64_t out_ns = 0;  // lost: from then on it certainly loads nothing
  std::vector<HeldShare> holds;
  std::vector<GivenShare> gives;
  uint64_t takes = 0;  // the last number of a TakeShare or GiveShare

  DeltaGate deltas;
  ClockEstimate clock;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_AGENT_SEAT_H_
