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

void Segment::Add(Document document, std::string_view content) {
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

std::vector<Segment::Count> Segment::CountsOfPrefix(std::string_view prefix) const {
  // A byte a document beats merging the lists of many words.
  std::vector<uint8_t> times(documents_.size());
  ForEachPostings(prefix, [&](const Postings& postings) {
    postings.ForEach([&](uint32_t document, uint32_t) {
      if (times[document] < std::numeric_limits<uint8_t>::max()) ++times[document];
    });
  });
  std::vector<Count> counts;
  for (uint32_t i = 0; i < times.size(); ++i) {
    if (times[i] > 0) counts.push_back({i, times[i]});
  }
  return counts;
}

Segment::Places Segment::PlacesOf(std::string_view word, bool is_prefix) const {
  Places places;
  const auto add = [&places](const Postings& postings) {
    postings.ForEach(
        [&](uint32_t document, uint32_t position) { places.push_back(Place(document, position)); });
  };
  if (is_prefix) {
    ForEachPostings(word, add);
    std::sort(places.begin(), places.end());
  } else if (const auto found = postings_.find(word); found != postings_.end()) {
    add(found->second);
  }
  return places;
}

std::vector<Segment::Count> Segment::CountsOf(const Clause& clause) const {
  if (clause.words.size() == 1 && clause.is_prefix) return CountsOfPrefix(clause.words[0]);
  std::vector<Count> counts;
  const auto count = [&counts](uint32_t document) {
    if (counts.empty() || counts.back().document != document) counts.push_back({document, 0});
    ++counts.back().times;
  };
  if (clause.words.size() == 1) {
    const auto found = postings_.find(clause.words[0]);
    if (found == postings_.end()) return counts;
    counts.reserve(found->second.documents());
    found->second.ForEach([&](uint32_t document, uint32_t) { count(document); });
    return counts;
  }
  // Where the phrase begins: where the first word is, and the n-th n places after it.
  Places begins = PlacesOf(clause.words[0], false);
  for (size_t i = 1; i < clause.words.size() && !begins.empty(); ++i) {
    const bool is_last = i + 1 == clause.words.size();
    const Places next = PlacesOf(clause.words[i], is_last && clause.is_prefix);
    auto at = next.begin();
    std::erase_if(begins, [&](uint64_t begin) {
      while (at != next.end() && *at < begin + i) ++at;
      return at == next.end() || *at != begin + i;
    });
  }
  for (const uint64_t begin : begins) count(static_cast<uint32_t>(begin >> 32));
  return counts;
}

std::vector<Segment::Match> Segment::Find(const std::vector<Clause>& clauses) const {
  std::vector<Match> matches;
  // How much more often a word must occur in a long message to count as much.
  const float per_message = kSaturation * (1 - kLengthWeight);
  const float per_word = kSaturation * kLengthWeight * static_cast<float>(documents_.size()) /
                         static_cast<float>(std::max<uint64_t>(1, all_words_));
  for (const Clause& clause : clauses) {
    const std::vector<Count> counts = CountsOf(clause);
    const double rarity =
        std::log(1 + (static_cast<double>(documents_.size() - counts.size()) + 0.5) /
                         (static_cast<double>(counts.size()) + 0.5));
    const float weight = static_cast<float>(rarity) * (kSaturation + 1);
    const auto score = [&](const Count& count) {
      const float times = static_cast<float>(count.times);
      const float words = static_cast<float>(documents_[count.document].words);
      return weight * times / (times + per_message + per_word * words);
    };
    if (&clause == &clauses.front()) {
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
