#include "tests/chat/api/tokens.h"

#include <openssl/rand.h>

#include <array>
#include <utility>

#include "absl/strings/escaping.h"

namespace rampart::chat {

std::string Tokens::Issue(const User& user) {
  std::lock_guard lock(mutex_);
  return IssueLocked(user);
}

std::string Tokens::IssueLocked(const User& user) {
  std::array<unsigned char, 16> bytes;
  RAND_bytes(bytes.data(), bytes.size());
  std::string token = absl::BytesToHexString({reinterpret_cast<char*>(bytes.data()), bytes.size()});
  if (by_age_.size() >= kMaxTokens) {
    users_.erase(by_age_.front());
    by_age_.pop_front();
  }
  by_age_.push_back(token);
  users_.emplace(token, user);
  return token;
}

std::optional<User> Tokens::Find(std::string_view token) const {
  std::lock_guard lock(mutex_);
  const auto it = users_.find(token);
  if (it == users_.end()) return std::nullopt;
  return it->second;
}

std::string Tokens::Exchange(std::string_view token) {
  std::lock_guard lock(mutex_);
  const auto it = users_.find(token);
  if (it == users_.end()) return "";
  const User user = std::move(it->second);
  users_.erase(it);
  return IssueLocked(user);
}

}  // namespace rampart::chat
