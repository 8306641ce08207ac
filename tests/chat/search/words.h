// What a word of a message is.
#ifndef RAMPART_TESTS_CHAT_SEARCH_WORDS_H_
#define RAMPART_TESTS_CHAT_SEARCH_WORDS_H_

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

namespace rampart::chat {

inline constexpr size_t kMaxWordBytes = 64;  // what is longer counts by its beginning

// Letters and digits of ASCII, and whatever is beyond ASCII.
inline bool IsWordByte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (static_cast<uint8_t>(c) & 0x80) != 0;
}

inline char LowerByte(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Calls `take` with each word, in small letters, which stays valid during the call.
template <class Take>
void ForEachWord(std::string_view text, Take take) {
  std::string word;
  for (size_t i = 0; i < text.size();) {
    if (!IsWordByte(text[i])) {
      ++i;
      continue;
    }
    word.clear();
    for (; i < text.size() && IsWordByte(text[i]); ++i) {
      if (word.size() < kMaxWordBytes) word += LowerByte(text[i]);
    }
    take(std::string_view(word));
  }
}

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_SEARCH_WORDS_H_
