// NumberText: a number for a person to read in a sentence.
#ifndef RAMPART_CONTROLLER_RUN_NUMBER_TEXT_H_
#define RAMPART_CONTROLLER_RUN_NUMBER_TEXT_H_

#include <cmath>
#include <cstdio>
#include <string>

namespace rampart::controller {

// `12,345`, `1,204`, `312.4`, `0.01234`: whole from 1,000 on, else four digits. Finite numbers.
inline std::string NumberText(double value) {
  char digits[400];  // the largest double has 309
  const bool whole = std::abs(value) >= 999.95;
  const int length = std::snprintf(digits, sizeof(digits), whole ? "%.0f" : "%.4g", value);
  std::string text(digits, static_cast<size_t>(length));
  if (!whole) return text;
  for (size_t at = text.size(); at > 3 && text[at - 4] != '-';) text.insert(at -= 3, 1, ',');
  return text;
}

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_NUMBER_TEXT_H_
