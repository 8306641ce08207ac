// Numbers as people read them. None of these ever prints a NaN or an infinity: those are `-`.
#ifndef RAMPART_CONTROLLER_REPORT_TEXT_NUMBER_H_
#define RAMPART_CONTROLLER_REPORT_TEXT_NUMBER_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace rampart::controller {

// How exact: significant digits, and whether `µ` may be written.
struct Digits {
  int count = 3;
  bool unicode = true;
};

// 1,234,567
std::string Grouped(uint64_t n);
// 1,234,567 for whole numbers; otherwise at least four significant digits: 1,235  12.35  0.00012.
std::string Number(double value, Digits digits = {.count = 4});
// At most seven columns: 9,999  12.3k  1.23M.
std::string CompactNumber(double value);
// 845 µs  12.3 ms  1.23 s  1m 54s  2h 05m
std::string Duration(double ms, Digits digits = {});
// 512 B  1.2 MB, in powers of 1,000.
std::string Bytes(double bytes, Digits digits = {.count = 2});
// `share` of 1 in percent. Never rounded to 0 % or 100 % when it is not: 99.996 %.
std::string Percent(double share, Digits digits = {.count = 4});
// For a column: no decimals, or one.
std::string ShortPercent(double share, int decimals = 0);
// A value in the unit that a metric has: durations and bytes as above, other units behind a number.
// `/s` is a rate, `bytes/s` one of bytes.
std::string Quantity(double value, std::string_view unit, Digits digits = {});
// 10,288/s
std::string PerSecond(double value, std::string_view unit = "", Digits digits = {.count = 4});
// A point of a run: 0:38  1:02:03
std::string ClockTime(double seconds);

// `value` with as many digits as it takes to tell it from `limit`, when they are not equal: 200.04
// ms is not shown as 200 ms beside `p(95)<200`.
enum class Measure { kQuantity, kShare };
std::string Distinct(double value, double limit, std::string_view unit, Measure measure,
                     bool unicode);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_TEXT_NUMBER_H_
