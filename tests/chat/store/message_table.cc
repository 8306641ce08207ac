#include "tests/chat/store/message_table.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/str_cat.h"

namespace rampart::chat {
namespace {

constexpr size_t kMaxTypeBytes = 32;

constexpr char kColumns[] = "m.id, m.channel_id, m.user_id, m.type, m.content, m.created_ms";

bool IsWord(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

absl::Status CheckText(const Message& message) {
  if (message.content.empty()) return absl::InvalidArgumentError("content is empty");
  if (message.content.size() > MessageTable::kMaxContentBytes) {
    return absl::InvalidArgumentError("content is over 64 KiB");
  }
  if (message.type.empty() || message.type.size() > kMaxTypeBytes ||
      !std::all_of(message.type.begin(), message.type.end(),
                   [](char c) { return IsWord(c) || c == '-'; })) {
    return absl::InvalidArgumentError("type must be 1 to 32 letters, digits, _ or -");
  }
  return absl::OkStatus();
}

}  // namespace

Message MessageRow(const Cursor& cursor, int first) {
  return {cursor.Int(first),      cursor.Int(first + 1),  cursor.Int(first + 2),
          cursor.Text(first + 3), cursor.Text(first + 4), cursor.Int(first + 5)};
}

MessageTable::MessageTable(Database& database, ChannelTable& channels, UserTable& users)
    : database_(database),
      channels_(channels),
      users_(users),
      insert_(database,
              "INSERT INTO messages(channel_id, user_id, type, content, created_ms)"
              " VALUES(?, ?, ?, ?, ?)"),
      get_(database, absl::StrCat("SELECT ", kColumns,
                                  " FROM messages m JOIN channels c ON c.id = m.channel_id"
                                  " WHERE m.id = ?")),
      list_(database, absl::StrCat("SELECT ", kColumns,
                                   " FROM messages m WHERE m.channel_id = ? AND m.id < ?"
                                   " ORDER BY m.id DESC LIMIT ?")),
      notify_(database, "INSERT INTO notifications(user_id, message_id) VALUES(?, ?)"),
      notifications_(database,
                     absl::StrCat("SELECT n.id, ", kColumns,
                                  " FROM notifications n JOIN messages m ON m.id = n.message_id"
                                  " WHERE n.user_id = ? ORDER BY n.id DESC LIMIT ?")),
      orphans_(database,
               "SELECT DISTINCT channel_id FROM messages"
               " WHERE channel_id NOT IN (SELECT id FROM channels)"),
      purge_(database,
             "DELETE FROM messages WHERE id IN"
             " (SELECT id FROM messages WHERE channel_id = ? LIMIT ?)") {}

absl::Status MessageTable::Check(const Message& message) {
  if (absl::Status status = CheckText(message); !status.ok()) return status;
  return channels_.Get(message.channel_id).status();
}

absl::Status MessageTable::Add(Message& message) {
  absl::Status written = insert_.Write(message.channel_id, message.user_id, message.type,
                                       message.content, message.created_ms);
  if (!written.ok()) return written;
  message.id = database_.last_insert_id();
  return NotifyMentioned(message);
}

absl::Status MessageTable::NotifyMentioned(const Message& message) {
  const std::string_view text = message.content;
  int mentions = 0;
  for (size_t at = text.find('@'); at != std::string_view::npos && mentions < kMaxMentions;
       at = text.find('@', at + 1)) {
    size_t end = at + 1;
    while (end < text.size() && IsWord(text[end])) ++end;
    if (end == at + 1) continue;
    ++mentions;
    absl::StatusOr<int64_t> user = users_.FindId(text.substr(at + 1, end - at - 1));
    if (!user.ok()) return user.status();
    if (*user == 0) continue;
    if (absl::Status status = notify_.Write(*user, message.id); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<Message> MessageTable::Get(int64_t id) {
  Cursor cursor = get_.Start(id);
  if (cursor.Next()) return MessageRow(cursor);
  if (!cursor.status().ok()) return cursor.status();
  return absl::NotFoundError(absl::StrCat("there is no message ", id));
}

absl::StatusOr<std::vector<Message>> MessageTable::List(int64_t channel_id, int64_t before,
                                                        int64_t limit) {
  if (absl::Status status = channels_.Get(channel_id).status(); !status.ok()) return status;
  std::vector<Message> messages;
  Cursor cursor = list_.Start(channel_id, before, limit);
  while (cursor.Next()) messages.push_back(MessageRow(cursor));
  if (!cursor.status().ok()) return cursor.status();
  return messages;
}

absl::StatusOr<std::vector<Notification>> MessageTable::Notifications(int64_t user_id,
                                                                      int64_t limit) {
  std::vector<Notification> notifications;
  Cursor cursor = notifications_.Start(user_id, limit);
  while (cursor.Next()) notifications.push_back({cursor.Int(0), MessageRow(cursor, 1)});
  if (!cursor.status().ok()) return cursor.status();
  return notifications;
}

absl::Status MessageTable::QueueOrphans() {
  Cursor cursor = orphans_.Start();
  while (cursor.Next()) QueueForPurge(cursor.Int(0));
  return cursor.status();
}

absl::StatusOr<bool> MessageTable::PurgeSome() {
  if (doomed_.empty()) return false;
  if (absl::Status status = purge_.Write(doomed_.front(), kPurgeBatch); !status.ok()) return status;
  if (database_.changes() == 0) doomed_.pop_front();
  return !doomed_.empty();
}

}  // namespace rampart::chat
