// Both ends of the stream against each other, in thousands of worlds.
#include <algorithm>
#include <cstdlib>
#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/simulation/seeds.h"
#include "tests/simulation/world.h"

namespace rampart::simulation {
namespace {

constexpr int64_t kLimit = 150 * kSecond;
// Where the load is paused meanwhile.
constexpr int64_t kPausedLimit = 300 * kSecond;

v1::Plan APlan(int64_t seconds = 6) {
  v1::Plan plan;
  plan.add_setup();
  plan.add_teardown();
  v1::ConstantUsers& users = *plan.add_scenarios()->mutable_load()->mutable_constant_users();
  users.set_users(40);
  users.mutable_duration()->set_seconds(seconds);
  return plan;
}

// Its 40 users meet, round after round; `late` starts when all rounds are over.
v1::Plan AMeetingPlan() {
  v1::Plan plan = APlan(60);
  plan.mutable_scenarios(0)->set_name("one");
  v1::Scenario& late = *plan.add_scenarios();
  late = plan.scenarios(0);
  late.set_name("late");
  late.set_start_after("one");
  // The least agent can hold all users of both.
  late.mutable_load()->mutable_constant_users()->set_users(10);
  plan.mutable_scenarios(0)->add_steps()->mutable_rendezvous()->set_name("meet");
  return plan;
}

// What holds in every world, whatever goes wrong.
void CheckAlways(const World& world) {
  EXPECT_THAT(world.broken_, testing::IsEmpty());
  EXPECT_THAT(world.gathering_.broken, testing::IsEmpty());
  EXPECT_THAT(world.users_->broken(), testing::IsEmpty());
  int setups = 0;
  for (const World::Agent& agent : world.agents_) {
    setups += agent.setups;
    EXPECT_LE(agent.made, 1);
    EXPECT_LE(agent.starts, 1);
    EXPECT_LE(agent.teardowns, 1);
    if (agent.starts == 0 || agent.start_ns == 0) continue;
    const auto i = static_cast<size_t>(world.index_.at(agent.name));
    if (i >= world.started_.skew_ms.size()) continue;  // it came late
    const int64_t start_ns = agent.start_ns - agent.clock_offset_ns;
    EXPECT_LE(std::abs(static_cast<double>(start_ns - world.started_.start_ns)),
              world.started_.skew_ms.at(i) * 1e6 + 1);
  }
  EXPECT_LE(setups, 1);
  // Nothing that was measured is missing, or the run says that it is not whole.
  for (const World::Agent& agent : world.agents_) {
    if (!world.ran_ || !world.failures_.empty() || world.teardown_failures_ > 0) continue;
    if (!world.index_.contains(agent.name)) continue;  // it was never let in
    const int index = world.index_.at(agent.name);
    if (world.lost_agents_.contains(index)) continue;
    EXPECT_EQ(world.kept_.at(static_cast<size_t>(index)), agent.measured) << agent.name;
  }
}

int Agents(std::mt19937_64& random) { return static_cast<int>(1 + random() % 4); }
int64_t Sometime(std::mt19937_64& random) {
  return static_cast<int64_t>(1 + random() % static_cast<uint64_t>(22 * kSecond));
}

// Everything at once.
Trouble AnyTrouble(std::mt19937_64& random) {
  Trouble trouble;
  trouble.cuts = static_cast<int>(random() % 30);
  trouble.unnoticed_ns = static_cast<int64_t>(random() % 15) * kSecond;
  trouble.failed_dials = 0.5;
  if (random() % 3 == 0) trouble.death_ns = Sometime(random);
  trouble.death_seen = random() % 2 == 0;
  if (random() % 3 == 0) trouble.isolation_ns = Sometime(random);
  if (random() % 3 == 0) trouble.term_ns = Sometime(random);
  if (random() % 3 == 0) trouble.stop_ns = Sometime(random);
  trouble.stop = random() % 2 == 0 ? v1::DRAIN : v1::ABORT;
  return trouble;
}

TEST(FleetSimulation, BrokenConnectionsCostNothing) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.cuts = static_cast<int>(random() % 12);
    trouble.failed_dials = 0.2;
    World world(seed, Agents(random), APlan(), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    EXPECT_THAT(world.failures_, testing::IsEmpty());
    EXPECT_EQ(world.teardown_failures_, 0);
    EXPECT_TRUE(world.ran_);
    for (const World::Agent& agent : world.agents_) {
      EXPECT_EQ(agent.starts, 1);
      EXPECT_EQ(agent.exit_code, 0) << agent.exit_why;
    }
  });
}

