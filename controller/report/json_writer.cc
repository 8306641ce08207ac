#include "controller/report/json_writer.h"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "controller/report/text/printable.h"

namespace rampart::controller {
namespace {

// Containers below this depth are on one line: people read the file too, and diff it.
constexpr size_t kIndentedDepth = 3;

void Require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "JsonWriter: %s\n", what);
  std::abort();
}

}  // namespace

void JsonWriter::NewLine() {
  if (open_.size() > kIndentedDepth) return;
  out_.push_back('\n');
  out_.append(2 * open_.size(), ' ');
}

void JsonWriter::BeforeValue() {
  if (std::exchange(after_key_, false)) return;
  if (open_.empty()) {
    Require(out_.empty(), "a second value behind the first");
    return;
  }
  Require(open_.back().close == ']', "a value without a key");
  if (!std::exchange(open_.back().empty, false)) {
    out_.append(open_.size() > kIndentedDepth ? ", " : ",");
  }
  NewLine();
}

void JsonWriter::Begin(char open) {
  BeforeValue();
  out_.push_back(open);
  open_.push_back({.close = open == '{' ? '}' : ']'});
}

void JsonWriter::End(char close) {
  Require(!open_.empty() && open_.back().close == close && !after_key_, "closed out of order");
  const bool empty = open_.back().empty;
  const bool indented = open_.size() <= kIndentedDepth;
  open_.pop_back();
  if (!empty && indented) NewLine();
  out_.push_back(close);
}

void JsonWriter::Key(std::string_view key) {
  Require(!open_.empty() && open_.back().close == '}' && !after_key_, "a key out of place");
  if (!std::exchange(open_.back().empty, false)) {
    out_.append(open_.size() > kIndentedDepth ? ", " : ",");
  }
  NewLine();
  Quote(key);
  out_.append(": ");
  after_key_ = true;
}

void JsonWriter::Quote(std::string_view text) {
  out_.push_back('"');
  while (!text.empty()) {
    const CodePoint point = Decode(text);
    if (!point.valid) {
      out_.append("\xef\xbf\xbd");
    } else if (point.value == '"' || point.value == '\\') {
      out_.append(1, '\\').append(text.substr(0, 1));
    } else if (point.value == '\n') {
      out_.append("\\n");
    } else if (point.value == '\t') {
      out_.append("\\t");
    } else if (point.value < 0x20 || (point.value >= 0x7f && point.value < 0xa0) ||
               (point.value >= 0x2028 && point.value <= 0x202e)) {
      // Beyond what JSON asks for: so that `cat` of the file moves no cursor either.
      char escape[8];
      std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(point.value));
      out_.append(escape);
    } else {
      out_.append(text.substr(0, point.bytes));
    }
    text.remove_prefix(point.bytes);
  }
  out_.push_back('"');
}

void JsonWriter::String(std::string_view value) {
  BeforeValue();
  Quote(value);
}

void JsonWriter::Double(double value) {
  if (!std::isfinite(value)) return Null();
  constexpr double kExactIntegers = 9'007'199'254'740'992;  // 2^53
  if (std::abs(value) <= kExactIntegers && value == std::trunc(value)) {
    return Integer(static_cast<int64_t>(value));
  }
  BeforeValue();
  char text[32];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  Require(error == std::errc(), "a number that does not fit");
  out_.append(text, end);
}

void JsonWriter::Integer(int64_t value) {
  BeforeValue();
  out_.append(std::to_string(value));
}

void JsonWriter::Unsigned(uint64_t value) {
  BeforeValue();
  out_.append(std::to_string(value));
}

void JsonWriter::Bool(bool value) {
  BeforeValue();
  out_.append(value ? "true" : "false");
}

void JsonWriter::Null() {
  BeforeValue();
  out_.append("null");
}

std::string JsonWriter::Take() {
  Require(open_.empty() && !after_key_, "taken before everything is closed");
  out_.push_back('\n');
  return std::exchange(out_, {});
}

}  // namespace rampart::controller
