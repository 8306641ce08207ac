// Signing in, tokens, and who one is.
#include <boost/json.hpp>

#include "tests/chat/api/routes.h"

namespace rampart::chat {
namespace {

boost::json::object UserJson(const User& user) {
  return {{"id", std::to_string(user.id)}, {"name", user.name}};
}

}  // namespace

Reply SignIn(App& app, const Call& call) {
  absl::StatusOr<boost::json::object> body = BodyObject(call);
  if (!body.ok()) return StatusReply(body.status());
  std::optional<std::string> name = StringOf(*body, "email");
  if (!name.has_value()) name = StringOf(*body, "username");
  const std::optional<std::string> password = StringOf(*body, "password");
  if (!name.has_value()) return ErrorReply(400, "email or username is missing");
  if (!password.has_value()) return ErrorReply(400, "password is missing");
  absl::StatusOr<User> user = app.relay ? app.relay->SignIn(*name, *password)
                                        : app.store.Lock()->users.SignIn(*name, *password);
  if (!user.ok()) return StatusReply(user.status());
  return JsonReply(200, {{"token", app.relay ? app.relay->Issue(*user) : app.tokens.Issue(*user)},
                         {"user", UserJson(*user)}});
}

Reply RefreshToken(App& app, const Call& call) {
  const std::string token =
      app.relay ? app.relay->Issue(*call.user) : app.tokens.Exchange(call.token);
  if (token.empty()) return ErrorReply(401, "there is no token to refresh");
  return JsonReply(200, {{"token", token}, {"user", UserJson(*call.user)}});
}

Reply ShowMe(App&, const Call& call) { return JsonReply(200, UserJson(*call.user)); }

}  // namespace rampart::chat