TEST(FleetSimulation, AnAgentThatDiesFailsTheRun) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.cuts = static_cast<int>(random() % 3);
    trouble.death_ns = Sometime(random);
    trouble.death_seen = random() % 2 == 0;
    World world(seed, Agents(random), APlan(), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    // Killed before its load was over.
    for (const World::Agent& agent : world.agents_) {
      const bool killed = agent.exit_code == -1;
      if (killed && world.started_.start_ns == 0) {
        EXPECT_THAT(world.failures_, testing::Not(testing::IsEmpty()));
      }
      if (killed && trouble.death_ns < world.started_.start_ns + 6 * kSecond) {
        EXPECT_THAT(world.failures_, testing::Not(testing::IsEmpty()));
      }
    }
  });
}

TEST(FleetSimulation, AnAgentThatCannotBeReachedStopsItsLoadAndFailsTheRun) {
  ForSeeds(500, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.isolation_ns = Sometime(random);
    trouble.unnoticed_ns = 30 * kSecond;
    constexpr int64_t kLoadSeconds = 25;  // more than a lease
    World world(seed, Agents(random), APlan(kLoadSeconds), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    if (world.started_.start_ns == 0 ||
        trouble.isolation_ns < world.started_.start_ns + kLoadSeconds * kSecond) {
      EXPECT_THAT(world.failures_, testing::Not(testing::IsEmpty()));
    }
  });
}

TEST(FleetSimulation, AStopAtAnyTimeEndsTheRun) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.cuts = static_cast<int>(random() % 4);
    trouble.stop_ns = Sometime(random);
    trouble.stop = random() % 2 == 0 ? v1::DRAIN : v1::ABORT;
    World world(seed, Agents(random), APlan(60), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    EXPECT_THAT(world.failures_, testing::IsEmpty());
    EXPECT_LE(world.done_ns_, std::max(trouble.stop_ns, int64_t{0}) + 20 * kSecond);
  });
}

TEST(FleetSimulation, AnAgentToldToLeaveDoesSoAndFailsTheRun) {
  ForSeeds(500, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.cuts = static_cast<int>(random() % 4);
    trouble.term_ns = Sometime(random);
    World world(seed, Agents(random), APlan(), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
  });
}

TEST(FleetSimulation, EverythingAtOnceStillEnds) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    const Trouble trouble = AnyTrouble(random);
    World world(seed, Agents(random), APlan(), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
  });
}

TEST(FleetSimulation, UsersMeetAndScenariosFollowEachOtherWhateverBreaks) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.cuts = static_cast<int>(random() % 12);
    trouble.failed_dials = 0.2;
    World world(seed, Agents(random), AMeetingPlan(), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    EXPECT_THAT(world.failures_, testing::IsEmpty());
    const Gathering& all = world.gathering_;
    EXPECT_EQ(all.arrived, (std::map<uint64_t, int>{{1, 40}, {2, 40}, {3, 40}}));
    EXPECT_EQ(all.opened.size(), Crowd::kRounds);
    EXPECT_EQ(all.late_ended, all.agents);
    // One instant for all, as well as their clocks are known.
    const double skew_ms = *std::ranges::max_element(world.started_.skew_ms);
    EXPECT_LE(static_cast<double>(all.late.last_ns - all.late.first_ns), 2e6 * skew_ms + 2);
    for (const auto& [opening, instants] : all.opened) {
      EXPECT_LE(static_cast<double>(instants.last_ns - instants.first_ns), 2e6 * skew_ms + 2);
    }
  });
}

TEST(FleetSimulation, ImpatientUsersGoOnAloneAndNobodyWaitsForEver) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.cuts = static_cast<int>(random() % 12);
    trouble.failed_dials = 0.2;
    trouble.patience_ns = 50 * kMs + static_cast<int64_t>(random() % 1000) * kMs;
    World world(seed, Agents(random), AMeetingPlan(), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    EXPECT_THAT(world.failures_, testing::IsEmpty());
    EXPECT_EQ(world.gathering_.late_ended, world.gathering_.agents);
    // Each user comes once a round, met or not.
    EXPECT_EQ(world.gathering_.arrived, (std::map<uint64_t, int>{{1, 40}, {2, 40}, {3, 40}}));
  });
}

