#include "controller/fleet/roster.h"

#include <algorithm>

#include "absl/status/status.h"

namespace rampart::controller {
namespace {

// Alike up to a number at the end: by the number. All digits, so a longer one is larger.
bool ByNumber(std::string_view a, std::string_view b) {
  const auto stem = [](std::string_view name) {
    const size_t last = name.find_last_not_of("0123456789");
    return name.substr(0, last == std::string_view::npos ? 0 : last + 1);
  };
  const std::string_view stem_a = stem(a);
  const std::string_view stem_b = stem(b);
  if (stem_a != stem_b) return stem_a < stem_b;
  if (a.size() != b.size()) return a.size() < b.size();
  return a < b;
}

}  // namespace

bool Roster::Open(ConnectionId connection, int64_t now_ns) {
  if (waiting_.size() >= static_cast<size_t>(agents_) + kSpareConnections) return false;
  waiting_[connection] = now_ns;
  return true;
}

std::vector<ConnectionId> Roster::Mute(int64_t now_ns, int64_t timeout_ns) const {
  std::vector<ConnectionId> mute;
  for (const auto& [connection, since] : waiting_) {
    if (now_ns - since >= timeout_ns) mute.push_back(connection);
  }
  return mute;
}

absl::StatusOr<Roster::Admission> Roster::Admit(ConnectionId connection, const v1::Hello& hello,
                                                const Doors& open, int64_t now_ns) {
  waiting_.erase(connection);
  if (hello.protocol() != v1::PROTOCOL_VERSION) {
    return absl::FailedPreconditionError(
        "the controller speaks protocol " + std::to_string(v1::PROTOCOL_VERSION) +
        " and the agent " + std::to_string(hello.protocol()) + ": use the same build of both");
  }
  if (hello.name().empty() || hello.name().size() > kMaxNameBytes) {
    return absl::InvalidArgumentError("an agent's name has 1 to " + std::to_string(kMaxNameBytes) +
                                      " characters");
  }
  if (hello.epoch() != 0 && hello.epoch() != epoch_) {
    return absl::FailedPreconditionError("the agent belongs to another run");
  }
  if (AgentSeat* seat = OfName(hello.name()); seat != nullptr) {
    if (seat->hello.incarnation() != hello.incarnation()) {
      return absl::AlreadyExistsError("another agent with the name " + hello.name() +
                                      (seat->hello.host().empty() ? "" : " (on ") +
                                      seat->hello.host() + (seat->hello.host().empty() ? "" : ")") +
                                      " is in the run already: give each agent a name of its own");
    }
    if (!seat->live() && !(open.may_return && seat->lost && seat->may_return)) {
      return absl::FailedPreconditionError("the agent is out of the run: " + seat->why);
    }
    const ConnectionId replaced = seat->connection;
    by_connection_.erase(replaced);
    by_connection_[connection] = seat;
    seat->connection = connection;
    seat->heard_ns = now_ns;
    return Admission{seat, true, replaced};
  }
  const bool room = open.joining ? !complete() : open.late && seats_.size() < kMaxSeats;
  if (!room) {
    return absl::ResourceExhaustedError("the run has all of its " + std::to_string(agents_) +
                                        (agents_ == 1 ? " agent" : " agents"));
  }
  if (hello.capacity() == 0) {
    return absl::InvalidArgumentError(
        "the agent can hold no users: its limit of open files is too low");
  }
  AgentSeat& seat = seats_.emplace_back(static_cast<int>(seats_.size()), hello);
  by_connection_[connection] = &seat;
  seat.connection = connection;
  seat.heard_ns = now_ns;
  return Admission{&seat, false, 0};
}

void Roster::Number() {
  std::sort(seats_.begin(), seats_.end(), [](const AgentSeat& a, const AgentSeat& b) {
    const std::string& left = a.hello.name();
    const std::string& right = b.hello.name();
    return ByNumber(left, right);
  });
  by_connection_.clear();
  for (size_t i = 0; i < seats_.size(); ++i) {
    seats_[i].index = static_cast<int>(i);
    by_connection_[seats_[i].connection] = &seats_[i];
  }
}

AgentSeat* Roster::OfConnection(ConnectionId connection) {
  const auto found = by_connection_.find(connection);
  if (found == by_connection_.end()) return nullptr;
  return connection != 0 && found->second->connection == connection ? found->second : nullptr;
}

AgentSeat* Roster::OfName(std::string_view name) {
  for (AgentSeat& seat : seats_) {
    if (seat.hello.name() == name) return &seat;
  }
  return nullptr;
}

}  // namespace rampart::controller
