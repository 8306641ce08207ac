#include "tests/chat/search/segment.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/chat/search/words.h"

namespace rampart::chat {
namespace {

// The usual constants of BM25.
constexpr float kSaturation = 1.2F;
constexpr float kLengthWeight = 0.75F;

constexpr uint64_t Place(uint32_t document, uint32_t position) {
  return uint64_t{document} << 32 | position;
}

}  // namespace

void Segment::Add(Document document, int64_t created_ms, std::string_view content) {
  const uint32_t number = static_cast<uint32_t>(documents_.size());
  ForEachWord(content, [&](std::string_view word) {
    auto found = postings_.find(word);
    if (found == postings_.end()) {
      found = postings_.emplace(std::string(word), Postings()).first;
    }
    found->second.Add(number, document.words++);
  });
  all_words_ += document.words;
  documents_.push_back(document);
  created_ms_.push_back(created_ms);
}

const Postings* Segment::Find(std::string_view word) const {
  const auto found = postings_.find(word);
  return found == postings_.end() ? nullptr : &found->second;
}

template <class Take>
void Segment::ForEachPostings(std::string_view prefix, Take take) const {
  size_t words = 0;
  for (auto it = postings_.lower_bound(prefix);
       it != postings_.end() && it->first.starts_with(prefix) && words < kMaxPrefixWords; ++it) {
    ++words;
    take(it->second);
  }
}

size_t Segment::Bound(const Clause& clause) const {
  size_t bound = documents_.size();
  for (size_t i = 0; i < clause.words.size(); ++i) {
    if (clause.is_prefix && i + 1 == clause.words.size()) break;
    const Postings* postings = Find(clause.words[i]);
    bound = std::min<size_t>(bound, postings == nullptr ? 0 : postings->documents());
  }
  return bound;
}

Segment::Counts Segment::CountsOfWord(const Postings& postings,
                                      const std::vector<Match>* in) const {
  Counts counts;
  const auto count = [&counts](uint32_t document) {
    if (counts.empty() || counts.back().document != document) counts.push_back({document, 0});
    ++counts.back().times;
  };
  if (in == nullptr) {
    counts.reserve(postings.documents());
    postings.ForEach([&](uint32_t document, uint32_t) { count(document); });
    return counts;
  }
  Postings::Reader reader(postings);
  bool more = reader.Next();
  for (const Match& match : *in) {
    more = more && reader.Seek(match.document, 0);
    for (; more && reader.document() == match.document; more = reader.Next()) {
      count(match.document);
    }
    if (!more) break;
  }
  return counts;
}

Segment::Counts Segment::CountsOfPrefix(std::string_view prefix) const {
  // A byte a document beats merging the lists of many words.
  std::vector<uint8_t> times(documents_.size());
  ForEachPostings(prefix, [&](const Postings& postings) {
    postings.ForEach([&](uint32_t document, uint32_t) {
      if (times[document] < std::numeric_limits<uint8_t>::max()) ++times[document];
    });
  });
  Counts counts;
  for (uint32_t i = 0; i < times.size(); ++i) {
    if (times[i] > 0) counts.push_back({i, times[i]});
  }
  return counts;
}

Segment::Counts Segment::CountsOfPhrase(const Clause& clause) const {
  Counts counts;
  const size_t whole = clause.words.size() - (clause.is_prefix ? 1 : 0);
  std::vector<Postings::Reader> readers;
  size_t rarest = 0;
  uint32_t fewest = std::numeric_limits<uint32_t>::max();
  for (size_t i = 0; i < whole; ++i) {
    const Postings* postings = Find(clause.words[i]);
    if (postings == nullptr) return counts;
    if (postings->documents() < fewest) {
      fewest = postings->documents();
      rarest = i;
    }
    readers.emplace_back(*postings);
    if (!readers.back().Next()) return counts;
  }
  std::vector<uint64_t> last;  // places of what the last word begins
  if (clause.is_prefix) {
    ForEachPostings(clause.words.back(), [&last](const Postings& postings) {
      postings.ForEach([&last](uint32_t document, uint32_t position) {
        last.push_back(Place(document, position));
      });
    });
    std::sort(last.begin(), last.end());
  }
  auto next_last = last.begin();
  // Where the rarest word is, the others must be around it.
  Postings::Reader& rare = readers[rarest];
  do {
    const uint32_t document = rare.document();
    if (rare.position() < rarest) continue;
    const uint32_t begin = rare.position() - static_cast<uint32_t>(rarest);
    bool is_match = true;
    for (uint32_t i = 0; i < whole && is_match; ++i) {
      if (i == rarest) continue;
      if (!readers[i].Seek(document, begin + i)) return counts;
      is_match = readers[i].document() == document && readers[i].position() == begin + i;
    }
    if (is_match && clause.is_prefix) {
      const uint64_t place = Place(document, begin + static_cast<uint32_t>(whole));
      while (next_last != last.end() && *next_last < place) ++next_last;
      is_match = next_last != last.end() && *next_last == place;
    }
    if (!is_match) continue;
    if (counts.empty() || counts.back().document != document) counts.push_back({document, 0});
    ++counts.back().times;
  } while (rare.Next());
  return counts;
}

Segment::Counts Segment::CountsOf(const Clause& clause, const std::vector<Match>* in) const {
  if (clause.words.size() > 1) return CountsOfPhrase(clause);
  if (clause.is_prefix) return CountsOfPrefix(clause.words[0]);
  const Postings* postings = Find(clause.words[0]);
  return postings == nullptr ? Counts() : CountsOfWord(*postings, in);
}

std::vector<Segment::Match> Segment::Find(const std::vector<Clause>& clauses,
                                          bool with_scores) const {
  // The rarest first: the others are then looked for in few documents only.
  std::vector<std::pair<size_t, const Clause*>> order;
  for (const Clause& clause : clauses) order.emplace_back(Bound(clause), &clause);
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  // How much more often a word must occur in a long message to count as much.
  const float per_message = kSaturation * (1 - kLengthWeight);
  const float per_word = kSaturation * kLengthWeight * static_cast<float>(documents_.size()) /
                         static_cast<float>(std::max<uint64_t>(1, all_words_));
  const double all = static_cast<double>(documents_.size());
  std::vector<Match> matches;
  bool is_first = true;
  for (const auto& [bound, clause] : order) {
    const Counts counts = CountsOf(*clause, is_first ? nullptr : &matches);
    const bool is_word = clause->words.size() == 1 && !clause->is_prefix;
    const double in = static_cast<double>(is_word ? bound : counts.size());
    const float weight =
        static_cast<float>(std::log(1 + (all - in + 0.5) / (in + 0.5))) * (kSaturation + 1);
    const auto score = [&](const Count& count) {
      if (!with_scores) return 0.0F;
      const float times = static_cast<float>(count.times);
      const float words = static_cast<float>(documents_[count.document].words);
      return weight * times / (times + per_message + per_word * words);
    };
    if (is_first) {
      matches.reserve(counts.size());
      for (const Count& count : counts) matches.push_back({count.document, score(count)});
    } else {
      auto at = counts.begin();
      std::erase_if(matches, [&](Match& match) {
        while (at != counts.end() && at->document < match.document) ++at;
        if (at == counts.end() || at->document != match.document) return true;
        match.score += score(*at);
        return false;
      });
    }
    is_first = false;
    if (matches.empty()) break;
  }
  return matches;
}

void Segment::Suggest(std::string_view prefix, size_t limit, std::set<std::string>& words) const {
  size_t taken = 0;
  for (auto it = postings_.lower_bound(prefix);
       it != postings_.end() && it->first.starts_with(prefix) && taken < limit; ++it) {
    words.insert(it->first);
    ++taken;
  }
}

}  // namespace rampart::chat