TEST(FleetSimulation, AStopOrALostAgentEndsAlsoThoseThatWait) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.cuts = static_cast<int>(random() % 6);
    trouble.failed_dials = 0.2;
    if (random() % 2 == 0) trouble.death_ns = Sometime(random);
    trouble.death_seen = random() % 2 == 0;
    if (random() % 3 == 0) trouble.isolation_ns = Sometime(random);
    if (random() % 3 == 0) trouble.term_ns = Sometime(random);
    trouble.stop_ns = Sometime(random) + 5 * kSecond;
    trouble.stop = random() % 2 == 0 ? v1::DRAIN : v1::ABORT;
    World world(seed, Agents(random), AMeetingPlan(), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
  });
}

constexpr int64_t kLongSeconds = 50;
// From the loss to all users at work again: a lease and what is in flight, and the two ends' ticks.
constexpr int64_t kBackNs = 15 * kSecond;

// While all are at work, with time enough for the rest.
int64_t InTheLoad(std::mt19937_64& random) {
  return 15 * kSecond + static_cast<int64_t>(random() % static_cast<uint64_t>(15 * kSecond));
}

TEST(FleetSimulation, TheUsersOfAnAgentThatDiedAreBackOnTheOthers) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.policy = controller::LossPolicy::kRebalance;
    trouble.cuts = static_cast<int>(random() % 4);
    trouble.failed_dials = 0.1;
    trouble.death_ns = InTheLoad(random);
    trouble.death_seen = random() % 2 == 0;
    World world(seed, Agents(random) + 1, APlan(kLongSeconds), trouble);
    world.look_ns_ = trouble.death_ns + (trouble.death_seen ? 5 * kSecond : kBackNs);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    EXPECT_THAT(world.failures_, testing::IsEmpty());
    EXPECT_EQ(world.lost_agents_.size(), 1u);
    EXPECT_EQ(world.loading_then_, world.users_->all());
  });
}

TEST(FleetSimulation, AnAgentThatWasCutOffParksAndReturnsWithAllThatItMeasured) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.policy = controller::LossPolicy::kRebalance;
    trouble.unnoticed_ns = 30 * kSecond;
    trouble.isolation_ns = InTheLoad(random);
    trouble.healing_ns = trouble.isolation_ns + static_cast<int64_t>(random() % 25) * kSecond;
    World world(seed, Agents(random) + 1, APlan(kLongSeconds + 25), trouble);
    // With time to hand it its part again.
    world.look_ns_ = trouble.isolation_ns + 40 * kSecond;
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    EXPECT_THAT(world.failures_, testing::IsEmpty());
    EXPECT_THAT(world.lost_agents_, testing::IsEmpty());
    EXPECT_EQ(world.loading_then_, world.users_->all());
    if (trouble.healing_ns - trouble.isolation_ns > 12 * kSecond) {
      EXPECT_EQ(world.returned_, 1);
    }
    for (const World::Agent& agent : world.agents_) EXPECT_EQ(agent.exit_code, 0) << agent.exit_why;
  });
}

TEST(FleetSimulation, AnAgentToldToLeaveHandsItsUsersOver) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.policy = controller::LossPolicy::kRebalance;
    trouble.term_ns = InTheLoad(random);
    World world(seed, Agents(random) + 1, APlan(kLongSeconds), trouble);
    world.look_ns_ = trouble.term_ns + 8 * kSecond;
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    EXPECT_THAT(world.failures_, testing::IsEmpty());
    EXPECT_EQ(world.lost_, 0);
    EXPECT_EQ(world.loading_then_, world.users_->all());
  });
}

TEST(FleetSimulation, AnAgentThatJoinsTakesItsPartAndNoUserIsTwice) {
  int loaded = 0;
  ForSeeds(1000, [&](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.policy = controller::LossPolicy::kRebalance;
    trouble.cuts = static_cast<int>(random() % 6);
    trouble.failed_dials = 0.1;
    trouble.join_ns = InTheLoad(random);
    trouble.changes = static_cast<int>(random() % 6);
    World world(seed, Agents(random), APlan(kLongSeconds), trouble);
    world.look_ns_ = trouble.join_ns + 15 * kSecond;
    ASSERT_TRUE(world.Run(kPausedLimit));
    CheckAlways(world);
    EXPECT_THAT(world.failures_, testing::IsEmpty());
    EXPECT_EQ(world.loading_then_, world.users_->all());
    loaded += world.last_loads_then_ > 0 ? 1 : 0;
  });
  // A small one's part of each of the others' few users may be none.
  if (std::getenv("RAMPART_SEED") == nullptr) {
    EXPECT_GT(loaded, 950);
  }
}

