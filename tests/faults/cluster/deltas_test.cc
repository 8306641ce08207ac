// What agents measured, repeated, late, lost and out of turn on its way: the result is that of the
// same deltas said once and in order, bit for bit.
#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "controller/run/result.h"
#include "tests/faults/cluster/cluster.h"
#include "tests/faults/cluster/delta_proxy.h"

namespace rampart::faults {
namespace {

using testing::HasSubstr;

// Every bucket, sum and count of every series.
std::map<std::string, std::string> Merged(const SeriesStore& store) {
  std::map<std::string, std::string> merged;
  for (const auto& series : store.all()) {
    std::string name = series->metric;
    for (const auto& [key, value] : series->tags) name += "," + key + "=" + value;
    v1::SeriesDelta bits;
    series->value.ToProto(&bits);
    merged[name] = bits.SerializeAsString();
  }
  return merged;
}

std::vector<double> Numbers(const std::vector<controller::TimelinePoint>& timeline) {
  std::vector<double> numbers;
  for (const controller::TimelinePoint& point : timeline) {
    numbers.insert(numbers.end(),
                   {point.t, point.width_s, point.users, point.iterations_per_s, point.http_p50_ms,
                    point.http_p95_ms, point.http_p99_ms, point.errors_per_s, point.ws_active,
                    point.ws_msgs_per_s, point.bytes_per_s});
  }
  return numbers;
}

class Deltas : public Cluster {
 protected:
  void StartAgents(const Shape& shape, DeltaProxy::Decide decide) {
    ASSERT_NO_FATAL_FAILURE(WaitOnLoopback(shape));
    proxy_ = std::make_unique<DeltaProxy>(controller_, std::move(decide));
    StartAgentsOnLoopback(proxy_->address());
  }

  std::unique_ptr<DeltaProxy> proxy_;
};

TEST_F(Deltas, AFifthOfThemTwiceOldLostOrUnknownMergesAsIfNothingWas) {
  constexpr uint64_t kSeed = 20;
  std::mt19937_64 random(kSeed);
  ASSERT_NO_FATAL_FAILURE(
      StartAgents({.hold_s = 25}, [&random](const std::string&, uint64_t sequence) {
        if (random() % 5 != 0 || sequence < 2) return Trouble::kNone;
        // A broken stream takes a while to come back, and what is sent again meets no trouble.
        const uint64_t which = random() % 8;
        if (which == 0) return Trouble::kLost;
        if (which == 1) return Trouble::kUnknown;
        return which % 2 == 0 ? Trouble::kTwice : Trouble::kOlderAgain;
      }));
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  ASSERT_EQ(run_->Wait(), kPass) << run_->text();
  ExpectCountsAgree();
  EXPECT_EQ(target().Now().users_twice, 0u);
  const auto core = ReadJournal();
  ASSERT_NE(core, nullptr);
  const controller::RunResult result = core->Finish();
  const auto records = proxy_->records();
  auto done = proxy_->done();
  Measured("deltas",
           done[Trouble::kNone] + done[Trouble::kTwice] + done[Trouble::kOlderAgain] +
               done[Trouble::kLost] + done[Trouble::kUnknown],
           "");
  Measured("of them twice", done[Trouble::kTwice], "");
  Measured("with an older one again", done[Trouble::kOlderAgain], "");
  Measured("lost with the stream", done[Trouble::kLost], "");
  Measured("unknown with the stream", done[Trouble::kUnknown], "");
  for (const Trouble trouble :
       {Trouble::kTwice, Trouble::kOlderAgain, Trouble::kLost, Trouble::kUnknown}) {
    EXPECT_GT(done[trouble], 0) << static_cast<int>(trouble);
  }
  int sent_again = 0;
  for (const auto& [name, record] : records) {
    EXPECT_EQ(record.differing, 0) << name;
    EXPECT_EQ(record.deltas.size(), record.last_sequence) << name;
    sent_again += record.sent_again;
  }
  Measured("sent again by the agents", sent_again, "");
  // Of those that came the Welcome of the next stream may tell.
  EXPECT_GE(sent_again, done[Trouble::kLost]);

  // Another controller hears the same deltas, once each and in order.
  proxy_.reset();
  agents_.clear();
  std::filesystem::rename(run_dir(), folder_ + "/first");
  ASSERT_NO_FATAL_FAILURE(WaitOnLoopback({.hold_s = 25}));
  std::vector<std::thread> players;
  for (const auto& [name, record] : records) {
    players.emplace_back([this, &record] { PlayAgent(controller_, record); });
  }
  EXPECT_EQ(run_->Wait(), kPass) << run_->text();
  for (std::thread& player : players) player.join();
  const auto clean_core = ReadJournal();
  ASSERT_NE(clean_core, nullptr);
  const controller::RunResult clean = clean_core->Finish();
  const auto merged = Merged(result.series);
  Measured("series that are equal bit for bit", static_cast<double>(merged.size()), "");
  EXPECT_GT(merged.size(), 10u);
  EXPECT_EQ(merged, Merged(clean.series));
  EXPECT_EQ(Numbers(result.timeline), Numbers(clean.timeline));
  for (int agent = 0; agent < kAgents; ++agent) {
    EXPECT_EQ(clean.agents.at(static_cast<size_t>(agent)).deltas_applied,
              result.agents.at(static_cast<size_t>(agent)).deltas_applied);
  }
}

// TCP and gRPC keep a stream's order. Should something not, what is out of turn is refused.
TEST_F(Deltas, OneThatComesBeforeItsTurnIsRefusedAndNeverMerged) {
  ASSERT_NO_FATAL_FAILURE(
      StartAgents({.hold_s = 12}, [](const std::string& agent, uint64_t sequence) {
        return agent == "agent-4" && sequence == 15 ? Trouble::kTooEarly : Trouble::kNone;
      }));
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  const int code = run_->Wait();
  EXPECT_TRUE(code == kPass || code == kInvalid) << code << run_->text();
  EXPECT_THAT(run_->text(), HasSubstr("agent-4 is lost: what it measured has a gap"));
  EXPECT_LT(summary().Number("/coverage"), 1);
  EXPECT_THAT(proxy_->records().at("agent-4").refused, HasSubstr("has a gap"));
  const double theirs = static_cast<double>(target().Now().Sum().received);
  EXPECT_LE(Ours("ws_msgs_sent"), theirs);
  EXPECT_EQ(summary().Number("/agents/3/deltas_applied"), 14);
  EXPECT_EQ(target().Now().users_twice, 0u);
}

}  // namespace
}  // namespace rampart::faults
