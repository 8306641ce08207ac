#include "controller/report/text/number.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace rampart::controller {
namespace {

TEST(Duration, PicksTheUnitThatReadsBest) {
  EXPECT_EQ(Duration(0), "0 ms");
  EXPECT_EQ(Duration(0.000'000'5), "<1 ns");
  EXPECT_EQ(Duration(0.000'123), "123 ns");
  EXPECT_EQ(Duration(0.845), "845 µs");
  EXPECT_EQ(Duration(0.845, {.unicode = false}), "845 us");
  EXPECT_EQ(Duration(1), "1.00 ms");
  EXPECT_EQ(Duration(12.34), "12.3 ms");
  EXPECT_EQ(Duration(-12.34), "-12.3 ms");
  EXPECT_EQ(Duration(1'234), "1.23 s");
  EXPECT_EQ(Duration(114'000), "1m 54s");
  EXPECT_EQ(Duration(7'500'000), "2h 05m");
}

TEST(Duration, RoundsIntoTheNextUnit) {
  EXPECT_EQ(Duration(0.9996), "1.00 ms");
  EXPECT_EQ(Duration(9.996), "10.0 ms");
  EXPECT_EQ(Duration(999.6), "1.00 s");
  EXPECT_EQ(Duration(59'960), "1m 00s");
  EXPECT_EQ(Duration(3'599'700), "1h 00m");
}

TEST(Bytes, HasAtLeastTwoDigits) {
  EXPECT_EQ(Bytes(0), "0 B");
  EXPECT_EQ(Bytes(512), "512 B");
  EXPECT_EQ(Bytes(999.6), "1.0 kB");
  EXPECT_EQ(Bytes(1'234'567), "1.2 MB");
  EXPECT_EQ(Bytes(9'960'000), "10.0 MB");
  EXPECT_EQ(Bytes(12'345'678), "12.3 MB");
  EXPECT_EQ(Bytes(123'456'789), "123 MB");
  EXPECT_EQ(Bytes(999'700), "1.0 MB");
  EXPECT_EQ(Bytes(8.5e15), "8.5 PB");
}

TEST(Percent, IsAllOrNothingOnlyWhenItIs) {
  EXPECT_EQ(Percent(0), "0 %");
  EXPECT_EQ(Percent(1), "100 %");
  EXPECT_EQ(Percent(0.9952), "99.52 %");
  EXPECT_EQ(Percent(0.999'96), "99.996 %");
  EXPECT_EQ(Percent(0.000'004), "0.0004 %");
  EXPECT_EQ(Percent(1 - 1e-15), ">99.999999999 %");
  EXPECT_EQ(Percent(1e-15), "<0.000000001 %");
}

TEST(Number, KeepsTheWholePart) {
  EXPECT_EQ(Number(1'234'567), "1,234,567");
  EXPECT_EQ(Number(-1'234), "-1,234");
  EXPECT_EQ(Number(-0.0), "0");
  EXPECT_EQ(Number(1'234'567.8), "1,234,568");
  EXPECT_EQ(Number(12.345), "12.35");
  EXPECT_EQ(Number(12.5), "12.5");
  EXPECT_EQ(Number(0.000'12), "0.00012");
  EXPECT_EQ(Number(999.96), "1,000");
  EXPECT_EQ(Grouped(std::numeric_limits<uint64_t>::max()), "18,446,744,073,709,551,615");
  EXPECT_EQ(CompactNumber(9'999), "9,999");
  EXPECT_EQ(CompactNumber(12'345), "12.3k");
  EXPECT_EQ(CompactNumber(999'960), "1.00M");
  EXPECT_EQ(CompactNumber(-1'234'567), "-1.23M");
}

TEST(Quantity, FollowsTheUnit) {
  EXPECT_EQ(Quantity(1.5, "s"), "1.50 s");
  EXPECT_EQ(Quantity(1'500, "us"), "1.50 ms");
  EXPECT_EQ(Quantity(1'500'000, "bytes"), "1.5 MB");
  EXPECT_EQ(Quantity(40'100'000, "bytes/s"), "40.1 MB/s");
  EXPECT_EQ(Quantity(790.34, "/s"), "790.3/s");
  EXPECT_EQ(Quantity(12, "items"), "12 items");
  EXPECT_EQ(PerSecond(10'288.4), "10,288/s");
}

TEST(Distinct, IsNeverRoundedOntoTheLimit) {
  EXPECT_EQ(Distinct(123.4, 200, "ms", Measure::kQuantity, true), "123 ms");
  EXPECT_EQ(Distinct(200.04, 200, "ms", Measure::kQuantity, true), "200.04 ms");
  EXPECT_EQ(Distinct(200, 200, "ms", Measure::kQuantity, true), "200 ms");
  EXPECT_EQ(Distinct(0.989'996, 0.99, "", Measure::kShare, true), "98.9996 %");
  EXPECT_EQ(Distinct(5, NAN, "", Measure::kQuantity, true), "5");
  EXPECT_NE(Distinct(std::nextafter(1, 2), 1, "", Measure::kQuantity, true), "1");
}

TEST(Numbers, SurviveWhatIsNoNumber) {
  for (const double odd : {double{NAN}, double{INFINITY}, -double{INFINITY}}) {
    EXPECT_EQ(Duration(odd), "-");
    EXPECT_EQ(Bytes(odd), "-");
    EXPECT_EQ(Percent(odd), "-");
    EXPECT_EQ(Number(odd), "-");
    EXPECT_EQ(CompactNumber(odd), "-");
    EXPECT_EQ(ClockTime(odd), "-");
  }
  for (const double extreme : {1e308, -1e308, 5e-324}) {
    for (const char* unit : {"ms", "s", "ns", "bytes", "/s", "bytes/s", ""}) {
      EXPECT_LE(Quantity(extreme, unit).size(), 420) << unit;
    }
    CompactNumber(extreme);
    Percent(extreme);
  }
}

TEST(ClockTime, ShowsHoursOnlyWhenThereAre) {
  EXPECT_EQ(ClockTime(38.9), "0:38");
  EXPECT_EQ(ClockTime(3'723), "1:02:03");
  EXPECT_EQ(ClockTime(-0.5), "0:00");
  EXPECT_EQ(ClockTime(-90), "-1:30");
}

}  // namespace
}  // namespace rampart::controller
