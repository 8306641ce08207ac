#include "controller/journal/run_event.h"

#include <algorithm>

namespace rampart::controller {
namespace {

bool IsHeartbeatReply(const FleetAction& action) {
  const auto* send = std::get_if<SendTo>(&action);
  return send != nullptr && send->message.has_heartbeat();
}

}  // namespace

bool BelongsIntoJournal(const FleetEvent& event, const std::vector<FleetAction>& actions) {
  if (std::holds_alternative<Tick>(event)) return !actions.empty();
  const auto* received = std::get_if<Received>(&event);
  if (received == nullptr || !std::ranges::all_of(actions, IsHeartbeatReply)) return true;
  const v1::AgentMessage& message = *received->message;
  const bool only_heartbeat =
      message.has_heartbeat() && message.kind_case() == v1::AgentMessage::KIND_NOT_SET;
  return !only_heartbeat && !message.has_delta();
}

}  // namespace rampart::controller
