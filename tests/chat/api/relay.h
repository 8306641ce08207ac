// What one of several server processes does without a store.
#ifndef RAMPART_TESTS_CHAT_API_RELAY_H_
#define RAMPART_TESTS_CHAT_API_RELAY_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/chat/store/message_table.h"
#include "tests/chat/store/user_table.h"

namespace rampart::chat {

// Processes of one server share a key and no data. So all that one of them must know of a user is
// in the user's name and token: ids follow from names, and a token carries the name, signed. Any
// password is right; a token never ends. A message is not stored: it gets an id that no other
// process gives, and goes to those in its channel that are connected to the same process; every id
// is a channel. Owned by App, thread-safe.
class Relay {
 public:
  using Key = std::array<unsigned char, 32>;
  static Key NewKey();

  // `number` of the process: from 0.
  Relay(const Key& key, int number);

  // kInvalidArgument: no name, or a too long one.
  absl::StatusOr<User> UserNamed(std::string_view name) const;
  absl::StatusOr<User> SignIn(std::string_view name, std::string_view password) const;
  std::string Issue(const User& user) const;
  std::optional<User> Find(std::string_view token) const;

  // Sets the id. kInvalidArgument: content.
  absl::Status Accept(Message& message);

 private:
  std::string Signature(std::string_view text) const;

  const Key key_;
  std::atomic<int64_t> next_message_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_API_RELAY_H_
