// Roster: which streams there are, which agents are in the run, and who may come in.
#ifndef RAMPART_CONTROLLER_FLEET_ROSTER_H_
#define RAMPART_CONTROLLER_FLEET_ROSTER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "controller/fleet/agent_seat.h"
#include "controller/fleet/fleet_event.h"

namespace rampart::controller {

// Owned by the Fleet. Seats are numbered in the order in which their agents joined, and stay until
// the end of the run. A connection is either a seat's, or waits for its Hello, or is unknown; what
// an unknown one says is ignored.
class Roster {
 public:
  // Streams beyond the agents', for those that dial again before their old stream was seen to end.
  static constexpr size_t kSpareConnections = 64;
  static constexpr size_t kMaxNameBytes = 128;
  static constexpr size_t kMaxSeats = 4'096;

  Roster(int agents, uint64_t epoch) : agents_(agents), epoch_(epoch) {}

  // False when too many streams wait for their Hello.
  bool Open(ConnectionId connection, int64_t now_ns);
  void Forget(ConnectionId connection) {
    waiting_.erase(connection);
    by_connection_.erase(connection);
  }
  // All of them.
  void ForgetAll() {
    waiting_.clear();
    by_connection_.clear();
  }
  bool waiting(ConnectionId connection) const { return waiting_.contains(connection); }
  // Those that have said nothing since they were opened, `timeout_ns` ago or longer.
  std::vector<ConnectionId> Mute(int64_t now_ns, int64_t timeout_ns) const;

  struct Admission {
    AgentSeat* seat;
    bool returned;          // it had the seat before
    ConnectionId replaced;  // its stream so far; 0 for none
  };
  // Who may get a seat: one that is new only while agents join, or late, and a lost one only where
  // one may return.
  struct Doors {
    bool joining = false;
    bool late = false;
    bool may_return = false;
  };
  // Gives a waiting connection its seat. An error says to a person why not.
  absl::StatusOr<Admission> Admit(ConnectionId connection, const v1::Hello& hello,
                                  const Doors& open, int64_t now_ns);

  // Gives out the indexes by name (agent-2 before agent-10), so that equal fleets are numbered
  // alike whoever dialled first. Once, when all are in; it moves the seats.
  void Number();

  bool complete() const { return static_cast<int>(seats_.size()) == agents_; }
  std::deque<AgentSeat>& seats() { return seats_; }
  const std::deque<AgentSeat>& seats() const { return seats_; }
  AgentSeat* OfConnection(ConnectionId connection);  // null when it has no seat
  AgentSeat* OfName(std::string_view name);          // null when nobody has it

 private:
  const int agents_;
  const uint64_t epoch_;
  std::map<ConnectionId, int64_t> waiting_;  // since when
  std::deque<AgentSeat> seats_;              // a deque, as seats are pointed to
  // Where to look first: a seat's connection may have changed since.
  std::unordered_map<ConnectionId, AgentSeat*> by_connection_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_ROSTER_H_
