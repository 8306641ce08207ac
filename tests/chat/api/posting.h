// Posting a message: what HTTP and WebSocket have in common.
#ifndef RAMPART_TESTS_CHAT_API_POSTING_H_
#define RAMPART_TESTS_CHAT_API_POSTING_H_

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "absl/status/statusor.h"
#include "tests/chat/api/app.h"
#include "tests/chat/net/hub.h"

namespace rampart::chat {

boost::json::object MessageJson(const Message& message);

// A message of `user_id` from {channel_id, content, type?}. kInvalidArgument: a member is missing.
absl::StatusOr<Message> MessageFrom(const boost::json::object& object, int64_t user_id);

// Stores it (one of several processes does not), then sends {"type":"message", ...} to the sockets
// in its channel and to `sender`, with `timestamp` as the sender gave it, if it did.
absl::Status StoreAndBroadcast(App& app, Message& message, Subscriber* sender,
                               const boost::json::value* timestamp);

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_API_POSTING_H_
