#include "tests/chat/api/relay.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace rampart::chat {
namespace {

// Ids go through JSON, whose numbers are exact up to 2^53.
constexpr int kIdBits = 52;
constexpr int kMessageBits = 36;  // of an id, for the messages of one process

int64_t IdOf(std::string_view name) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_Digest(name.data(), name.size(), digest.data(), &size, EVP_sha256(), nullptr);
  uint64_t id = 0;
  for (size_t i = 0; i < sizeof(id); ++i) id = id << 8 | digest[i];
  return static_cast<int64_t>((id >> (64 - kIdBits)) | 1);  // never 0: that is nobody
}

}  // namespace

Relay::Key Relay::NewKey() {
  Key key;
  RAND_bytes(key.data(), static_cast<int>(key.size()));
  return key;
}

Relay::Relay(const Key& key, int number)
    : key_(key), next_message_((int64_t{number} << kMessageBits) + 1) {}

absl::StatusOr<User> Relay::UserNamed(std::string_view name) const {
  if (name.empty()) return absl::InvalidArgumentError("the user's name is empty");
  if (name.size() > UserTable::kMaxNameBytes) {
    return absl::InvalidArgumentError("the user's name is over 256 bytes");
  }
  return User{IdOf(name), std::string(name)};
}

absl::StatusOr<User> Relay::SignIn(std::string_view name, std::string_view password) const {
  if (password.empty()) return absl::UnauthenticatedError("the password is empty");
  return UserNamed(name);
}

std::string Relay::Signature(std::string_view text) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), &size);
  constexpr size_t kKept = 16;
  return absl::BytesToHexString({reinterpret_cast<char*>(digest.data()), kKept});
}

std::string Relay::Issue(const User& user) const {
  return absl::StrCat(absl::BytesToHexString(user.name), ".", Signature(user.name));
}

std::optional<User> Relay::Find(std::string_view token) const {
  const size_t dot = token.find('.');
  if (dot == token.npos || dot % 2 != 0) return std::nullopt;
  const std::string name = absl::HexStringToBytes({token.data(), dot});
  const std::string expected = Signature(name);
  const std::string_view given = token.substr(dot + 1);
  if (given.size() != expected.size() ||
      CRYPTO_memcmp(given.data(), expected.data(), expected.size()) != 0) {
    return std::nullopt;
  }
  absl::StatusOr<User> user = UserNamed(name);
  if (!user.ok()) return std::nullopt;
  return *std::move(user);
}

absl::Status Relay::Accept(Message& message) {
  if (message.content.empty()) return absl::InvalidArgumentError("content is empty");
  if (message.content.size() > MessageTable::kMaxContentBytes) {
    return absl::InvalidArgumentError("content is over 64 KiB");
  }
  message.id = next_message_++;
  return absl::OkStatus();
}

}  // namespace rampart::chat
