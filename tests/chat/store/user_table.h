// Users and their passwords.
#ifndef RAMPART_TESTS_CHAT_STORE_USER_TABLE_H_
#define RAMPART_TESTS_CHAT_STORE_USER_TABLE_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "tests/chat/store/database.h"

namespace rampart::chat {

struct User {
  int64_t id = 0;
  std::string name;
};

// Owned by Store, used in its lock. Passwords are kept as salted SHA-256: this is a load target.
class UserTable {
 public:
  static constexpr size_t kMaxNameBytes = 256;

  explicit UserTable(Database& database);

  // Creates the user at its first sign-in. kUnauthenticated: the password is wrong or empty.
  absl::StatusOr<User> SignIn(std::string_view name, std::string_view password);

  // Creates a user without a password, which the first SignIn sets.
  absl::StatusOr<User> FindOrCreate(std::string_view name);

  // 0: there is none.
  absl::StatusOr<int64_t> FindId(std::string_view name);

 private:
  Database& database_;
  Statement find_;
  Statement insert_;
  Statement set_password_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_STORE_USER_TABLE_H_
