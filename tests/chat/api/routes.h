// From a request to its reply: all resources but uploads, whose body is not kept.
#ifndef RAMPART_TESTS_CHAT_API_ROUTES_H_
#define RAMPART_TESTS_CHAT_API_ROUTES_H_

#include <boost/beast/http/verb.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/chat/api/app.h"
#include "tests/chat/api/query.h"
#include "tests/chat/api/reply.h"
#include "tests/chat/store/user_table.h"

namespace rampart::chat {

// A request that was read completely. `user` and `token` are what its header proved.
struct Call {
  boost::beast::http::verb method = boost::beast::http::verb::get;
  std::string path;
  std::string query;
  std::string body;
  std::string token;
  std::optional<User> user;
  int64_t id = 0;  // of the path, set by Answer
};

// What a request's header proves: `token` is the bearer's, `user_header` the X-User-Id. Either may
// be empty. nullopt: nobody, or a token that is not valid.
absl::StatusOr<std::optional<User>> Authenticate(App& app, std::string_view token,
                                                 std::string_view user_header);

// Never fails: errors are replies. Runs on the caller's thread, the database included.
Reply Answer(App& app, Call call);

// The handlers, one file a resource.
Reply SignIn(App& app, const Call& call);
Reply RefreshToken(App& app, const Call& call);
Reply ShowMe(App& app, const Call& call);
Reply CreateChannel(App& app, const Call& call);
Reply ListChannels(App& app, const Call& call);
Reply ShowChannel(App& app, const Call& call);
Reply DeleteChannel(App& app, const Call& call);
Reply PostMessage(App& app, const Call& call);
Reply ListMessages(App& app, const Call& call);
Reply ShowMessage(App& app, const Call& call);
Reply ListNotifications(App& app, const Call& call);
Reply SearchMessages(App& app, const Call& call);
Reply SuggestWords(App& app, const Call& call);
Reply ShowSearchStats(App& app, const Call& call);
Reply IndexBulk(App& app, const Call& call);
Reply AnswerGraphql(App& app, const Call& call);
Reply ListFiles(App& app, const Call& call);
Reply DeleteFile(App& app, const Call& call);
Reply ShowFile(App& app, const Call& call);
Reply DownloadFile(App& app, const Call& call);

// The body as a JSON object; kInvalidArgument says what is wrong with it.
absl::StatusOr<boost::json::object> BodyObject(const Call& call);
// A member that is a string; nullopt when it is absent or something else.
std::optional<std::string> StringOf(const boost::json::object& object, std::string_view name);

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_API_ROUTES_H_
