#include "tests/chat/store/search_index.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/str_cat.h"

namespace rampart::chat {
namespace {

constexpr size_t kMinWordBytes = 2;
constexpr size_t kMaxWordBytes = 32;

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower;
}

// Every word becomes a quoted string, so that nothing in it is taken for FTS5's query language.
absl::StatusOr<std::string> MatchExpression(const SearchQuery& query) {
  if (query.text.size() > SearchIndex::kMaxQueryBytes) {
    return absl::InvalidArgumentError("q is over 1 KiB");
  }
  std::string match = "content : (";
  size_t words = 0;
  bool in_word = false;
  for (const char c : query.text) {
    if (static_cast<unsigned char>(c) <= ' ') {
      if (in_word) match += '"';
      in_word = false;
      continue;
    }
    if (!in_word) {
      match += ++words > 1 ? " AND \"" : "\"";
      in_word = true;
    }
    if (c == '"') match += '"';
    match += c;
  }
  if (in_word) match += '"';
  if (words == 0) return absl::InvalidArgumentError("q holds no word");
  if (words > SearchIndex::kMaxQueryWords) {
    return absl::InvalidArgumentError("q holds over 16 words");
  }
  match += ")";
  if (query.channel_id != 0) absl::StrAppend(&match, " AND scope : \"c", query.channel_id, "\"");
  if (!query.type.empty()) {
    std::string type;
    for (const char c : query.type) type += c == '"' || c == '\0' ? ' ' : c;
    absl::StrAppend(&match, " AND scope : \"t", type, "\"");
  }
  return match;
}

}  // namespace

SearchIndex::SearchIndex(Database& database)
    : find_(database, "SELECT rowid FROM search WHERE search MATCH ? ORDER BY rowid DESC LIMIT ?"),
      find_dated_(database,
                  "SELECT m.id FROM (SELECT rowid AS id FROM search WHERE search MATCH ?"
                  " ORDER BY rowid DESC LIMIT ?) f JOIN messages m ON m.id = f.id"
                  " WHERE m.created_ms BETWEEN ? AND ? LIMIT ?"),
      get_(database,
           "SELECT m.id, m.channel_id, m.user_id, m.type, m.content, m.created_ms FROM messages m"
           " JOIN channels c ON c.id = m.channel_id WHERE m.id = ?"),
      add_word_(database, "INSERT OR IGNORE INTO words(word) VALUES(?)"),
      all_words_(database, "SELECT word FROM words LIMIT ?") {}

absl::StatusOr<SearchResult> SearchIndex::Search(const SearchQuery& query) {
  absl::StatusOr<std::string> match = MatchExpression(query);
  if (!match.ok()) return match.status();
  const SearchQuery any;
  const bool dated = query.from_ms != any.from_ms || query.to_ms != any.to_ms;
  std::vector<int64_t> ids;
  {
    Cursor cursor =
        dated ? find_dated_.Start(*match, kMaxDated, query.from_ms, query.to_ms, kMaxTotal)
              : find_.Start(*match, kMaxTotal);
    while (cursor.Next()) ids.push_back(cursor.Int(0));
    if (!cursor.status().ok()) return cursor.status();
  }
  std::sort(ids.rbegin(), ids.rend());
  SearchResult result;
  result.total = static_cast<int64_t>(ids.size());
  const int64_t end = std::min(result.total, query.offset + query.limit);
  for (int64_t i = query.offset; i < end; ++i) {
    Cursor cursor = get_.Start(ids[static_cast<size_t>(i)]);
    if (cursor.Next()) {
      result.messages.push_back({cursor.Int(0), cursor.Int(1), cursor.Int(2), cursor.Text(3),
                                 cursor.Text(4), cursor.Int(5)});
    }
    if (!cursor.status().ok()) return cursor.status();
  }
  return result;
}

std::vector<std::string> SearchIndex::Suggest(std::string_view prefix, size_t limit) const {
  const std::string lower = Lower(prefix);
  std::vector<std::string> found;
  for (auto it = words_.lower_bound(lower);
       it != words_.end() && it->starts_with(lower) && found.size() < limit; ++it) {
    found.push_back(*it);
  }
  return found;
}

absl::Status SearchIndex::LoadWords() {
  Cursor cursor = all_words_.Start(static_cast<int64_t>(kMaxWords));
  while (cursor.Next()) words_.insert(cursor.Text(0));
  return cursor.status();
}

absl::Status SearchIndex::AddWords(std::string_view content) {
  const auto is_letter = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || (static_cast<uint8_t>(c) & 0x80);
  };
  for (size_t i = 0; i < content.size() && words_.size() < kMaxWords;) {
    if (!is_letter(content[i])) {
      ++i;
      continue;
    }
    size_t end = i;
    while (end < content.size() && is_letter(content[end])) ++end;
    const size_t size = end - i;
    if (size >= kMinWordBytes && size <= kMaxWordBytes) {
      const auto [word, is_new] = words_.insert(Lower(content.substr(i, size)));
      if (is_new) {
        if (absl::Status status = add_word_.Write(*word); !status.ok()) return status;
      }
    }
    i = end;
  }
  return absl::OkStatus();
}

}  // namespace rampart::chat
