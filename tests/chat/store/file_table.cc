#include "tests/chat/store/file_table.h"

#include "absl/strings/str_cat.h"

namespace rampart::chat {
namespace {

StoredFile Row(Cursor& cursor) {
  return StoredFile{cursor.Int(0), cursor.Int(1),  cursor.Text(2), cursor.Text(3),
                    cursor.Int(4), cursor.Text(5), cursor.Text(6)};
}

}  // namespace

FileTable::FileTable(Database& database)
    : database_(database),
      insert_(database,
              "INSERT INTO files(user_id, name, content_type, size, status, sha256)"
              " VALUES(?, ?, ?, ?, 'processing', '')"),
      get_(database,
           "SELECT id, user_id, name, content_type, size, status, sha256 FROM files WHERE id = ?"),
      list_(database,
            "SELECT id, user_id, name, content_type, size, status, sha256 FROM files"
            " ORDER BY id DESC LIMIT ?"),
      delete_(database, "DELETE FROM files WHERE id = ?"),
      update_(database, "UPDATE files SET status = ?, sha256 = ? WHERE id = ?"),
      total_(database, "SELECT coalesce(sum(size), 0) FROM files"),
      unprocessed_(database, "SELECT id FROM files WHERE status = 'processing'") {}

absl::Status FileTable::Add(StoredFile& file) {
  absl::Status status = insert_.Write(file.user_id, file.name, file.content_type, file.size);
  if (!status.ok()) return status;
  file.id = database_.last_insert_id();
  file.status = "processing";
  return absl::OkStatus();
}

absl::StatusOr<StoredFile> FileTable::Get(int64_t id) {
  Cursor cursor = get_.Start(id);
  if (cursor.Next()) return Row(cursor);
  if (!cursor.status().ok()) return cursor.status();
  return absl::NotFoundError(absl::StrCat("there is no file ", id));
}

absl::StatusOr<std::vector<StoredFile>> FileTable::List(int64_t limit) {
  std::vector<StoredFile> files;
  Cursor cursor = list_.Start(limit);
  while (cursor.Next()) files.push_back(Row(cursor));
  if (!cursor.status().ok()) return cursor.status();
  return files;
}

absl::Status FileTable::Delete(int64_t id) { return delete_.Write(id); }

absl::Status FileTable::SetProcessed(int64_t id, std::string_view sha256) {
  const std::string_view status = "processed";
  return update_.Write(status, sha256, id);
}

absl::Status FileTable::SetFailed(int64_t id) {
  const std::string_view status = "failed";
  return update_.Write(status, std::string_view(), id);
}

absl::StatusOr<int64_t> FileTable::TotalBytes() {
  Cursor cursor = total_.Start();
  if (cursor.Next()) return cursor.Int(0);
  return cursor.status();
}

absl::StatusOr<std::vector<int64_t>> FileTable::Unprocessed() {
  std::vector<int64_t> ids;
  Cursor cursor = unprocessed_.Start();
  while (cursor.Next()) ids.push_back(cursor.Int(0));
  if (!cursor.status().ok()) return cursor.status();
  return ids;
}

}  // namespace rampart::chat
