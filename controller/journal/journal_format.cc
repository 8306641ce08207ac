#include "controller/journal/journal_format.h"

#include <cstring>

#include "controller/journal/crc32c.h"

namespace rampart::controller {
namespace {

template <typename Number>
char* Put(Number number, char* to) {
  for (size_t i = 0; i < sizeof(Number); ++i) *to++ = static_cast<char>(number >> (8 * i));
  return to;
}

template <typename Number>
const char* Get(const char* from, Number* number) {
  *number = 0;
  for (size_t i = 0; i < sizeof(Number); ++i) {
    *number |= static_cast<Number>(static_cast<unsigned char>(*from++)) << (8 * i);
  }
  return from;
}

constexpr size_t kChecked = JournalFrame::kBytes - sizeof(uint32_t);

uint32_t CheckOf(uint64_t offset, const char* frame) {
  char place[sizeof(offset)];
  Put(offset, place);
  return Crc32c({frame, kChecked}, Crc32c({place, sizeof(place)}));
}

}  // namespace

void JournalFrame::Write(uint64_t offset, char* to) const {
  char* at = Put(kMark, to);
  at = Put(length, at);
  at = Put(durable, at);
  at = Put(payload_check, at);
  Put(CheckOf(offset, to), at);
}

std::optional<JournalFrame> JournalFrame::Read(uint64_t offset, const char* from) {
  uint32_t mark = 0;
  const char* at = Get(from, &mark);
  if (mark != kMark) return std::nullopt;
  JournalFrame frame;
  at = Get(at, &frame.length);
  at = Get(at, &frame.durable);
  at = Get(at, &frame.payload_check);
  uint32_t check = 0;
  Get(at, &check);
  if (check != CheckOf(offset, from)) return std::nullopt;
  return frame;
}

}  // namespace rampart::controller
