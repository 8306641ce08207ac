#include "tests/chat/store/database.h"

#include "absl/strings/str_cat.h"

namespace rampart::chat {

absl::Status Database::Error() const {
  return absl::InternalError(absl::StrCat("SQLite: ", sqlite3_errmsg(handle_.get())));
}

absl::Status Database::Open(const std::string& path) {
  sqlite3* handle = nullptr;
  const int result =
      sqlite3_open_v2(path.c_str(), &handle,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(handle);
  absl::Status status = result == SQLITE_OK ? Execute(
                                                  "PRAGMA journal_mode=WAL;"
                                                  "PRAGMA synchronous=OFF;"
                                                  "PRAGMA temp_store=MEMORY;"
                                                  "PRAGMA cache_size=-16000;")
                                            : Error();
  if (status.ok()) return status;
  return absl::UnavailableError(
      absl::StrCat("the database ", path, " cannot be opened: ", sqlite3_errmsg(handle)));
}

absl::Status Database::Execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK) return Error();
  return absl::OkStatus();
}

absl::Status Database::BeginWrite() {
  if (in_transaction_ && !is_atomic_ && grouped_writes_ >= kMaxGroupedWrites) {
    if (absl::Status status = Commit(); !status.ok()) return status;
  }
  ++grouped_writes_;
  if (in_transaction_) return absl::OkStatus();
  if (absl::Status status = Execute("BEGIN IMMEDIATE"); !status.ok()) return status;
  in_transaction_ = true;
  if (on_dirty_) on_dirty_();
  return absl::OkStatus();
}

absl::Status Database::Commit() {
  if (!in_transaction_) return absl::OkStatus();
  in_transaction_ = false;
  grouped_writes_ = 0;
  absl::Status status = Execute("COMMIT");
  if (!status.ok()) Execute("ROLLBACK").IgnoreError();
  return status;
}

absl::Status Database::Atomically(const std::function<absl::Status()>& write) {
  if (absl::Status status = Commit(); !status.ok()) return status;
  if (absl::Status status = Execute("BEGIN IMMEDIATE"); !status.ok()) return status;
  in_transaction_ = is_atomic_ = true;
  absl::Status status = write();
  is_atomic_ = false;
  if (status.ok()) return Commit();
  in_transaction_ = false;
  grouped_writes_ = 0;
  Execute("ROLLBACK").IgnoreError();
  return status;
}

void Cursor::Bind(int index, int64_t value) { sqlite3_bind_int64(statement_, index, value); }

void Cursor::Bind(int index, std::string_view text) {
  sqlite3_bind_text(statement_, index, text.data() == nullptr ? "" : text.data(),
                    static_cast<int>(text.size()), SQLITE_STATIC);
}

bool Cursor::Next() {
  const int result = statement_ == nullptr ? SQLITE_ERROR : sqlite3_step(statement_);
  if (result == SQLITE_ROW) return true;
  if (result != SQLITE_DONE) status_ = database_.Error();
  return false;
}

std::string Cursor::Text(int column) const {
  const unsigned char* text = sqlite3_column_text(statement_, column);
  if (text == nullptr) return "";
  return std::string(reinterpret_cast<const char*>(text),
                     static_cast<size_t>(sqlite3_column_bytes(statement_, column)));
}

sqlite3_stmt* Statement::Prepared() {
  if (statement_ == nullptr) {
    sqlite3_stmt* statement = nullptr;
    sqlite3_prepare_v3(database_.handle(), sql_.c_str(), static_cast<int>(sql_.size()) + 1,
                       SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
    statement_.reset(statement);
  }
  return statement_.get();
}

}  // namespace rampart::chat
