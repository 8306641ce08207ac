// Who a bearer token stands for.
#ifndef RAMPART_TESTS_CHAT_API_TOKENS_H_
#define RAMPART_TESTS_CHAT_API_TOKENS_H_

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "tests/chat/store/user_table.h"

namespace rampart::chat {

// The tokens that are valid, in memory only: after a restart everyone signs in again. Owned by App,
// thread-safe. Bounded by kMaxTokens: the oldest goes first.
class Tokens {
 public:
  static constexpr size_t kMaxTokens = 262'144;

  std::string Issue(const User& user);
  std::optional<User> Find(std::string_view token) const;
  // A new token in place of `token`, which is valid no more; empty when it was not.
  std::string Exchange(std::string_view token);

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  std::string IssueLocked(const User& user);

  mutable std::mutex mutex_;
  std::unordered_map<std::string, User, Hash, std::equal_to<>> users_;
  std::deque<std::string> by_age_;  // may name tokens that were exchanged
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_API_TOKENS_H_
