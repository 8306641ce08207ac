#include "tests/chat/store/user_table.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>

#include "absl/strings/escaping.h"

namespace rampart::chat {
namespace {

std::string NewSalt() {
  std::array<unsigned char, 16> bytes;
  RAND_bytes(bytes.data(), bytes.size());
  return absl::BytesToHexString({reinterpret_cast<char*>(bytes.data()), bytes.size()});
}

std::string Hash(std::string_view salt, std::string_view password) {
  std::string text(salt);
  text += password;
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return absl::BytesToHexString({reinterpret_cast<char*>(digest.data()), size});
}

absl::Status CheckName(std::string_view name) {
  if (name.empty()) return absl::InvalidArgumentError("the user's name is empty");
  if (name.size() > UserTable::kMaxNameBytes) {
    return absl::InvalidArgumentError("the user's name is over 256 bytes");
  }
  return absl::OkStatus();
}

}  // namespace

UserTable::UserTable(Database& database)
    : database_(database),
      find_(database, "SELECT id, salt, hash FROM users WHERE name = ?"),
      insert_(database, "INSERT INTO users(name, salt, hash) VALUES(?, ?, ?)"),
      set_password_(database, "UPDATE users SET salt = ?, hash = ? WHERE id = ?") {}

absl::StatusOr<User> UserTable::SignIn(std::string_view name, std::string_view password) {
  if (absl::Status status = CheckName(name); !status.ok()) return status;
  if (password.empty()) return absl::UnauthenticatedError("the password is empty");
  User user{0, std::string(name)};
  std::string salt;
  std::string hash;
  {
    Cursor cursor = find_.Start(name);
    if (cursor.Next()) {
      user.id = cursor.Int(0);
      salt = cursor.Text(1);
      hash = cursor.Text(2);
    }
    if (!cursor.status().ok()) return cursor.status();
  }
  if (!hash.empty()) {
    const std::string given = Hash(salt, password);
    if (CRYPTO_memcmp(given.data(), hash.data(), hash.size()) == 0) return user;
    return absl::UnauthenticatedError("the password is wrong");
  }
  salt = NewSalt();
  hash = Hash(salt, password);
  absl::Status written =
      user.id == 0 ? insert_.Write(name, salt, hash) : set_password_.Write(salt, hash, user.id);
  if (!written.ok()) return written;
  if (user.id == 0) user.id = database_.last_insert_id();
  return user;
}

absl::StatusOr<User> UserTable::FindOrCreate(std::string_view name) {
  if (absl::Status status = CheckName(name); !status.ok()) return status;
  absl::StatusOr<int64_t> id = FindId(name);
  if (!id.ok()) return id.status();
  if (*id != 0) return User{*id, std::string(name)};
  const std::string none;
  if (absl::Status status = insert_.Write(name, none, none); !status.ok()) return status;
  return User{database_.last_insert_id(), std::string(name)};
}

absl::StatusOr<int64_t> UserTable::FindId(std::string_view name) {
  Cursor cursor = find_.Start(name);
  const int64_t id = cursor.Next() ? cursor.Int(0) : 0;
  if (!cursor.status().ok()) return cursor.status();
  return id;
}

}  // namespace rampart::chat
