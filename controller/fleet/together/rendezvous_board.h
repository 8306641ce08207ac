// RendezvousBoard: who waits where, over all agents, and which rendezvous can be opened.
//
// A rendezvous is opened again and again; its openings are numbered from 1, and the first that has
// not happened is the current one, on the board and on every agent. Only the board makes an opening
// happen, by Open; an agent makes k+1 its current one when it is told that k has happened.
//
//   agent, current k:   says Waiting{k, n} whenever n changes, and again on every new stream
//                       told Open(j), j >= k: everybody who waits goes on; current is j+1
//                       told Open(j), j < k:  nothing
//   board, current k:   hears Waiting{k, n}: the agent's n is now that
//                       hears Waiting{j, n}, j != k: nothing
//                       the agent's stream ends: its n is now 0
//                       the sum of all n reaches what is needed: k has happened: all n are 0,
//                       current is k+1, every agent is told Open(k), and told again on every new
//                       stream
//
// Nobody is counted for two openings: an agent says k+1 only after all who waited for k have gone
// on, so what it says of k+1 are others, or the same who came again. What is late or comes twice
// changes nothing: a Waiting that was overtaken by its opening has an old number, and an Open that
// comes twice finds the agent's number beyond its own. What a stream said is forgotten with it,
// because users may have left since; the agent says it again on the next, so nobody who waits is
// missed. Nobody is left waiting for an opening that happened: the last one is told again on every
// new stream, it lets everybody go who waits for it or for any before it, and on a stream that
// lives messages come in order and none is lost. So who waits is either counted or about to be
// told; and whatever happens, a user's own timeout ends its wait.
#ifndef RAMPART_CONTROLLER_FLEET_TOGETHER_RENDEZVOUS_BOARD_H_
#define RAMPART_CONTROLLER_FLEET_TOGETHER_RENDEZVOUS_BOARD_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rampart/v1/fleet.pb.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

struct Opening {
  std::string rendezvous;
  uint64_t number = 0;
  int64_t at_ns = 0;  // the instant on the controller's clock
};

// Owned by the Fleet, for one run. What is needed is the plan's number; when agents are lost, that
// times the share of its users that the others have, rounded up: with the default, all users, it is
// all that are left.
class RendezvousBoard {
 public:
  // `weights` of all agents, as they are assigned.
  RendezvousBoard(const v1::Plan& plan, const std::vector<uint32_t>& weights);

  // One agent more. What is needed stays: its users are the others'.
  void Add();
  // False when there is no such rendezvous.
  bool Hear(int agent, const v1::Waiting& waiting);
  // Its stream has ended.
  void Forget(int agent);
  // It will not come back.
  void Lose(int agent);

  // Those that enough wait for now: they have happened with this call.
  std::vector<Opening> Open(int64_t at_ns);
  // The last of every rendezvous that was opened at all.
  std::vector<Opening> Last() const;

 private:
  struct Rendezvous {
    int64_t users = 0;                // of the plan
    std::vector<int64_t> agent_most;  // users that come from each agent; 0 for a lost one
    int64_t most = 0;                 // of the whole plan
    std::vector<uint64_t> waiting;    // for the current opening, by agent
    Opening last;

    uint64_t Needed() const;
  };

  std::vector<Rendezvous> all_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_TOGETHER_RENDEZVOUS_BOARD_H_
