#include "tests/chat/api/routes.h"

#include <boost/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace rampart::chat {
namespace {

using boost::beast::http::verb;

struct Route {
  verb method;
  std::string_view pattern;  // `*` stands for an id
  Reply (*handler)(App& app, const Call& call);
  bool needs_user = true;
  bool needs_store = true;
};

Reply ShowHealth(App&, const Call&) { return Reply{200, R"({"status":"ok"})"}; }

Reply ShowStats(App& app, const Call&) { return Reply{200, app.counters.ToJson()}; }

Reply ShowSockets(App& app, const Call&) {
  if (!app.sockets) return ErrorReply(404, "sockets are watched under --watch-sockets");
  return Reply{200, app.sockets->ToJson()};
}

constexpr Route kRoutes[] = {
    {verb::get, "/api/health", ShowHealth, false, false},
    {verb::get, "/api/stats", ShowStats, false, false},
    {verb::get, "/api/stats/sockets", ShowSockets, false, false},
    {verb::post, "/api/auth/signin", SignIn, false, false},
    {verb::post, "/api/auth/refresh", RefreshToken, true, false},
    {verb::get, "/api/users/me", ShowMe, true, false},
    {verb::post, "/api/channels", CreateChannel},
    {verb::get, "/api/channels", ListChannels},
    {verb::get, "/api/channels/*", ShowChannel},
    {verb::delete_, "/api/channels/*", DeleteChannel},
    {verb::post, "/api/messages", PostMessage},
    {verb::get, "/api/messages", ListMessages},
    {verb::get, "/api/messages/*", ShowMessage},
    {verb::get, "/api/notifications", ListNotifications},
    {verb::get, "/api/search", SearchMessages},
    {verb::get, "/api/search/suggest", SuggestWords},
    {verb::get, "/api/search/stats", ShowSearchStats},
    {verb::post, "/api/search/index/bulk", IndexBulk},
    {verb::post, "/graphql", AnswerGraphql, false},
    {verb::get, "/api/files", ListFiles},
    {verb::get, "/api/files/*", ShowFile},
    {verb::delete_, "/api/files/*", DeleteFile},
    {verb::get, "/api/files/*/download", DownloadFile},
};

// Rather than an answer that only one of the processes would give.
Reply NeedsStore() {
  return ErrorReply(501,
                    "this server runs as several processes (--processes), which store nothing");
}

bool Matches(std::string_view pattern, std::string_view path, int64_t& id) {
  const size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == path;
  const std::string_view after = pattern.substr(star + 1);
  if (!path.starts_with(pattern.substr(0, star)) || !path.ends_with(after)) return false;
  if (path.size() <= star + after.size()) return false;
  const std::string_view middle = path.substr(star, path.size() - star - after.size());
  if (middle.find('/') != std::string_view::npos) return false;
  // What is no number is an id that nothing has: 404 by the handler.
  id = ParseNumber(middle).value_or(0);
  return true;
}

}  // namespace

absl::StatusOr<std::optional<User>> Authenticate(App& app, std::string_view token,
                                                 std::string_view user_header) {
  if (!token.empty()) return app.relay ? app.relay->Find(token) : app.tokens.Find(token);
  if (user_header.empty() || !app.options.allow_user_header) return std::nullopt;
  absl::StatusOr<User> user = app.relay ? app.relay->UserNamed(user_header)
                                        : app.store.Lock()->users.FindOrCreate(user_header);
  if (!user.ok()) return user.status();
  return *std::move(user);
}

Reply Answer(App& app, Call call) {
  bool path_exists = false;
  for (const Route& route : kRoutes) {
    if (!Matches(route.pattern, call.path, call.id)) continue;
    path_exists = true;
    if (route.method != call.method) continue;
    if (route.needs_store && app.relay) return NeedsStore();
    if (route.needs_user && !call.user.has_value()) {
      return ErrorReply(401, call.token.empty() ? "sign in first: a bearer token is missing"
                                                : "the token is not valid, or not any more");
    }
    return route.handler(app, call);
  }
  if (call.path == "/api/files/upload" && app.relay) return NeedsStore();
  if (path_exists || call.path == "/api/files/upload") {
    return ErrorReply(405, "this resource does not take that method");
  }
  return ErrorReply(404, absl::StrCat("there is nothing at ", call.path));
}

absl::StatusOr<boost::json::object> BodyObject(const Call& call) {
  boost::system::error_code error;
  boost::json::value value = boost::json::parse(call.body, error);
  if (error) {
    return absl::InvalidArgumentError(absl::StrCat("the body is not JSON: ", error.message()));
  }
  if (!value.is_object()) return absl::InvalidArgumentError("the body must be a JSON object");
  return std::move(value.get_object());
}

std::optional<std::string> StringOf(const boost::json::object& object, std::string_view name) {
  const boost::json::value* value =
      object.if_contains(boost::json::string_view(name.data(), name.size()));
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string(value->get_string().data(), value->get_string().size());
}

}  // namespace rampart::chat
