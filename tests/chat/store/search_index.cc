#include "tests/chat/store/search_index.h"

#include <algorithm>
#include <set>

#include "tests/chat/search/words.h"

namespace rampart::chat {

SearchIndex::SearchIndex(Database& database, size_t segment_messages)
    : segment_messages_(segment_messages),
      get_(database,
           "SELECT m.id, m.channel_id, m.user_id, m.type, m.content, m.created_ms FROM messages m"
           " JOIN channels c ON c.id = m.channel_id WHERE m.id = ?"),
      all_(database,
           "SELECT m.id, m.channel_id, m.user_id, m.type, m.content, m.created_ms FROM messages m"
           " WHERE m.channel_id IN (SELECT id FROM channels) ORDER BY m.id") {}

template <class Take>
void SearchIndex::ForEachHit(const SearchQuery& query, const std::vector<Clause>& clauses,
                             Take take) const {
  const auto type = types_.find(query.type);
  if (!query.type.empty() && type == types_.end()) return;
  for (const Segment& segment : segments_) {
    const bool with_scores = query.sort == SortBy::kRelevance;
    for (const Segment::Match& match : segment.Find(clauses, with_scores)) {
      const int64_t created_ms = segment.created_ms(match.document);
      if (created_ms < query.from_ms || created_ms > query.to_ms) continue;
      const Document& document = segment.document(match.document);
      if (query.channel_id != 0 && document.channel_id != query.channel_id) continue;
      if (query.user_id != 0 && document.user_id != query.user_id) continue;
      if (!query.type.empty() && document.type != type->second) continue;
      if (!gone_.empty() && gone_.contains(document.channel_id)) continue;
      take(Hit{&document, created_ms, match.score});
    }
  }
}

absl::StatusOr<SearchResult> SearchIndex::Search(const SearchQuery& query) {
  const absl::StatusOr<std::vector<Clause>> clauses = ParseClauses(query.text);
  if (!clauses.ok()) return clauses.status();
  const auto is_before = [&query](const Hit& a, const Hit& b) {
    if (query.sort == SortBy::kRelevance && a.score != b.score) return a.score > b.score;
    if (a.created_ms != b.created_ms) return a.created_ms > b.created_ms;
    return a.document->id > b.document->id;
  };
  SearchResult result;
  std::vector<Hit> first;  // a heap, the last of them in front
  const size_t wanted = static_cast<size_t>(query.offset + query.limit);
  ForEachHit(query, *clauses, [&](const Hit& hit) {
    ++result.total;
    if (first.size() == wanted) {
      if (!is_before(hit, first.front())) return;
      std::pop_heap(first.begin(), first.end(), is_before);
      first.pop_back();
    }
    first.push_back(hit);
    std::push_heap(first.begin(), first.end(), is_before);
  });
  std::sort_heap(first.begin(), first.end(), is_before);
  for (size_t i = static_cast<size_t>(query.offset); i < first.size(); ++i) {
    Cursor cursor = get_.Start(first[i].document->id);
    if (cursor.Next()) result.messages.push_back(MessageRow(cursor));
    if (!cursor.status().ok()) return cursor.status();
  }
  return result;
}

std::vector<std::string> SearchIndex::Suggest(std::string_view text, size_t limit) const {
  std::string prefix;
  ForEachWord(text, [&prefix](std::string_view word) { prefix = word; });
  if (prefix.empty()) return {};
  std::set<std::string> words;
  for (const Segment& segment : segments_) segment.Suggest(prefix, limit, words);
  std::vector<std::string> first(words.begin(), words.end());
  if (first.size() > limit) first.resize(limit);
  return first;
}

void SearchIndex::Add(const Message& message) {
  if (segments_.empty() || segments_.back().documents().size() >= segment_messages_) {
    if (segments_.size() >= kMaxSegments) DropOldest();
    segments_.emplace_back();
  }
  const uint32_t type =
      types_.emplace(message.type, static_cast<uint32_t>(types_.size())).first->second;
  segments_.back().Add({message.id, message.channel_id, message.user_id, type}, message.created_ms,
                       message.content);
  ++in_channel_[message.channel_id];
  ++messages_;
}

void SearchIndex::DropOldest() {
  for (const Document& document : segments_.front().documents()) {
    if (gone_.contains(document.channel_id)) continue;
    --in_channel_[document.channel_id];
    --messages_;
  }
  segments_.pop_front();
}

void SearchIndex::ForgetChannel(int64_t channel_id) {
  gone_.insert(channel_id);
  const auto found = in_channel_.find(channel_id);
  if (found == in_channel_.end()) return;
  messages_ -= found->second;
  in_channel_.erase(found);
}

absl::Status SearchIndex::Load() {
  Cursor cursor = all_.Start();
  while (cursor.Next()) Add(MessageRow(cursor));
  return cursor.status();
}

size_t SearchIndex::words() const {
  size_t words = 0;
  for (const Segment& segment : segments_) words += segment.words();
  return words;
}

}  // namespace rampart::chat
