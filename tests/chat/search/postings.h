// Where one word occurs.
#ifndef RAMPART_TESTS_CHAT_SEARCH_POSTINGS_H_
#define RAMPART_TESTS_CHAT_SEARCH_POSTINGS_H_

#include <cstdint>
#include <string>

namespace rampart::chat {

// The occurrences of one word, in the order of (document, position); two bytes each as a rule: the
// distance of the document to the one before, then the position, or within one document its
// distance. Owned by a Segment.
class Postings {
 public:
  // Not before the last one.
  void Add(uint32_t document, uint32_t position) {
    const bool is_same = documents_ > 0 && document == last_document_;
    Append(document - last_document_);
    Append(is_same ? position - last_position_ : position);
    if (!is_same) ++documents_;
    last_document_ = document;
    last_position_ = position;
  }

  // Calls `take(document, position)` for each.
  template <class Take>
  void ForEach(Take take) const {
    uint32_t document = 0;
    uint32_t position = 0;
    const char* at = bytes_.data();
    const char* end = at + bytes_.size();
    bool is_first = true;
    while (at < end) {
      const uint32_t step = Read(at);
      const uint32_t place = Read(at);
      position = step == 0 && !is_first ? position + place : place;
      document += step;
      is_first = false;
      take(document, position);
    }
  }

  uint32_t documents() const { return documents_; }

 private:
  void Append(uint32_t number) {
    for (; number >= 0x80; number >>= 7) bytes_ += static_cast<char>(number | 0x80);
    bytes_ += static_cast<char>(number);
  }
  static uint32_t Read(const char*& at) {
    uint32_t byte = static_cast<uint8_t>(*at++);
    uint32_t number = byte & 0x7F;
    for (int shift = 7; byte >= 0x80; shift += 7) {
      byte = static_cast<uint8_t>(*at++);
      number |= (byte & 0x7F) << shift;
    }
    return number;
  }

  std::string bytes_;
  uint32_t documents_ = 0;
  uint32_t last_document_ = 0;
  uint32_t last_position_ = 0;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_SEARCH_POSTINGS_H_
