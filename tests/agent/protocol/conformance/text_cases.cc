// 6: text is UTF-8, and what cannot become UTF-8 is refused at once.
#include "tests/agent/protocol/conformance/conformance_case.h"

namespace rampart::agent {
namespace {

constexpr int kGood = -1;
constexpr int kUnfinished = -2;  // wrong only because nothing follows

struct Sample {
  std::string name;
  std::string bytes;
  int wrong_at;  // the first byte that can stand in no text behind those before it, or as above
};

std::vector<Sample> Samples() {
  using std::string_literals::operator""s;
  return {
      {"ASCII", "Hello-UTF-8", kGood},
      {"accents and Greek", "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5 \xC3\xA4\xC3\xB6", kGood},
      {"U+0000", "\x00"s, kGood},
      {"U+007F", "\x7F", kGood},
      {"U+0080", "\xC2\x80", kGood},
      {"U+07FF", "\xDF\xBF", kGood},
      {"U+0800", "\xE0\xA0\x80", kGood},
      {"U+D7FF", "\xED\x9F\xBF", kGood},
      {"U+E000", "\xEE\x80\x80", kGood},
      {"U+FFFD", "\xEF\xBF\xBD", kGood},
      {"U+FFFE, which is no character", "\xEF\xBF\xBE", kGood},
      {"U+FFFF, which is no character", "\xEF\xBF\xBF", kGood},
      {"U+10000", "\xF0\x90\x80\x80", kGood},
      {"U+1FFFE, which is no character", "\xF0\x9F\xBF\xBE", kGood},
      {"U+10FFFF", "\xF4\x8F\xBF\xBF", kGood},
      {"U+110000", "\xF4\x90\x80\x80", 1},
      {"U+1FFFFF", "\xF7\xBF\xBF\xBF", 0},
      {"a sequence of five", "\xF8\x88\x80\x80\x80", 0},
      {"a sequence of six", "\xFC\x84\x80\x80\x80\x80", 0},
      {"a continuation alone, 80", "\x80", 0},
      {"a continuation alone, BF", "\xBF", 0},
      {"two continuations", "\x80\xBF", 0},
      {"a continuation behind a character", "ok\xC3\xA4\x80", 4},
      {"all continuations", "\x80\x81\x90\xA0\xB0\xBF", 0},
      {"a first of two, then a space", "\xC3 ", 1},
      {"a first of three, then a space", "\xE2 ", 1},
      {"a first of four, then a space", "\xF1 ", 1},
      {"a first of two, and the end", "\xC3", kUnfinished},
      {"two of three, and the end", "\xE2\x82", kUnfinished},
      {"three of four, and the end", "\xF0\x9F\x98", kUnfinished},
      {"three of four, then another character", "\xF0\x9F\x98\xC3\xA4", 3},
      {"two of three, then ASCII", "\xE2\x82|", 2},
      {"FE", "\xFE", 0},
      {"FF", "\xFF", 0},
      {"FE FE FF FF", "\xFE\xFE\xFF\xFF", 0},
      {"an overlong slash in two", "\xC0\xAF", 0},
      {"an overlong slash in three", "\xE0\x80\xAF", 1},
      {"an overlong slash in four", "\xF0\x80\x80\xAF", 1},
      {"an overlong U+007F", "\xC1\xBF", 0},
      {"an overlong U+07FF", "\xE0\x9F\xBF", 1},
      {"an overlong U+FFFF", "\xF0\x8F\xBF\xBF", 1},
      {"an overlong zero", "\xC0\x80", 0},
      {"the surrogate U+D800", "\xED\xA0\x80", 1},
      {"the surrogate U+DBFF", "\xED\xAF\xBF", 1},
      {"the surrogate U+DC00", "\xED\xB0\x80", 1},
      {"the surrogate U+DFFF", "\xED\xBF\xBF", 1},
      {"a pair of surrogates", "\xED\xA0\x80\xED\xB0\x80", 1},
      {"wrong behind much that is right",
       "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xED\xA0\x80"
       "edited",
       12},
      {"wrong in the second eight bytes", "12345678\xFF", 8},
  };
}

// Each of `bytes` in a frame of its own.
std::string InFragments(const std::string& bytes) {
  std::string frames = ServerFrame(kText, "");
  for (const char byte : bytes) frames += ServerFrame(kContinuation, std::string(1, byte));
  return frames + ServerFrame(kFin | kContinuation, "");
}

}  // namespace

std::vector<ConformanceCase> TextCases() {
  std::vector<ConformanceCase> cases = {
      Right("6.1", "empty", WholeText(""), {"text"}),
      Right("6.2", "a character in two fragments",
            ServerFrame(kText, "a\xE2") + ServerFrame(kContinuation, "\x82") +
                ServerFrame(kFin | kContinuation, "\xAC!"),
            {"text a\xE2\x82\xAC!"}),
      Right("6.3", "a character in two fragments with a ping between",
            ServerFrame(kText, "a\xE2\x82") + ServerFrame(kFin | kPing, "\xFF") +
                ServerFrame(kFin | kContinuation, "\xAC"),
            {"text a\xE2\x82\xAC"}, {"pong \xFF", "text a\xE2\x82\xAC"}),
      Right("6.4", "binary need not be text", ServerFrame(kFin | kBinary, "\xFF\xC0\x80"),
            {"binary \xFF\xC0\x80"}),
      Right("6.5", "a binary message behind a text one",
            WholeText("\xC3\xA4") + ServerFrame(kFin | kBinary, "\xC3") + WholeText("\xC3\xA4"),
            {"text \xC3\xA4", "binary \xC3", "text \xC3\xA4"}),
      Wrong("6.6", "half a character at a message's end, the other half in the next",
            WholeText("\xC3") + WholeText("\xA4"), kCloseInvalidText),
  };
  int number = 0;
  for (const Sample& sample : Samples()) {
    const std::string of = std::to_string(++number);
    if (sample.wrong_at == kGood) {
      cases.push_back(
          Right("6.7." + of, sample.name, WholeText(sample.bytes), {"text " + sample.bytes}));
      cases.push_back(Right("6.8." + of, sample.name + ", a byte a fragment",
                            InFragments(sample.bytes), {"text " + sample.bytes}));
      continue;
    }
    cases.push_back(Wrong("6.9." + of, sample.name, WholeText(sample.bytes), kCloseInvalidText));
    cases.push_back(Wrong("6.10." + of, sample.name + ", a byte a fragment",
                          InFragments(sample.bytes), kCloseInvalidText));
    if (sample.wrong_at == kUnfinished) continue;
    // The rest never comes: not of the frame, nor of the message.
    const std::string begun = sample.bytes.substr(0, static_cast<size_t>(sample.wrong_at) + 1);
    const std::string announced = WholeText(begun + std::string(20, '.'));
    cases.push_back(Wrong("6.11." + of, sample.name + ", in a frame that goes on",
                          announced.substr(0, announced.size() - 20), kCloseInvalidText));
    cases.push_back(Wrong("6.12." + of, sample.name + ", in a message that goes on",
                          ServerFrame(kText, begun), kCloseInvalidText));
  }
  return cases;
}

}  // namespace rampart::agent
