// What the fuzzers and the replay of their corpora share: one function a target, from any bytes. It
// ends the process when a property does not hold.
#ifndef RAMPART_TESTS_FUZZ_FUZZ_TARGET_H_
#define RAMPART_TESTS_FUZZ_FUZZ_TARGET_H_

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

namespace rampart {

// A name is that of a corpus folder and of a *_target.cc. A new target is a line in CMakeLists.txt,
// a line here and one in fuzz_targets.cc.
void FuzzCookies(std::string_view input);
void FuzzCsv(std::string_view input);
void FuzzDelta(std::string_view input);
void FuzzHttpResponse(std::string_view input);
void FuzzJournal(std::string_view input);
void FuzzPlan(std::string_view input);
void FuzzScript(std::string_view input);
void FuzzSocketio(std::string_view input);
void FuzzSse(std::string_view input);
void FuzzUrl(std::string_view input);
void FuzzWebsocketFrames(std::string_view input);
void FuzzWebsocketHandshake(std::string_view input);

struct FuzzTarget {
  std::string_view name;
  void (*run)(std::string_view input);
};
const std::vector<FuzzTarget>& FuzzTargets();
inline std::ostream& operator<<(std::ostream& out, const FuzzTarget& target) {
  return out << target.name;
}

[[noreturn]] inline void FuzzFailed(const char* file, int line, const char* what) {
  std::fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
  std::abort();
}
#define FUZZ_CHECK(condition) \
  ((condition) ? static_cast<void>(0) : ::rampart::FuzzFailed(__FILE__, __LINE__, #condition))

// A text and where it is cut: the last byte of the input says how often (0 to 7 times), and two
// bytes in front of it where, for each cut.
struct CutInput {
  explicit CutInput(std::string_view input);

  std::string_view whole;
  std::vector<std::string_view> pieces;  // none of them empty
  std::vector<std::string_view> bytes;   // one by one
};

// FUZZ_CHECKs that `parse` makes the same of the text however it is cut, and returns what that is.
template <typename Parse>
auto SameHoweverCut(const CutInput& input, Parse parse) {
  std::vector<std::string_view> whole;
  if (!input.whole.empty()) whole.push_back(input.whole);
  auto result = parse(whole);
  FUZZ_CHECK(parse(input.pieces) == result);
  FUZZ_CHECK(parse(input.bytes) == result);
  return result;
}

}  // namespace rampart

#endif  // RAMPART_TESTS_FUZZ_FUZZ_TARGET_H_
