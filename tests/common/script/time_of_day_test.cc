#include "common/script/time_of_day.h"

#include <gtest/gtest.h>

namespace rampart {
namespace {

using std::chrono::hours;
using std::chrono::microseconds;
using std::chrono::seconds;

TEST(TimeOfDay, GoesOnFromTheFirstLookWhateverTheWallClockDoes) {
  const TimeOfDay::Wall noon(hours(12));
  const TimeOfDay::Steady begin(seconds(100));
  const TimeOfDay day(noon, begin);
  EXPECT_EQ(day.At(begin), noon);
  EXPECT_EQ(day.At(begin + microseconds(7)), noon + microseconds(7));
  EXPECT_EQ(day.At(begin + hours(30)), noon + hours(30));
}

}  // namespace
}  // namespace rampart
