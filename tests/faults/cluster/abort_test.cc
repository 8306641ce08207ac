// A threshold that aborts the run: how soon the target has its peace.
#include <gmock/gmock.h>

#include <chrono>
#include <string>

#include "tests/faults/cluster/cluster.h"

namespace rampart::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;

// Fails some five seconds after everybody is there.
constexpr const char* kThreshold =
    "ws_msgs_sent: [ { expression: count<7000, abort_on_fail: true } ]";
constexpr int kVictim = 4;

class Abort : public Cluster {
 protected:
  // Until the target has no socket but those of `without`, and heard nothing more since.
  double IdleAfter(Time since, const std::string& without = "") {
    const auto idle = target().WaitFor(
        "nobody at the target", [&](const Look& look) { return look.Sum(without).open == 0; },
        seconds(30));
    return idle ? SecondsBetween(since, idle->at) : 1e9;
  }
};

TEST_F(Abort, TheTargetIsIdleWithin3Seconds) {
  Launch({.hold_s = 60, .thresholds = kThreshold});
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  const auto aborting = run_->WaitFor("aborting: ");
  ASSERT_TRUE(aborting);
  const double idle = IdleAfter(*aborting);
  Measured("target idle after the abort", idle);
  EXPECT_LE(idle, 3);
  const uint64_t received = target().Now().Sum().received;
  EXPECT_EQ(run_->Wait(), kFailed) << run_->text();
  EXPECT_EQ(target().Now().Sum().received, received);
  ExpectCountsAgree();
}

TEST_F(Abort, AnAgentThatIsCutOffEndsWithItsLease) {
  if (!Join({.hold_s = 60, .thresholds = kThreshold})) GTEST_SKIP() << Network::Missing();
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  const std::string address = AddressOf(kVictim);
  network_->LineOf(kVictim).up_cut = true;
  network_->LineOf(kVictim).down_cut = true;
  const Time cut = Clock::now();
  const auto aborting = run_->WaitFor("aborting: ");
  ASSERT_TRUE(aborting);
  EXPECT_LT(SecondsBetween(cut, *aborting), 10) << "its lease should not be over yet";
  const double idle = IdleAfter(*aborting, address);
  Measured("the others idle after the abort", idle);
  EXPECT_LE(idle, 3);
  const double all = IdleAfter(cut);
  Measured("the one that is cut off idle after the cut", all);
  EXPECT_LE(all, 12);
  const Look look = target().Now();
  const Time heard = look.at - milliseconds(look.Of(address).quiet_ms);
  Measured("and silent after", SecondsBetween(cut, heard));
  EXPECT_LE(SecondsBetween(cut, heard), 12);
  const int code = run_->Wait();
  EXPECT_TRUE(code == kFailed || code == kInvalid) << code << run_->text();
}

}  // namespace
}  // namespace rampart::faults
