#include "common/plan/coordination.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/plan/load_plan.h"
#include "common/plan/rendezvous.h"

namespace rampart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string FaultsOf(const std::string& text) { return LoadPlan(text, "p.yaml", {}).FaultText(); }

// A scenario of 4 users that does so.
std::string Scenario(const std::string& name, const std::string& settings,
                     const std::string& steps = "{ sleep: 1s }") {
  return "  " + name + ":\n    load: { constant_users: { users: 4, duration: 10s } }\n" +
         (settings.empty() ? "" : "    " + settings + "\n") + "    steps: [ " + steps + " ]\n";
}
std::string Plan(const std::string& scenarios) { return "name: p\nscenarios:\n" + scenarios; }

// ---- start_after ----

TEST(StartAfter, NamesAnotherScenario) {
  EXPECT_THAT(FaultsOf(Plan(Scenario("one", "") + Scenario("two", "start_after: one"))), IsEmpty());
  EXPECT_THAT(FaultsOf(Plan(Scenario("warmup", "") + Scenario("two", "start_after: warmpu"))),
              HasSubstr("`start_after: warmpu` names no scenario (did you mean `warmup`?)"));
  EXPECT_THAT(FaultsOf(Plan(Scenario("one", "") + Scenario("two", "start_after: elsewhere"))),
              HasSubstr("names no scenario; the others are `one`"));
  EXPECT_THAT(FaultsOf(Plan(Scenario("one", "start_after: one"))),
              HasSubstr("p.yaml:3:3: `one` cannot start after itself"));
}

TEST(StartAfter, ACircleIsSaidOnceWithAllThatAreInIt) {
  const std::string faults =
      FaultsOf(Plan(Scenario("a", "start_after: c") + Scenario("b", "start_after: a") +
                    Scenario("c", "start_after: b") + Scenario("d", "start_after: a")));
  EXPECT_THAT(faults, HasSubstr("for ever: `a` after `c` after `b` after `a`"));
  EXPECT_EQ(std::count(faults.begin(), faults.end(), '\n'), 1) << faults;
}

TEST(StartAfter, AllOfALineIsWithinTheLimitOfAPlan) {
  const std::string plan =
      "name: p\nscenarios:\n"
      "  one:\n    load: { constant_users: { users: 1, duration: 4d } }\n    steps: [ sleep: 1s ]\n"
      "  two:\n    start_after: one\n    load: { constant_users: { users: 1, duration: 4d } }\n"
      "    steps: [ sleep: 1s ]\n";
  EXPECT_THAT(FaultsOf(plan), HasSubstr("p.yaml:6:3: longer than 7 days, with the scenarios"));
  EXPECT_THAT(LoadPlan(plan, "p.yaml", {{}, 0.5}).FaultText(), IsEmpty());
}

TEST(StartAfter, TheTimeScaleIsOfTheOffsetToo) {
  const LoadedPlan loaded =
      LoadPlan(Plan(Scenario("one", "") + Scenario("two", "{ start_after: one, start: 10s }")),
               "p.yaml", {});
  EXPECT_FALSE(loaded.ok());  // settings are keys of the scenario
  const LoadedPlan scaled =
      LoadPlan(Plan(Scenario("one", "") + Scenario("two", "start_after: one\n    start: 10s")),
               "p.yaml", {{}, 0.5});
  ASSERT_TRUE(scaled.ok()) << scaled.FaultText();
  EXPECT_EQ(scaled.plan.scenarios(1).start().seconds(), 5);
}

// ---- rendezvous ----

TEST(PlannedRendezvous, AreFoundWhereverStepsAreAndTakeAllUsersOfTheirScenario) {
  const LoadedPlan loaded = LoadPlan(
      Plan(Scenario("one", "",
                    "{ when: ok, steps: [ { rendezvous: inner } ] }, "
                    "{ choose: [ { steps: [ { rendezvous: { name: few, users: 2 } } ] } ] }, "
                    "{ websocket: { url: \"ws://h\", on_open: [ { rendezvous: inner } ] } }") +
           Scenario("two", "", "{ rendezvous: { name: few, users: 2, timeout: 5s } }")),
      "p.yaml", {});
  ASSERT_TRUE(loaded.ok()) << loaded.FaultText();
  const auto all = RendezvousOf(loaded.plan);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "inner");
  EXPECT_EQ(all[0].users, 4);
  EXPECT_THAT(all[0].scenarios, ElementsAre(0));
  EXPECT_EQ(all[1].name, "few");
  EXPECT_EQ(all[1].users, 2);
  EXPECT_THAT(all[1].scenarios, ElementsAre(0, 1));
}

TEST(PlannedRendezvous, AnArrivalRateHasToSayHowManyMeet) {
  const std::string begin =
      "name: p\nscenarios:\n  one:\n    load: { constant_arrival_rate: { rate: 1/s, duration: 1m, "
      "users: 3, max_users: 5 } }\n    steps:\n      - rendezvous: ";
  EXPECT_THAT(FaultsOf(begin + "all\n"),
              HasSubstr("p.yaml:6:9: the rendezvous `all` needs `users`"));
  EXPECT_THAT(FaultsOf(begin + "{ name: all, users: 5 }\n"), IsEmpty());
}

TEST(PlannedRendezvous, WhatCannotBeMetIsAFault) {
  const auto steps = [](const std::string& text) {
    return FaultsOf(Plan(Scenario("one", "", text)));
  };
  EXPECT_THAT(steps("{ rendezvous: { name: a, users: 5 } }"),
              HasSubstr("takes 5 users, but only 4 can ever be there"));
  EXPECT_THAT(steps("{ rendezvous: { name: a, timeout: 0s } }"), HasSubstr("must be over 0"));
  EXPECT_THAT(steps("{ rendezvous: a }, { rendezvous: { name: a, users: 3 } }"),
              HasSubstr("the rendezvous `a` takes 3 users here and 4 in line 5"));
  EXPECT_THAT(steps("{ rendezvous: { users: 3 } }"), Not(IsEmpty()));
}

TEST(PlannedRendezvous, ScenariosThatMeetSayHowMany) {
  EXPECT_THAT(FaultsOf(Plan(Scenario("one", "", "{ rendezvous: a }") +
                            Scenario("two", "", "{ rendezvous: a }"))),
              HasSubstr("is in several scenarios, whose users meet there"));
  EXPECT_THAT(FaultsOf(Plan(Scenario("one", "", "{ rendezvous: { name: a, users: 8 } }") +
                            Scenario("two", "", "{ rendezvous: { name: a, users: 8 } }"))),
              IsEmpty());
}

TEST(PlannedRendezvous, SetupAndTeardownHaveNobodyToMeet) {
  for (const std::string where : {"setup", "teardown"}) {
    EXPECT_THAT(FaultsOf(Plan(Scenario("one", "")) + where +
                         ":\n  - repeat: 2\n    steps: [ { rendezvous: a } ]\n"),
                HasSubstr("a `rendezvous` in `" + where + "`"));
  }
}

}  // namespace
}  // namespace rampart
