#include "tests/chat/store/store.h"

#include <filesystem>
#include <system_error>

#include "absl/strings/str_cat.h"

namespace rampart::chat {
namespace {

constexpr char kSchema[] = R"sql(
CREATE TABLE IF NOT EXISTS users(
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, salt TEXT NOT NULL, hash TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS channels(
  id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, type TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS messages(
  id INTEGER PRIMARY KEY, channel_id INTEGER NOT NULL, user_id INTEGER NOT NULL,
  type TEXT NOT NULL, content TEXT NOT NULL, created_ms INTEGER NOT NULL,
  scope TEXT AS ('c' || channel_id || ' t' || type) VIRTUAL);
CREATE INDEX IF NOT EXISTS messages_by_channel ON messages(channel_id, id);
CREATE TABLE IF NOT EXISTS notifications(
  id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, message_id INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS notifications_by_user ON notifications(user_id, id);
CREATE INDEX IF NOT EXISTS notifications_by_message ON notifications(message_id);
CREATE TABLE IF NOT EXISTS files(
  id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, name TEXT NOT NULL,
  content_type TEXT NOT NULL, size INTEGER NOT NULL, status TEXT NOT NULL, sha256 TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS words(word TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5(
  content, scope, content='messages', content_rowid='id', columnsize=0);
CREATE TRIGGER IF NOT EXISTS message_added AFTER INSERT ON messages BEGIN
  INSERT INTO search(rowid, content, scope) VALUES(new.id, new.content, new.scope);
END;
CREATE TRIGGER IF NOT EXISTS message_removed AFTER DELETE ON messages BEGIN
  INSERT INTO search(search, rowid, content, scope)
    VALUES('delete', old.id, old.content, old.scope);
  DELETE FROM notifications WHERE message_id = old.id;
END;
)sql";

}  // namespace

absl::Status Tables::AddMessage(Message& message) {
  if (absl::Status status = messages.Add(message); !status.ok()) return status;
  return search.AddWords(message.content);
}

absl::Status Tables::AddMessages(std::vector<Message>& added) {
  if (absl::Status status = database.BeginWrite(); !status.ok()) return status;
  if (absl::Status status = database.Execute("SAVEPOINT bulk"); !status.ok()) return status;
  for (size_t i = 0; i < added.size(); ++i) {
    absl::Status status = messages.Add(added[i]);
    if (status.ok()) continue;
    database.Execute("ROLLBACK TO bulk; RELEASE bulk").IgnoreError();
    return absl::Status(status.code(), absl::StrCat("messages[", i, "]: ", status.message()));
  }
  if (absl::Status status = database.Execute("RELEASE bulk"); !status.ok()) return status;
  for (const Message& message : added) {
    if (absl::Status status = search.AddWords(message.content); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Tables::DeleteChannel(int64_t id) {
  if (absl::Status status = channels.Delete(id); !status.ok()) return status;
  messages.QueueForPurge(id);
  return absl::OkStatus();
}

absl::Status Store::Open(const std::string& directory) {
  directory_ = directory;
  std::error_code error;
  std::filesystem::create_directories(directory_ + "/files", error);
  // Uploads that were under way when a server ended.
  if (!error) std::filesystem::remove_all(directory_ + "/incoming", error);
  if (!error) std::filesystem::create_directories(directory_ + "/incoming", error);
  if (error) {
    return absl::UnavailableError(
        absl::StrCat("the data folder ", directory_, " cannot be used: ", error.message()));
  }
  Access tables = Lock();
  absl::Status status = tables->database.Open(directory_ + "/chat.db");
  if (status.ok()) status = tables->database.Execute(kSchema);
  if (status.ok()) status = tables->search.LoadWords();
  if (status.ok()) status = tables->messages.QueueOrphans();
  return status;
}

void Store::SetOnDirty(std::function<void()> on_dirty) {
  Lock()->database.SetOnDirty(std::move(on_dirty));
}

absl::StatusOr<bool> Store::Tick() {
  Access tables = Lock();
  absl::StatusOr<bool> more = tables->messages.PurgeSome();
  absl::Status committed = tables->database.Commit();
  if (!committed.ok()) return committed;
  return more;
}

std::string Store::FilePath(int64_t file_id) const {
  return absl::StrCat(directory_, "/files/", file_id);
}

std::string Store::TemporaryPath() {
  std::lock_guard lock(mutex_);
  return absl::StrCat(directory_, "/incoming/", ++temporary_files_);
}

}  // namespace rampart::chat
