// An index of some of the messages.
#ifndef RAMPART_TESTS_CHAT_SEARCH_SEGMENT_H_
#define RAMPART_TESTS_CHAT_SEARCH_SEGMENT_H_

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/btree_map.h"
#include "tests/chat/search/postings.h"
#include "tests/chat/search/search_query.h"

namespace rampart::chat {

// What is known of an indexed message beside its words and its time.
struct Document {
  int64_t id = 0;
  int64_t channel_id = 0;
  int64_t user_id = 0;
  uint32_t type = 0;   // a number that its index gave it
  uint32_t words = 0;  // how many it has
};

// An inverted index in memory that only grows. Owned by SearchIndex.
class Segment {
 public:
  // A prefix stands for the first so many words that begin with it.
  static constexpr size_t kMaxPrefixWords = 10'000;

  // `document.words` is counted here.
  void Add(Document document, int64_t created_ms, std::string_view content);

  struct Match {
    uint32_t document = 0;  // for `document()`
    float score = 0;        // BM25: rare words in short messages count most
  };
  // The documents in which every clause occurs, oldest first. At least one clause. Scores cost
  // time: without `with_scores` they are 0.
  std::vector<Match> Find(const std::vector<Clause>& clauses, bool with_scores) const;

  // Adds words that begin with `prefix`, at most `limit` of them, in alphabetic order.
  void Suggest(std::string_view prefix, size_t limit, std::set<std::string>& words) const;

  const Document& document(uint32_t number) const { return documents_[number]; }
  int64_t created_ms(uint32_t number) const { return created_ms_[number]; }
  const std::vector<Document>& documents() const { return documents_; }
  size_t words() const { return postings_.size(); }

 private:
  struct Count {
    uint32_t document = 0;
    uint32_t times = 0;
  };
  using Counts = std::vector<Count>;  // by document

  const Postings* Find(std::string_view word) const;
  // At least so many documents as the clause is in; what a prefix may be in is not looked up.
  size_t Bound(const Clause& clause) const;
  // How often the clause is in which documents: in all, or in those of `in` when it is not null.
  Counts CountsOf(const Clause& clause, const std::vector<Match>* in) const;
  Counts CountsOfWord(const Postings& postings, const std::vector<Match>* in) const;
  Counts CountsOfPrefix(std::string_view prefix) const;
  Counts CountsOfPhrase(const Clause& clause) const;
  // Calls `take` with the postings of the words that begin with `prefix`.
  template <class Take>
  void ForEachPostings(std::string_view prefix, Take take) const;

  absl::btree_map<std::string, Postings, std::less<>> postings_;
  std::vector<Document> documents_;
  std::vector<int64_t> created_ms_;  // apart: a search by date reads nothing else of most
  uint64_t all_words_ = 0;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_SEARCH_SEGMENT_H_
