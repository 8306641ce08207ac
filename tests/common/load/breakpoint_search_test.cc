#include "common/load/breakpoint_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <random>

namespace rampart {
namespace {

using Target = std::function<bool(double rate)>;  // does it hold?

// 100 to 10,000 a second in 40 windows, as the profile goes in half minutes.
std::vector<RateOutcome> Ramp(const Target& target) {
  std::vector<RateOutcome> windows;
  for (int i = 1; i <= 40; ++i) {
    const double rate = 100 + 9'900.0 * i / 40;
    windows.push_back({rate, target(rate), "ramp"});
  }
  return windows;
}

Breakpoint Search(const std::vector<RateOutcome>& ramp, const Target& target) {
  BreakpointSearch search = *BreakpointSearch::Make(ramp);
  while (const std::optional<double> rate = search.Next()) {
    EXPECT_TRUE(search.Add({*rate, target(*rate), "run"}).ok());
    const Breakpoint now = search.Answer();
    EXPECT_LT(now.rate, now.broke_at.value_or(1e99));
    if (now.runs > BreakpointSearch::kMaxRuns) {
      ADD_FAILURE() << "goes on and on";
      break;
    }
  }
  return search.Answer();
}

Target Limit(double limit) {
  return [limit](double rate) { return rate <= limit; };
}

TEST(BreakpointSearch, FindsAnyLimitToWithinTheTolerance) {
  for (int seed = 0; seed < 500; ++seed) {
    std::mt19937_64 random(static_cast<uint64_t>(seed));
    const double limit =
        std::exp(std::uniform_real_distribution<>(std::log(6), std::log(9'999))(random));
    const Breakpoint found = Search(Ramp(Limit(limit)), Limit(limit));
    SCOPED_TRACE(testing::Message() << "seed " << seed << ", limit " << limit);
    EXPECT_TRUE(found.confirmed);
    EXPECT_LE(found.rate, limit);
    ASSERT_TRUE(found.broke_at);
    EXPECT_GT(*found.broke_at, limit);
    EXPECT_LE(*found.broke_at, found.rate * (1 + BreakpointSearch::kTolerance) * (1 + 1e-12));
    EXPECT_EQ(found.broke_first, "run");
    EXPECT_LE(found.runs, 15);
  }
}

TEST(BreakpointSearch, RunsOutweighARampThatFlattersOrSlanders) {
  for (const double limit : {400.0, 3'000.0, 6'100.0}) {
    for (const double factor : {0.3, 0.8, 0.97, 1.03, 1.3, 1.6}) {
      SCOPED_TRACE(testing::Message() << limit << " seen by the ramp as " << limit * factor);
      const Breakpoint found = Search(Ramp(Limit(limit * factor)), Limit(limit));
      EXPECT_TRUE(found.confirmed);
      EXPECT_LE(found.rate, limit);
      EXPECT_GE(found.rate * (1 + BreakpointSearch::kTolerance), limit * (1 - 1e-12));
      EXPECT_LE(found.runs, 15);
    }
  }
}

TEST(BreakpointSearch, TheTopIsTheAnswerWhenNothingBreaks) {
  const Breakpoint found = Search(Ramp(Limit(1e9)), Limit(1e9));
  EXPECT_EQ(found.rate, 10'000);
  EXPECT_FALSE(found.broke_at);
  EXPECT_EQ(found.broke_first, "");
  EXPECT_TRUE(found.confirmed);
  EXPECT_EQ(found.runs, 1);  // the confirmation
}

TEST(BreakpointSearch, NothingHeldIsAnAnswerToo) {
  const Breakpoint found = Search(Ramp(Limit(0)), Limit(0));
  EXPECT_EQ(found.rate, 0);
  EXPECT_TRUE(found.broke_at);
  EXPECT_TRUE(found.confirmed);
}

TEST(BreakpointSearch, ALoneBrokenWindowIsAHiccup) {
  std::vector<RateOutcome> ramp = Ramp(Limit(5'000));
  const Breakpoint smooth = Search(ramp, Limit(5'000));
  ramp[3] = {ramp[3].rate, false, "hiccup"};
  const Breakpoint found = Search(ramp, Limit(5'000));
  EXPECT_EQ(found.rate, smooth.rate);
  EXPECT_EQ(found.runs, smooth.runs);
}

TEST(BreakpointSearch, AConfirmationThatBreaksIsTriedAgainAndThenMovesTheAnswer) {
  const std::vector<RateOutcome> ramp = {{100, true, ""}, {104, false, "p95"}};
  BreakpointSearch search = *BreakpointSearch::Make(ramp);
  EXPECT_FALSE(search.Answer().confirmed);  // only the ramp has said so
  EXPECT_EQ(search.Answer().broke_first, "p95");
  ASSERT_EQ(search.Next(), 104);
  ASSERT_TRUE(search.Add({104, false, "errors"}).ok());
  EXPECT_EQ(search.Answer().broke_first, "errors");
  ASSERT_EQ(search.Next(), 100);
  ASSERT_TRUE(search.Add({100, false, "errors"}).ok());
  EXPECT_EQ(search.Next(), 50);
  EXPECT_EQ(search.Answer().rate, 0);
  EXPECT_EQ(search.Answer().broke_at, 100);
}

TEST(BreakpointSearch, WhereTwoRunsDisagreeAThirdDecides) {
  BreakpointSearch search = *BreakpointSearch::Make({{100, true, ""}, {104, false, "p95"}});
  ASSERT_TRUE(search.Add({104, true, ""}).ok());  // the ramp is contradicted
  ASSERT_EQ(search.Next(), 104);                  // its top: twice
  ASSERT_TRUE(search.Add({104, false, "p95"}).ok());
  ASSERT_EQ(search.Next(), 104);
  EXPECT_FALSE(search.Answer().confirmed);
  ASSERT_TRUE(search.Add({104, true, ""}).ok());
  EXPECT_EQ(search.Next(), std::nullopt);
  EXPECT_EQ(search.Answer().rate, 104);
  EXPECT_TRUE(search.Answer().confirmed);
}

// Every twentieth outcome is a lie; seeds are fixed, so the counts are too.
TEST(BreakpointSearch, BadLuckSeldomMisleads) {
  int near = 0;
  int confirmed = 0;
  for (int seed = 0; seed < 1'000; ++seed) {
    std::mt19937_64 random(static_cast<uint64_t>(seed));
    const double limit = std::uniform_real_distribution<>(300, 9'000)(random);
    std::bernoulli_distribution lie(0.05);
    const Target target = [&](double rate) { return (rate <= limit) != lie(random); };
    const Breakpoint found = Search(Ramp(target), target);
    if (found.confirmed) ++confirmed;
    if (found.rate >= limit * 0.9 && found.rate <= limit * 1.06) ++near;
  }
  EXPECT_GE(confirmed, 990);
  EXPECT_GE(near, 950);
}

// No sharp edge: a rate holds the less likely the nearer it is to the limit and beyond.
TEST(BreakpointSearch, ASoftLimitIsFoundWhereItLies) {
  int near = 0;
  for (int seed = 0; seed < 1'000; ++seed) {
    std::mt19937_64 random(static_cast<uint64_t>(seed));
    const double limit = std::uniform_real_distribution<>(300, 9'000)(random);
    const Target target = [&](double rate) {
      const double p = 1 / (1 + std::exp((rate / limit - 1) / 0.03));
      return std::uniform_real_distribution<>(0, 1)(random) < p;
    };
    const Breakpoint found = Search(Ramp(target), target);
    if (found.rate >= limit * 0.85 && found.rate <= limit * 1.15) ++near;
  }
  EXPECT_GE(near, 990);
}

TEST(BreakpointSearch, FaultsAreSaid) {
  EXPECT_FALSE(BreakpointSearch::Make({}).ok());
  EXPECT_FALSE(BreakpointSearch::Make({{0, true, ""}}).ok());
  EXPECT_FALSE(BreakpointSearch::Make({{std::nan(""), true, ""}}).ok());
  EXPECT_FALSE(BreakpointSearch::Make({{200, true, ""}, {100, true, ""}}).ok());
  BreakpointSearch search = *BreakpointSearch::Make({{100, true, ""}});
  EXPECT_FALSE(search.Add({99, true, ""}).ok());
  EXPECT_EQ(search.Answer().runs, 0);
  ASSERT_TRUE(search.Add({100, true, ""}).ok());
  EXPECT_FALSE(search.Add({100, true, ""}).ok());  // it is found
}

}  // namespace
}  // namespace rampart