TEST(FleetSimulation, WhatComesAgainCountsOnce) {
  ForSeeds(500, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.cuts = static_cast<int>(random() % 6);
    trouble.repeated = 0.3;
    World world(seed, Agents(random), APlan(), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    EXPECT_THAT(world.failures_, testing::IsEmpty());
  });
}

TEST(FleetSimulation, AGapIsNeverTakenForTheWhole) {
  ForSeeds(500, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.policy = controller::LossPolicy::kRebalance;
    trouble.dropped = 0.02;
    World world(seed, Agents(random) + 1, APlan(25), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
  });
}

TEST(FleetSimulation, EverythingAtOnceWhileUsersAreHandedAboutStillEnds) {
  ForSeeds(1500, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.policy =
        random() % 3 == 0 ? controller::LossPolicy::kContinue : controller::LossPolicy::kRebalance;
    trouble.cuts = static_cast<int>(random() % 30);
    trouble.unnoticed_ns = static_cast<int64_t>(random() % 15) * kSecond;
    trouble.failed_dials = 0.5;
    if (random() % 2 == 0) trouble.death_ns = Sometime(random);
    trouble.death_seen = random() % 2 == 0;
    if (random() % 2 == 0) trouble.isolation_ns = Sometime(random);
    if (random() % 2 == 0) trouble.healing_ns = trouble.isolation_ns + Sometime(random);
    if (random() % 3 == 0) trouble.term_ns = Sometime(random);
    if (random() % 3 == 0) trouble.stop_ns = Sometime(random);
    trouble.stop = random() % 2 == 0 ? v1::DRAIN : v1::ABORT;
    if (random() % 2 == 0) trouble.join_ns = Sometime(random);
    trouble.changes = static_cast<int>(random() % 4);
    World world(seed, Agents(random) + 1, APlan(25), trouble);
    ASSERT_TRUE(world.Run(kPausedLimit));
    CheckAlways(world);
  });
}

TEST(FleetSimulation, AControllerThatIsKilledAndResumedLosesNothing) {
  int restarts = 0;
  ForSeeds(1000, [&](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.kills = static_cast<int>(1 + random() % 3);
    trouble.gone_ns = 5 * kSecond;
    // Both together may take longer than a lease.
    if (trouble.kills == 1) trouble.cuts = static_cast<int>(random() % 2);
    World world(seed, Agents(random), APlan(15), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    EXPECT_THAT(world.failures_, testing::IsEmpty());
    EXPECT_EQ(world.teardown_failures_, 0);
    EXPECT_TRUE(world.ran_);
    for (const World::Agent& agent : world.agents_) EXPECT_EQ(agent.starts, 1);
    restarts += world.restarts_;
  });
  if (std::getenv("RAMPART_SEED") == nullptr) {
    EXPECT_GT(restarts, 1000);
  }
}

TEST(FleetSimulation, UsersMeetAlsoWhenTheControllerIsKilled) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    Trouble trouble;
    trouble.kills = static_cast<int>(1 + random() % 3);
    trouble.gone_ns = 5 * kSecond;
    World world(seed, Agents(random), AMeetingPlan(), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
    EXPECT_THAT(world.failures_, testing::IsEmpty());
    const Gathering& all = world.gathering_;
    EXPECT_EQ(all.arrived, (std::map<uint64_t, int>{{1, 40}, {2, 40}, {3, 40}}));
    EXPECT_EQ(all.opened.size(), Crowd::kRounds);
    EXPECT_EQ(all.late_ended, all.agents);
  });
}

TEST(FleetSimulation, EverythingAtOnceAndAKilledControllerStillEnds) {
  ForSeeds(1000, [](uint64_t seed, std::mt19937_64& random) {
    const auto kills = static_cast<int>(1 + random() % 4);
    Trouble trouble = AnyTrouble(random);
    trouble.kills = kills;
    trouble.gone_ns = 20 * kSecond;
    World world(seed, Agents(random), APlan(), trouble);
    ASSERT_TRUE(world.Run(kLimit));
    CheckAlways(world);
  });
}

TEST(FleetSimulation, TheSameSeedIsTheSameRun) {
  Trouble trouble;
  trouble.cuts = 5;
  World first(7, 3, APlan(), trouble);
  World second(7, 3, APlan(), trouble);
  ASSERT_TRUE(first.Run(kLimit));
  ASSERT_TRUE(second.Run(kLimit));
  EXPECT_EQ(first.done_ns_, second.done_ns_);
  EXPECT_EQ(first.kept_, second.kept_);
}

}  // namespace
}  // namespace rampart::simulation
