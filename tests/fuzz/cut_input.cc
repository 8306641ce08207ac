#include <algorithm>

#include "tests/fuzz/fuzz_target.h"

namespace rampart {

CutInput::CutInput(std::string_view input) : whole(input) {
  constexpr size_t kMaxCuts = 8;
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(whole[at]); };
  size_t cuts = 0;
  if (!whole.empty()) {
    cuts = byte(whole.size() - 1) % kMaxCuts;
    whole.remove_suffix(1);
  }
  std::vector<size_t> places;
  for (; cuts > 0 && whole.size() >= 2; --cuts) {
    places.push_back(static_cast<size_t>(byte(whole.size() - 2)) << 8 | byte(whole.size() - 1));
    whole.remove_suffix(2);
  }
  if (whole.empty()) return;
  for (size_t& place : places) place %= whole.size();
  places.push_back(whole.size());
  std::sort(places.begin(), places.end());
  size_t begin = 0;
  for (const size_t place : places) {
    if (place == begin) continue;
    pieces.push_back(whole.substr(begin, place - begin));
    begin = place;
  }
  for (size_t i = 0; i < whole.size(); ++i) bytes.push_back(whole.substr(i, 1));
}

}  // namespace rampart
