// Messages and notifications over HTTP.
#include <boost/json.hpp>
#include <limits>

#include "tests/chat/api/posting.h"
#include "tests/chat/api/routes.h"

namespace rampart::chat {
namespace {

constexpr int64_t kDefaultLimit = 50;
constexpr int64_t kMaxLimit = 200;
constexpr int64_t kMaxId = std::numeric_limits<int64_t>::max();

}  // namespace

Reply PostMessage(App& app, const Call& call) {
  absl::StatusOr<boost::json::object> body = BodyObject(call);
  if (!body.ok()) return StatusReply(body.status());
  absl::StatusOr<Message> message = MessageFrom(*body, call.user->id);
  if (!message.ok()) return StatusReply(message.status());
  absl::Status status = StoreAndBroadcast(app, *message, nullptr, body->if_contains("timestamp"));
  if (!status.ok()) return StatusReply(status);
  return JsonReply(201, MessageJson(*message));
}

Reply ListMessages(App& app, const Call& call) {
  const Query query(call.query);
  const absl::StatusOr<int64_t> channel_id = query.GetNumber("channel_id", 0, 1, kMaxId);
  const absl::StatusOr<int64_t> limit = query.GetNumber("limit", kDefaultLimit, 1, kMaxLimit);
  const absl::StatusOr<int64_t> before = query.GetNumber("before", kMaxId, 0, kMaxId);
  if (!channel_id.ok()) return StatusReply(channel_id.status());
  if (!limit.ok()) return StatusReply(limit.status());
  if (!before.ok()) return StatusReply(before.status());
  if (*channel_id == 0) return ErrorReply(400, "channel_id is missing");
  absl::StatusOr<std::vector<Message>> found =
      app.store.Lock()->messages.List(*channel_id, *before, *limit);
  if (!found.ok()) return StatusReply(found.status());
  boost::json::array messages;
  for (const Message& message : *found) messages.push_back(MessageJson(message));
  return JsonReply(200, {{"messages", std::move(messages)}});
}

Reply ShowMessage(App& app, const Call& call) {
  absl::StatusOr<Message> message = app.store.Lock()->messages.Get(call.id);
  if (!message.ok()) return StatusReply(message.status());
  return JsonReply(200, MessageJson(*message));
}

Reply ListNotifications(App& app, const Call& call) {
  const Query query(call.query);
  const absl::StatusOr<int64_t> limit = query.GetNumber("limit", kDefaultLimit, 1, kMaxLimit);
  if (!limit.ok()) return StatusReply(limit.status());
  absl::StatusOr<std::vector<Notification>> found =
      app.store.Lock()->messages.Notifications(call.user->id, *limit);
  if (!found.ok()) return StatusReply(found.status());
  boost::json::array notifications;
  for (const Notification& notification : *found) {
    notifications.push_back({{"id", std::to_string(notification.id)},
                             {"kind", "mention"},
                             {"message", MessageJson(notification.message)}});
  }
  return JsonReply(200, {{"notifications", std::move(notifications)}});
}

}  // namespace rampart::chat
