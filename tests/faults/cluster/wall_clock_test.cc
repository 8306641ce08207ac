// Machines whose clocks are set in the middle of a run.
#include <gmock/gmock.h>

#include <chrono>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "tests/faults/cluster/cluster.h"

namespace rampart::faults {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

constexpr int64_t kHour = 3600;
constexpr int64_t kJumps = 21;  // odd: the last one stays

class WallClock : public Cluster {
 protected:
  // What a program of this clock has before its own words.
  std::vector<std::string> Under(const std::string& clock) const {
    return {"/usr/bin/env", "LD_PRELOAD=" WALL_CLOCK, "RAMPART_WALL_CLOCK=" + Path(clock)};
  }
  void Set(const std::string& clock, int64_t to_seconds) const {
    std::ofstream file(Path(clock), std::ios::binary | std::ios::in | std::ios::out);
    file.write(reinterpret_cast<const char*>(&to_seconds), sizeof(to_seconds));
  }
  void Make(const std::string& clock) const {
    std::ofstream(Path(clock), std::ios::binary) << std::string(sizeof(int64_t), '\0');
  }

 private:
  std::string Path(const std::string& clock) const { return folder_ + "/" + clock; }
};

TEST_F(WallClock, AnHourForthAndBackOnTwoAgentsAndTheController) {
  const std::vector<std::string> clocks = {"controller", "agent-1", "agent-2"};
  for (const std::string& clock : clocks) Make(clock);
  ASSERT_NO_FATAL_FAILURE(WaitOnLoopback({.hold_s = 26}, {}, Under("controller")));
  StartAgentOnLoopback(1, controller_, Under("agent-1"));
  StartAgentOnLoopback(2, controller_, Under("agent-2"));
  StartAgentOnLoopback(3, controller_);
  StartAgentOnLoopback(4, controller_);
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  // Each time a few jumps, so that something is always under way when it happens; then long enough
  // without that heartbeats, deltas and leases are, too.
  int jumps = 0;
  for (const int64_t hours : {1, -1, 0, 1, 0, -1, 1, -1}) {
    for (int64_t i = 0; i < kJumps; ++i, ++jumps) {
      const int64_t now = i % 2 == 0 ? hours : 0;
      Set("agent-1", now * kHour);
      Set("agent-2", -now * kHour);
      Set("controller", now * kHour);
      std::this_thread::sleep_for(milliseconds(20));
    }
    std::this_thread::sleep_for(seconds(2));
  }
  EXPECT_EQ(run_->Wait(), kPass) << run_->text();
  Measured("jumps of the clocks of three of five programs", jumps, "");
  EXPECT_THAT(run_->text(), Not(HasSubstr("is lost")));
  for (const auto& agent : agents_) {
    EXPECT_EQ(agent->Wait(), 0);
    EXPECT_THAT(agent->text(), Not(HasSubstr("no stream")));
    EXPECT_THAT(agent->text(), Not(HasSubstr("parked")));
  }
  // Logs have the time of day: it has jumped.
  const std::string log = agents_[0]->text();
  const size_t last = log.rfind('\n', log.size() - 2) + 1;
  EXPECT_NE(log.substr(0, 2), log.substr(last, 2)) << log;
  ExpectCountsAgree();
  EXPECT_EQ(target().Now().Sum().opened, kUsers);
  EXPECT_EQ(Ours("round_trip"), static_cast<double>(target().chat().Count("ws_messages_sent")));
  for (const char* metric : {"round_trip", "ws_connecting", "ws_session_duration"}) {
    const std::string values = std::string("/metrics/") + metric + "/values/";
    EXPECT_GE(summary().Number(values + "min"), 0) << metric;
    EXPECT_LT(summary().Number(values + "max"), 60'000) << metric;
    Measured(std::string(metric) + " at the most", summary().Number(values + "max"), "ms");
  }
  EXPECT_NEAR(summary().Number("/times/run_seconds"), 36, 4);
}

}  // namespace
}  // namespace rampart::faults
