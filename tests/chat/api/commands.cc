#include "tests/chat/api/commands.h"

#include <algorithm>
#include <boost/json.hpp>
#include <memory>

#include "tests/chat/api/posting.h"
#include "tests/chat/api/query.h"
#include "tests/chat/api/routes.h"
#include "tests/chat/net/websocket_frame.h"

namespace rampart::chat {
namespace {

void Send(Peer& peer, const boost::json::object& event) {
  const std::string text = boost::json::serialize(event);
  peer.Deliver(std::make_shared<const std::string>(EncodeFrame(Opcode::kText, text)));
}

void SendError(Peer& peer, std::string_view text) {
  Send(peer, {{"type", "error"}, {"error", boost::json::string_view(text.data(), text.size())}});
}

void SendError(Peer& peer, const absl::Status& status) {
  SendError(peer, std::string_view(status.message().data(), status.message().size()));
}

void Authorize(App& app, Peer& peer, const boost::json::object& command) {
  const std::string token = StringOf(command, "token").value_or("");
  std::optional<User> user = app.relay ? app.relay->Find(token) : app.tokens.Find(token);
  if (!user.has_value()) return SendError(peer, "the token is not valid");
  peer.user = std::move(user);
  Send(peer, {{"type", "auth_ok"}, {"user_id", std::to_string(peer.user->id)}});
}

void Pong(Peer& peer, const boost::json::object& command) {
  boost::json::object event{{"type", "pong"}};
  if (const boost::json::value* timestamp = command.if_contains("timestamp")) {
    event["timestamp"] = *timestamp;
  }
  Send(peer, event);
}

void JoinOrLeave(App& app, Peer& peer, const boost::json::object& command, bool join) {
  const std::optional<int64_t> id = IdOf(command.if_contains("channel_id"));
  if (!id.has_value()) return SendError(peer, "channel_id is missing, or is no id");
  const auto it = std::find(peer.channels.begin(), peer.channels.end(), *id);
  const bool joined = it != peer.channels.end();
  if (join && !joined) {
    if (!app.relay) {
      absl::Status status = app.store.Lock()->channels.Get(*id).status();
      if (!status.ok()) return SendError(peer, status);
    }
    if (peer.channels.size() >= Peer::kMaxChannels) {
      return SendError(peer, "a socket can be in 256 channels at most");
    }
    peer.channels.push_back(*id);
    app.hub.Join(*id, peer);
  } else if (!join && joined) {
    peer.channels.erase(it);
    app.hub.Leave(*id, peer);
  }
  Send(peer, {{"type", join ? "joined" : "left"}, {"channel_id", std::to_string(*id)}});
}

void Post(App& app, Peer& peer, boost::json::object command) {
  command.erase("type");  // of the command, not of the message
  absl::StatusOr<Message> message = MessageFrom(command, peer.user->id);
  if (!message.ok()) return SendError(peer, message.status());
  absl::Status status = StoreAndBroadcast(app, *message, &peer, command.if_contains("timestamp"));
  if (!status.ok()) SendError(peer, status);
}

}  // namespace

void PerformCommand(App& app, Peer& peer, std::string_view text) {
  boost::system::error_code error;
  const boost::json::value value =
      boost::json::parse(boost::json::string_view(text.data(), text.size()), error);
  if (error || !value.is_object()) return SendError(peer, "a message must be a JSON object");
  const boost::json::object& command = value.get_object();
  const std::string type = StringOf(command, "type").value_or("");
  if (type == "auth") return Authorize(app, peer, command);
  if (type == "ping") return Pong(peer, command);
  const bool known = type == "join" || type == "leave" || type == "message";
  if (!known) {
    return SendError(peer, "type must be one of auth, ping, join, leave, message");
  }
  if (!peer.user.has_value()) return SendError(peer, "send auth with a token first");
  if (type == "message") return Post(app, peer, command);
  JoinOrLeave(app, peer, command, type == "join");
}

void LeaveAll(App& app, Peer& peer) {
  for (const int64_t id : peer.channels) app.hub.Leave(id, peer);
  peer.channels = {};
}

}  // namespace rampart::chat
