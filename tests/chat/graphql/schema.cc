#include "tests/chat/graphql/schema.h"

#include <boost/json.hpp>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/chat/api/posting.h"
#include "tests/chat/api/query.h"

namespace rampart::chat::graphql {
namespace {

namespace json = boost::json;

constexpr int64_t kMaxLimit = 200;

absl::StatusOr<int64_t> LimitOf(const Asked& asked, int64_t absent) {
  const json::value* limit = asked.arguments.if_contains("limit");
  if (limit == nullptr || limit->is_null()) return absent;
  if (limit->get_int64() >= 1 && limit->get_int64() <= kMaxLimit) return limit->get_int64();
  return absl::InvalidArgumentError(absl::StrCat("limit must be a number from 1 to ", kMaxLimit));
}

std::string TextOf(const Asked& asked, const char* name) {
  return std::string(asked.arguments.at(name).get_string());
}

// 0, which nothing has, when it is no number.
int64_t IdArgument(const Asked& asked, const char* name) {
  return ParseNumber(TextOf(asked, name)).value_or(0);
}

json::object UserObject(const User& user) {
  // Users are named by what they signed in with.
  const bool is_email = user.name.find('@') != std::string::npos;
  return {{"id", std::to_string(user.id)},
          {"name", user.name},
          {"email", is_email ? json::value(user.name) : json::value(nullptr)}};
}

json::object MessageObject(const Message& message) {
  return {{"id", std::to_string(message.id)},
          {"channelId", std::to_string(message.channel_id)},
          {"userId", std::to_string(message.user_id)},
          {"type", message.type},
          {"content", message.content},
          {"createdAt", FormatTimeMs(message.created_ms)}};
}

json::array MessageList(const std::vector<Message>& messages) {
  json::array list;
  for (const Message& message : messages) list.push_back(MessageObject(message));
  return list;
}

absl::StatusOr<json::value> Me(const Asked& asked) { return UserObject(*asked.user); }

absl::StatusOr<json::value> Channels(const Asked& asked) {
  const absl::StatusOr<int64_t> limit = LimitOf(asked, 50);
  if (!limit.ok()) return limit.status();
  const absl::StatusOr<std::vector<Channel>> channels =
      asked.app.store.Lock()->channels.List(*limit, 0);
  if (!channels.ok()) return channels.status();
  json::array list;
  for (const Channel& channel : *channels) {
    list.push_back(
        {{"id", std::to_string(channel.id)}, {"name", channel.name}, {"type", channel.type}});
  }
  return list;
}

absl::StatusOr<json::value> Messages(const Asked& asked) {
  const absl::StatusOr<int64_t> limit = LimitOf(asked, 50);
  if (!limit.ok()) return limit.status();
  const absl::StatusOr<std::vector<Message>> messages = asked.app.store.Lock()->messages.List(
      IdArgument(asked, "channelId"), std::numeric_limits<int64_t>::max(), *limit);
  if (!messages.ok()) return messages.status();
  return MessageList(*messages);
}

absl::StatusOr<json::value> Search(const Asked& asked) {
  const absl::StatusOr<int64_t> limit = LimitOf(asked, 20);
  if (!limit.ok()) return limit.status();
  SearchQuery query;
  query.text = TextOf(asked, "query");
  query.limit = *limit;
  const absl::StatusOr<SearchResult> found = asked.app.store.Lock()->search.Search(query);
  if (!found.ok()) return found.status();
  return json::object{{"total", found->total}, {"results", MessageList(found->messages)}};
}

absl::StatusOr<json::value> Login(const Asked& asked) {
  const absl::StatusOr<User> user =
      asked.app.store.Lock()->users.SignIn(TextOf(asked, "email"), TextOf(asked, "password"));
  if (!user.ok()) return user.status();
  return json::object{{"token", asked.app.tokens.Issue(*user)}, {"user", UserObject(*user)}};
}

absl::StatusOr<json::value> SendMessage(const Asked& asked) {
  const json::object object = {{"channel_id", IdArgument(asked, "channelId")},
                               {"content", asked.arguments.at("content")}};
  absl::StatusOr<Message> message = MessageFrom(object, asked.user->id);
  if (!message.ok()) return message.status();
  absl::Status status = StoreAndBroadcast(asked.app, *message, nullptr, nullptr);
  if (!status.ok()) return status;
  return MessageObject(*message);
}

const std::vector<ObjectType>& Types() {
  static const auto& types = *new std::vector<ObjectType>{
      {"Query",
       {{"me", "User", {}, Me},
        {"channels", "Channel", {{"limit", "Int", false}}, Channels},
        {"messages", "Message", {{"channelId", "ID"}, {"limit", "Int", false}}, Messages},
        {"search", "SearchResult", {{"query", "String"}, {"limit", "Int", false}}, Search}}},
      {"Mutation",
       {{"login", "Session", {{"email", "String"}, {"password", "String"}}, Login, false},
        {"sendMessage", "Message", {{"channelId", "ID"}, {"content", "String"}}, SendMessage}}},
      {"Session", {{"token", "String"}, {"user", "User"}}},
      {"User", {{"id", "ID"}, {"name", "String"}, {"email", "String"}}},
      {"Channel", {{"id", "ID"}, {"name", "String"}, {"type", "String"}}},
      {"Message",
       {{"id", "ID"},
        {"channelId", "ID"},
        {"userId", "ID"},
        {"type", "String"},
        {"content", "String"},
        {"createdAt", "String"}}},
      {"SearchResult", {{"total", "Int"}, {"results", "Message"}}},
  };
  return types;
}

}  // namespace

const Member* ObjectType::Find(std::string_view member) const {
  for (const Member& candidate : members) {
    if (candidate.name == member) return &candidate;
  }
  return nullptr;
}

const ObjectType* FindType(std::string_view name) {
  for (const ObjectType& type : Types()) {
    if (type.name == name) return &type;
  }
  return nullptr;
}

}  // namespace rampart::chat::graphql
