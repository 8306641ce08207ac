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
  type TEXT NOT NULL, content TEXT NOT NULL, created_ms INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS messages_by_channel ON messages(channel_id, id);
CREATE TABLE IF NOT EXISTS notifications(
  id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, message_id INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS notifications_by_user ON notifications(user_id, id);
CREATE INDEX IF NOT EXISTS notifications_by_message ON notifications(message_id);
CREATE TABLE IF NOT EXISTS files(
  id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, name TEXT NOT NULL,
  content_type TEXT NOT NULL, size INTEGER NOT NULL, status TEXT NOT NULL, sha256 TEXT NOT NULL);
CREATE TRIGGER IF NOT EXISTS message_removed AFTER DELETE ON messages BEGIN
  DELETE FROM notifications WHERE message_id = old.id;
END;
)sql";

}  // namespace

absl::Status Tables::AddMessage(Message& message) {
  if (absl::Status status = messages.Check(message); !status.ok()) return status;
  if (absl::Status status = messages.Add(message); !status.ok()) return status;
  search.Add(message);
  return absl::OkStatus();
}

absl::Status Tables::AddMessages(std::vector<Message>& added) {
  for (size_t i = 0; i < added.size(); ++i) {
    absl::Status status = messages.Check(added[i]);
    if (status.ok()) continue;
    return absl::Status(status.code(), absl::StrCat("messages[", i, "]: ", status.message()));
  }
  absl::Status status = database.Atomically([&] {
    for (Message& message : added) {
      if (absl::Status written = messages.Add(message); !written.ok()) return written;
    }
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  for (const Message& message : added) search.Add(message);
  return absl::OkStatus();
}

absl::Status Tables::DeleteChannel(int64_t id) {
  if (absl::Status status = channels.Delete(id); !status.ok()) return status;
  messages.QueueForPurge(id);
  search.ForgetChannel(id);
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
  if (status.ok()) status = tables->search.Load();
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
