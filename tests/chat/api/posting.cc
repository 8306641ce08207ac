#include "tests/chat/api/posting.h"

#include <boost/json.hpp>
#include <chrono>
#include <memory>

#include "tests/chat/api/query.h"
#include "tests/chat/api/routes.h"
#include "tests/chat/net/websocket_frame.h"

namespace rampart::chat {
namespace {

int64_t NowMs() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since).count();
}

}  // namespace

boost::json::object MessageJson(const Message& message) {
  return {{"id", std::to_string(message.id)},
          {"channel_id", std::to_string(message.channel_id)},
          {"user_id", std::to_string(message.user_id)},
          {"type", message.type},
          {"content", message.content},
          {"created_at", FormatTimeMs(message.created_ms)}};
}

absl::StatusOr<Message> MessageFrom(const boost::json::object& object, int64_t user_id) {
  const std::optional<int64_t> channel_id = IdOf(object.if_contains("channel_id"));
  if (!channel_id.has_value()) {
    return absl::InvalidArgumentError("channel_id is missing, or is no id");
  }
  std::optional<std::string> content = StringOf(object, "content");
  if (!content.has_value()) {
    return absl::InvalidArgumentError("content is missing, or is no string");
  }
  Message message;
  message.channel_id = *channel_id;
  message.user_id = user_id;
  message.type = StringOf(object, "type").value_or("message");
  message.content = *std::move(content);
  message.created_ms = NowMs();
  return message;
}

absl::Status StoreAndBroadcast(App& app, Message& message, Subscriber* sender,
                               const boost::json::value* timestamp) {
  if (app.relay) {
    if (absl::Status status = app.relay->Accept(message); !status.ok()) return status;
  } else {
    if (absl::Status status = app.store.Lock()->AddMessage(message); !status.ok()) return status;
    ++app.counters.messages_stored;
  }
  boost::json::object event = MessageJson(message);
  event["message_type"] = std::move(event["type"]);
  event["type"] = "message";
  if (timestamp != nullptr) event["timestamp"] = *timestamp;
  const std::string text = boost::json::serialize(event);
  app.hub.Broadcast(message.channel_id,
                    std::make_shared<const std::string>(EncodeFrame(Opcode::kText, text)), sender);
  return absl::OkStatus();
}

}  // namespace rampart::chat
