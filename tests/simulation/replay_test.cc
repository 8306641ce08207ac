// What happened in a world comes to the same from a journal. A seed that fails is printed;
// RAMPART_SEED=n runs that one only.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "controller/conduct/run_core.h"
#include "controller/journal/journal_record.h"
#include "controller/report/summary_json.h"
#include "gtest/gtest.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/seeds.h"
#include "tests/simulation/world.h"

namespace rampart::simulation {
namespace {

constexpr int64_t kLimit = 150 * kSecond;

v1::Plan APlan(std::mt19937_64& random) {
  v1::Plan plan;
  plan.set_name("a plan");
  if (random() % 2 == 0) plan.add_setup();
  if (random() % 2 == 0) plan.add_teardown();
  v1::ConstantUsers& users = *plan.add_scenarios()->mutable_load()->mutable_constant_users();
  users.set_users(40);
  users.mutable_duration()->set_seconds(6);
  return plan;
}

Trouble SomeTrouble(std::mt19937_64& random) {
  const auto sometime = [&] { return static_cast<int64_t>(1 + random() % (22 * kSecond)); };
  Trouble trouble;
  trouble.cuts = static_cast<int>(random() % 12);
  trouble.unnoticed_ns = static_cast<int64_t>(random() % 15) * kSecond;
  trouble.failed_dials = 0.2;
  if (random() % 4 == 0) trouble.death_ns = sometime();
  trouble.death_seen = random() % 2 == 0;
  if (random() % 4 == 0) trouble.isolation_ns = sometime();
  if (random() % 4 == 0) trouble.term_ns = sometime();
  if (random() % 4 == 0) trouble.stop_ns = sometime();
  trouble.stop = random() % 2 == 0 ? v1::DRAIN : v1::ABORT;
  return trouble;
}

controller::RunCoreOptions OptionsOf(const World& world) {
  return {.fleet = world.fleet_options(), .run = {}, .begun_ns = 0, .begun_unix_ns = 1'700'000'000};
}

TEST(Replay, WhatIsJournaledComesToTheSameResult) {
  ForSeeds(500, [](uint64_t seed, std::mt19937_64& random) {
    World world(seed, static_cast<int>(1 + random() % 4), APlan(random), SomeTrouble(random));
    world.keep_tape_ = true;
    ASSERT_TRUE(world.Run(kLimit));

    controller::RunCore lived(OptionsOf(world));
    Disk disk;
    size_t journaled = 0;
    for (const auto& [now_ns, told] : world.tape_) {
      controller::RunEvent event = told;
      if (!lived.Step(&event, now_ns).changed) continue;
      ++journaled;
      disk.Append(now_ns, std::get<controller::FleetEvent>(event));
    }
    ASSERT_TRUE(lived.done());
    EXPECT_LE(journaled, world.tape_.size());
    disk.BeginSync();
    disk.EndSync();

    controller::RunCore replayed(OptionsOf(world));
    for (controller::JournalEntry& entry : disk.Read()) {
      EXPECT_TRUE(replayed.Step(&entry.event, entry.now_ns).changed);
    }
    EXPECT_TRUE(replayed.done());
    EXPECT_EQ(controller::SummaryJson(replayed.Finish()), controller::SummaryJson(lived.Finish()));
    EXPECT_EQ(replayed.last_connection(), lived.last_connection());
  });
}

// Ticks without actions and heartbeats are not in the journal: they have to change nothing else.
TEST(Replay, ATickThatDoesNothingChangesNothing) {
  ForSeeds(200, [](uint64_t seed, std::mt19937_64& random) {
    World world(seed, static_cast<int>(1 + random() % 4), APlan(random), SomeTrouble(random));
    world.keep_tape_ = true;
    ASSERT_TRUE(world.Run(kLimit));
    controller::Fleet with(world.fleet_options());
    controller::Fleet without(world.fleet_options());
    for (const auto& [now_ns, told] : world.tape_) {
      controller::FleetEvent event = told;
      const auto actions = with.Step(event, now_ns);
      if (auto* tick = std::get_if<controller::Tick>(&event); tick != nullptr) {
        if (actions.empty()) continue;
        tick->heard_ns = with.heard_ns();
      }
      EXPECT_EQ(without.Step(event, now_ns).size(), actions.size());
      ASSERT_EQ(with.phase(), without.phase());
    }
  });
}

}  // namespace
}  // namespace rampart::simulation
