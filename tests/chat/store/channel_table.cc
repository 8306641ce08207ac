#include "tests/chat/store/channel_table.h"

#include "absl/strings/str_cat.h"

namespace rampart::chat {
namespace {

absl::Status NoChannel(int64_t id) {
  return absl::NotFoundError(absl::StrCat("there is no channel ", id));
}

}  // namespace

ChannelTable::ChannelTable(Database& database)
    : database_(database),
      insert_(database, "INSERT INTO channels(name, type) VALUES(?, ?)"),
      list_(database, "SELECT id, name, type FROM channels ORDER BY id LIMIT ? OFFSET ?"),
      get_(database, "SELECT id, name, type FROM channels WHERE id = ?"),
      delete_(database, "DELETE FROM channels WHERE id = ?") {}

absl::StatusOr<Channel> ChannelTable::Create(std::string_view name, std::string_view type) {
  if (absl::Status status = insert_.Write(name, type); !status.ok()) return status;
  return Channel{database_.last_insert_id(), std::string(name), std::string(type)};
}

absl::StatusOr<std::vector<Channel>> ChannelTable::List(int64_t limit, int64_t offset) {
  std::vector<Channel> channels;
  Cursor cursor = list_.Start(limit, offset);
  while (cursor.Next()) channels.push_back({cursor.Int(0), cursor.Text(1), cursor.Text(2)});
  if (!cursor.status().ok()) return cursor.status();
  return channels;
}

absl::StatusOr<Channel> ChannelTable::Get(int64_t id) {
  Cursor cursor = get_.Start(id);
  if (cursor.Next()) return Channel{cursor.Int(0), cursor.Text(1), cursor.Text(2)};
  if (!cursor.status().ok()) return cursor.status();
  return NoChannel(id);
}

absl::Status ChannelTable::Delete(int64_t id) {
  if (absl::Status status = delete_.Write(id); !status.ok()) return status;
  return database_.changes() > 0 ? absl::OkStatus() : NoChannel(id);
}

}  // namespace rampart::chat
