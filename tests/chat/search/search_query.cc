#include "tests/chat/search/search_query.h"

#include <algorithm>
#include <utility>

#include "tests/chat/search/words.h"

namespace rampart::chat {

absl::StatusOr<std::vector<Clause>> ParseClauses(std::string_view text) {
  if (text.size() > kMaxQueryBytes) return absl::InvalidArgumentError("q is over 1 KiB");
  std::vector<Clause> clauses;
  size_t words = 0;
  while (!text.empty()) {
    const bool is_quoted = text.front() == '"';
    if (is_quoted) text.remove_prefix(1);
    const size_t end =
        std::min(is_quoted ? text.find('"') : text.find_first_of(" \t\r\n\""), text.size());
    const std::string_view part = text.substr(0, end);
    Clause clause;
    ForEachWord(part, [&](std::string_view word) { clause.words.emplace_back(word); });
    clause.is_prefix = part.size() > 1 && part.back() == '*' && IsWordByte(part[part.size() - 2]);
    words += clause.words.size();
    if (!clause.words.empty()) clauses.push_back(std::move(clause));
    // The quote that begins the next phrase stays; blanks and a closing quote go.
    text.remove_prefix(end);
    if (!text.empty() && (is_quoted || text.front() != '"')) text.remove_prefix(1);
  }
  if (words == 0) return absl::InvalidArgumentError("q holds no word");
  if (words > kMaxQueryWords) return absl::InvalidArgumentError("q holds over 16 words");
  return clauses;
}

}  // namespace rampart::chat
