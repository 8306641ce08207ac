// Where one word occurs.
#ifndef RAMPART_TESTS_CHAT_SEARCH_POSTINGS_H_
#define RAMPART_TESTS_CHAT_SEARCH_POSTINGS_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace rampart::chat {

// The occurrences of one word, in the order of (document, position); two bytes each as a rule: the
// distance of the document to the one before, then the position, or within one document its
// distance. Every kSkip-th document is noted, so that readers need not pass all before it. Owned by
// a Segment.
class Postings {
 public:
  static constexpr uint32_t kSkip = 64;
  struct Noted {
    uint32_t document;
    uint32_t before;  // the document before it
    uint32_t offset;  // of its first byte
  };

  // Not before the last one.
  void Add(uint32_t document, uint32_t position) {
    const bool is_same = documents_ > 0 && document == last_document_;
    if (!is_same && documents_ % kSkip == 0 && documents_ > 0) {
      skips_.push_back({document, last_document_, static_cast<uint32_t>(bytes_.size())});
    }
    Append(document - last_document_);
    Append(is_same ? position - last_position_ : position);
    if (!is_same) ++documents_;
    last_document_ = document;
    last_position_ = position;
  }

  uint32_t documents() const { return documents_; }

  // Goes over the occurrences, forward only. Valid while nothing is added.
  class Reader {
   public:
    explicit Reader(const Postings& postings)
        : postings_(&postings),
          at_(postings.bytes_.data()),
          end_(at_ + postings.bytes_.size()),
          skip_(postings.skips_.begin()) {}

    // False: there are no more.
    bool Next() {
      if (at_ >= end_) return false;
      const uint32_t step = Read();
      const uint32_t place = Read();
      position_ = step == 0 ? position_ + place : place;
      document_ += step;
      return true;
    }

    // To the first occurrence at or after this one; the current one may be it. Only after Next.
    bool Seek(uint32_t document, uint32_t position) {
      if (document_ < document) Skip(document);
      while (document_ < document || (document_ == document && position_ < position)) {
        if (!Next()) return false;
      }
      return true;
    }

    uint32_t document() const { return document_; }
    uint32_t position() const { return position_; }

   private:
    void Skip(uint32_t document) {
      const auto end = postings_->skips_.end();
      if (skip_ == end || skip_->document > document) return;
      const auto after =
          std::upper_bound(skip_, end, document,
                           [](uint32_t one, const Noted& noted) { return one < noted.document; });
      skip_ = after;
      const Noted& noted = *std::prev(after);
      if (noted.document <= document_) return;
      at_ = postings_->bytes_.data() + noted.offset;
      document_ = noted.before;
      Next();
    }

    uint32_t Read() {
      uint32_t byte = static_cast<uint8_t>(*at_++);
      uint32_t number = byte & 0x7F;
      for (int shift = 7; byte >= 0x80; shift += 7) {
        byte = static_cast<uint8_t>(*at_++);
        number |= (byte & 0x7F) << shift;
      }
      return number;
    }

    const Postings* postings_;
    const char* at_;
    const char* end_;
    uint32_t document_ = 0;
    uint32_t position_ = 0;
    std::vector<Noted>::const_iterator skip_;
  };

  // Calls `take(document, position)` for each.
  template <class Take>
  void ForEach(Take take) const {
    Reader reader(*this);
    while (reader.Next()) take(reader.document(), reader.position());
  }

 private:
  void Append(uint32_t number) {
    for (; number >= 0x80; number >>= 7) bytes_ += static_cast<char>(number | 0x80);
    bytes_ += static_cast<char>(number);
  }

  std::string bytes_;
  std::vector<Noted> skips_;
  uint32_t documents_ = 0;
  uint32_t last_document_ = 0;
  uint32_t last_position_ = 0;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_SEARCH_POSTINGS_H_
