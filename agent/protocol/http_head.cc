#include "agent/protocol/http_head.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <utility>

#include "agent/protocol/header_text.h"

namespace rampart::agent {
namespace {

constexpr std::string_view kVersion = "HTTP/1.";

// A character of a token (RFC 9110, 5.6.2) in lower case; 0 for every other.
constexpr std::array<char, 256> kToken = [] {
  std::array<char, 256> table = {};
  for (unsigned c = '0'; c <= '9'; ++c) table[c] = static_cast<char>(c);
  for (unsigned c = 'a'; c <= 'z'; ++c) table[c] = static_cast<char>(c);
  for (unsigned c = 'A'; c <= 'Z'; ++c) table[c] = static_cast<char>(c + 32);
  for (const char c :
       {'!', '#', '$', '%', '&', '\'', '*', '+', '-', '.', '^', '_', '`', '|', '~'}) {
    table[static_cast<unsigned char>(c)] = c;
  }
  return table;
}();

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

// Eight bytes at a time; the last eight may overlap with those before.
bool HasControl(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101;
  constexpr uint64_t kHighs = 0x8080808080808080;
  const auto may_have = [&](const char* at) {
    uint64_t bytes;
    std::memcpy(&bytes, at, sizeof(bytes));
    const uint64_t below_space = (bytes - kOnes * 0x20) & ~bytes;
    const uint64_t deletes = bytes ^ (kOnes * 0x7f);
    return ((below_space | ((deletes - kOnes) & ~deletes)) & kHighs) != 0;
  };
  bool found = text.size() < 8;
  if (!found) {
    const char* at = text.data();
    const char* const last = at + text.size() - 8;
    for (; at < last && !found; at += 8) found = may_have(at);
    found = found || may_have(last);
  }
  return found && std::any_of(text.begin(), text.end(), IsControl);
}

// Calls `element` with each element of a list; false as soon as it says so.
template <typename F>
bool EachElement(std::string_view list, F element) {
  for (;;) {
    const size_t comma = list.find(',');
    if (!element(TrimBlanks(list.substr(0, comma)))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

class Reader {
 public:
  Reader(KeepFields keep, HttpHead* head, const char** why)
      : head_(head), why_(why), keeps_all_(keep == KeepFields::kAll) {}

  bool StatusLine(std::string_view line) {
    if (!line.starts_with(kVersion) || line.size() < 12 || (line[7] != '0' && line[7] != '1') ||
        line[8] != ' ' || (line.size() > 12 && line[12] != ' ')) {
      return Bad("its first line is no status line");
    }
    const char* digits = line.data() + 9;
    const auto [end, error] = std::from_chars(digits, digits + 3, head_->status);
    if (error != std::errc() || end != digits + 3 || head_->status < 100) {
      return Bad("its status is no number of three digits");
    }
    if (HasControl(line)) return Bad("a control character in its status line");
    head_->keep_alive = line[7] == '1';
    return true;
  }

  // A line that goes on with the value of the one before.
  bool Fold(std::string_view line) {
    if (name_bytes_ == 0) return Bad("a folded line without a header before it");
    const std::string_view more = TrimBlanks(line);
    if (HasControl(more)) return Bad("a control character in a header's value");
    if (!writes_) return true;
    *out_++ = ' ';
    out_ = std::copy(more.begin(), more.end(), out_);
    return true;
  }

  // `line` is followed by its CRLF.
  bool Field(std::string_view line) {
    const char* const begin = line.data();
    const char* at = begin;
    // The line's end is no character of a token either.
    while (kToken[static_cast<unsigned char>(*at)] != 0) ++at;
    name_bytes_ = static_cast<size_t>(at - begin);
    if (*at != ':' || name_bytes_ == 0) return Bad("a header line without a name and a colon");
    const std::string_view value = TrimBlanks(line.substr(name_bytes_ + 1));
    if (HasControl(value)) return Bad("a control character in a header's value");
    writes_ = keeps_all_ || MayBeNeeded(name_bytes_);
    if (!writes_) return true;
    field_ = out_;
    for (const char* c = begin; c < at; ++c) *out_++ = kToken[static_cast<unsigned char>(*c)];
    *out_++ = ':';
    *out_++ = ' ';
    std::memcpy(out_, value.data(), value.size());
    out_ += value.size();
    return true;
  }

  // The value of the last field is complete.
  bool EndField() {
    const size_t name_bytes = std::exchange(name_bytes_, 0);
    if (name_bytes == 0 || !writes_) return true;
    const std::string_view name(field_, name_bytes);
    const char* const begin = field_ + name_bytes + 2;
    const std::string_view value(begin, static_cast<size_t>(out_ - begin));
    *out_++ = '\n';
    bool needed = false;
    bool good = true;
    if (name == "connection") {
      Connection(value);
    } else if (name == "content-length") {
      good = ContentLength(value);
    } else if (name == "transfer-encoding") {
      good = TransferEncoding(value);
    } else if (name == "set-cookie") {
      head_->sets_cookies = needed = true;
    } else {
      needed = name == "location" || name == "content-encoding";
    }
    if (!needed && !keeps_all_) out_ = field_;
    return good;
  }

  bool End() {
    if (!EndField()) return false;
    if (head_->length && (head_->chunked || head_->coded)) {
      return Bad("Content-Length and Transfer-Encoding contradict each other");
    }
    return true;
  }

  std::string_view fields() const { return {scratch_, static_cast<size_t>(out_ - scratch_)}; }

 private:
  bool Bad(const char* why) {
    *why_ = why;
    return false;
  }

  // Whether a name of this length is one of those that EndField looks for.
  static bool MayBeNeeded(size_t bytes) {
    constexpr uint32_t kLengths = 1u << 8 | 1u << 10 | 1u << 14 | 1u << 16 | 1u << 17;
    return bytes < 32 && (kLengths >> bytes & 1) != 0;
  }

  void Connection(std::string_view value) {
    EachElement(value, [this](std::string_view option) {
      if (SameInAnyCase(option, "close")) {
        head_->keep_alive = false;
        closes_ = true;
      } else if (SameInAnyCase(option, "keep-alive") && !closes_) {
        head_->keep_alive = true;
      }
      return true;
    });
  }

  // Several that agree are one (RFC 9112, 6.3).
  bool ContentLength(std::string_view value) {
    return EachElement(value, [this](std::string_view digits) {
      uint64_t length = 0;
      const char* const end = digits.data() + digits.size();
      const auto [stop, error] = std::from_chars(digits.data(), end, length);
      if (digits.empty() || error != std::errc() || stop != end) {
        return Bad("its Content-Length is no length");
      }
      if (head_->length && *head_->length != length) return Bad("two different Content-Lengths");
      head_->length = length;
      return true;
    });
  }

  bool TransferEncoding(std::string_view value) {
    return EachElement(value, [this](std::string_view coding) {
      if (coding.empty()) return true;
      if (head_->chunked) return Bad("a Transfer-Encoding after chunked");
      head_->chunked = SameInAnyCase(coding, "chunked");
      head_->coded = !head_->chunked;
      return true;
    });
  }

  // What comes out of a line is never longer than the line.
  static thread_local char scratch_[kMaxHeadBytes];

  HttpHead* head_;
  const char** why_;
  char* out_ = scratch_;
  // The field whose value may go on: where it was written, if it was.
  char* field_ = scratch_;
  size_t name_bytes_ = 0;
  bool writes_ = false;
  const bool keeps_all_;
  bool closes_ = false;
};

thread_local char Reader::scratch_[kMaxHeadBytes];

}  // namespace

HeadRead ReadHttpHead(std::string_view bytes, KeepFields keep, HttpHead* head, std::string* fields,
                      size_t* used, const char** why) {
  // Who speaks another protocol is told from one whose head is not complete.
  if (bytes.substr(0, kVersion.size()) != kVersion.substr(0, bytes.size())) {
    *why = "it does not begin with HTTP/1.";
    return HeadRead::kBad;
  }
  *head = {};
  Reader reader(keep, head, why);
  bool first = true;
  const char* at = bytes.data();
  const char* const end = at + std::min<size_t>(bytes.size(), kMaxHeadBytes);
  for (;;) {
    const auto* newline =
        static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    if (newline == nullptr) {
      return bytes.size() > kMaxHeadBytes ? HeadRead::kTooLarge : HeadRead::kMore;
    }
    if (newline == at || newline[-1] != '\r') {
      *why = "a line that does not end with CRLF";
      return HeadRead::kBad;
    }
    const std::string_view line(at, static_cast<size_t>(newline - 1 - at));
    at = newline + 1;
    bool good;
    if (first) {
      good = reader.StatusLine(line);
      first = false;
    } else if (line.empty()) {
      if (!reader.End()) return HeadRead::kBad;
      fields->assign(reader.fields());
      *used = static_cast<size_t>(at - bytes.data());
      return HeadRead::kDone;
    } else if (IsBlank(line.front())) {
      good = reader.Fold(line);
    } else {
      good = reader.EndField() && reader.Field(line);
    }
    if (!good) return HeadRead::kBad;
  }
}

}  // namespace rampart::agent
