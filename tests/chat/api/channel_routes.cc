// Channels over HTTP.
#include <boost/json.hpp>

#include "tests/chat/api/routes.h"

namespace rampart::chat {
namespace {

constexpr int64_t kDefaultLimit = 50;
constexpr int64_t kMaxLimit = 1000;
constexpr int64_t kMaxOffset = 1'000'000'000;
constexpr size_t kMaxNameBytes = 256;

boost::json::object ChannelJson(const Channel& channel) {
  return {{"id", std::to_string(channel.id)}, {"name", channel.name}, {"type", channel.type}};
}

}  // namespace

Reply CreateChannel(App& app, const Call& call) {
  absl::StatusOr<boost::json::object> body = BodyObject(call);
  if (!body.ok()) return StatusReply(body.status());
  const std::string name = StringOf(*body, "name").value_or("");
  const std::string type = StringOf(*body, "type").value_or("public");
  if (name.empty() || name.size() > kMaxNameBytes || type.size() > kMaxNameBytes) {
    return ErrorReply(400, "name must have 1 to 256 bytes, and type at most 256");
  }
  absl::StatusOr<Channel> channel = app.store.Lock()->channels.Create(name, type);
  if (!channel.ok()) return StatusReply(channel.status());
  return JsonReply(201, ChannelJson(*channel));
}

Reply ListChannels(App& app, const Call& call) {
  const Query query(call.query);
  const absl::StatusOr<int64_t> limit = query.GetNumber("limit", kDefaultLimit, 1, kMaxLimit);
  const absl::StatusOr<int64_t> offset = query.GetNumber("offset", 0, 0, kMaxOffset);
  if (!limit.ok()) return StatusReply(limit.status());
  if (!offset.ok()) return StatusReply(offset.status());
  absl::StatusOr<std::vector<Channel>> found = app.store.Lock()->channels.List(*limit, *offset);
  if (!found.ok()) return StatusReply(found.status());
  boost::json::array channels;
  for (const Channel& channel : *found) channels.push_back(ChannelJson(channel));
  return JsonReply(200, {{"channels", std::move(channels)}});
}

Reply ShowChannel(App& app, const Call& call) {
  absl::StatusOr<Channel> channel = app.store.Lock()->channels.Get(call.id);
  if (!channel.ok()) return StatusReply(channel.status());
  return JsonReply(200, ChannelJson(*channel));
}

Reply DeleteChannel(App& app, const Call& call) {
  absl::Status status = app.store.Lock()->DeleteChannel(call.id);
  if (!status.ok()) return StatusReply(status);
  return Reply{204, ""};
}

}  // namespace rampart::chat
