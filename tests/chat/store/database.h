// SQLite with prepared statements, writes in groups, and errors as values.
#ifndef RAMPART_TESTS_CHAT_STORE_DATABASE_H_
#define RAMPART_TESTS_CHAT_STORE_DATABASE_H_

#include <sqlite3.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "absl/status/status.h"

namespace rampart::chat {

// One connection to a database file: WAL, and synchronous=OFF, for a target whose event loop waited
// for a disk would measure the disk. Owned by Store, used in its lock. Writes share a transaction,
// which Commit ends, or the kMaxGroupedWrites-th write: a crash loses what was written since, a
// power failure may lose more. Reads see what was written, for there is only this connection.
class Database {
 public:
  static constexpr int kMaxGroupedWrites = 512;

  // kUnavailable when the file cannot be opened or is no database.
  absl::Status Open(const std::string& path);

  absl::Status Execute(const char* sql);

  // Before every write: begins a transaction when none is open, and then calls `on_dirty`.
  absl::Status BeginWrite();
  absl::Status Commit();
  // All that `write` writes, or nothing if it fails: a transaction of its own.
  absl::Status Atomically(const std::function<absl::Status()>& write);
  void SetOnDirty(std::function<void()> on_dirty) { on_dirty_ = std::move(on_dirty); }

  int64_t last_insert_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
  int changes() const { return sqlite3_changes(handle_.get()); }
  sqlite3* handle() const { return handle_.get(); }
  absl::Status Error() const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }
  };

  std::unique_ptr<sqlite3, Close> handle_;
  std::function<void()> on_dirty_;
  bool in_transaction_ = false;
  bool is_atomic_ = false;  // no commit until Atomically ends
  int grouped_writes_ = 0;
};

// A statement that runs: rows one after the other. Made by Statement, at most one of each at a
// time. Text that was bound must outlive the cursor.
class Cursor {
 public:
  template <class... Values>
  Cursor(Database& database, sqlite3_stmt* statement, const Values&... values)
      : database_(database), statement_(statement) {
    int index = 0;
    (Bind(++index, values), ...);
  }
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;
  ~Cursor() { sqlite3_reset(statement_); }

  // False: no more rows, or an error, see status().
  bool Next();
  absl::Status status() const { return status_; }

  int64_t Int(int column) const { return sqlite3_column_int64(statement_, column); }
  std::string Text(int column) const;

 private:
  void Bind(int index, int64_t value);
  void Bind(int index, std::string_view text);

  Database& database_;
  sqlite3_stmt* statement_;  // nullptr: it could not be prepared
  absl::Status status_;
};

// A statement, prepared at its first use. Owned by a table.
class Statement {
 public:
  Statement(Database& database, std::string sql) : database_(database), sql_(std::move(sql)) {}

  template <class... Values>
  Cursor Start(const Values&... values) {
    return Cursor(database_, Prepared(), values...);
  }

  // A write, which yields no rows.
  template <class... Values>
  absl::Status Write(const Values&... values) {
    if (absl::Status begun = database_.BeginWrite(); !begun.ok()) return begun;
    Cursor cursor(database_, Prepared(), values...);
    cursor.Next();
    return cursor.status();
  }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  sqlite3_stmt* Prepared();

  Database& database_;
  std::string sql_;
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_STORE_DATABASE_H_
