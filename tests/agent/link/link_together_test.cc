// What a Link says and does for users and scenarios that need all agents.
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/agent/link/link_table.h"

namespace rampart::agent {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using Table = LinkTable;

v1::Waiting Waiting(uint64_t opening, uint64_t users, const std::string& name = "meet") {
  v1::Waiting waiting;
  waiting.set_rendezvous(name);
  waiting.set_opening(opening);
  waiting.set_users(users);
  return waiting;
}
v1::ControllerMessage Open(uint64_t opening, int64_t at_ns = 5) {
  v1::ControllerMessage message;
  message.mutable_open_rendezvous()->set_rendezvous("meet");
  message.mutable_open_rendezvous()->set_opening(opening);
  message.mutable_open_rendezvous()->set_agent_ns(at_ns);
  return message;
}
v1::ControllerMessage StartScenario(const std::string& name) {
  v1::ControllerMessage message;
  message.mutable_start_scenario()->set_scenario(name);
  message.mutable_start_scenario()->set_agent_ns(7);
  return message;
}

// `opening:users` of what was said.
std::vector<std::string> Said(const Table& table) {
  std::vector<std::string> said;
  for (const v1::AgentMessage& message : table.Sent()) {
    if (!message.has_waiting()) continue;
    said.push_back(std::to_string(message.waiting().opening()) + ":" +
                   std::to_string(message.waiting().users()));
  }
  return said;
}
std::vector<std::string> Ended(const Table& table) {
  std::vector<std::string> ended;
  for (const v1::AgentMessage& message : table.Sent()) {
    if (message.has_scenario_ended()) ended.push_back(message.scenario_ended().scenario());
  }
  return ended;
}

TEST(LinkTogether, SaysHowManyWaitWhenItChanges) {
  Table table;
  table.ToRunning();
  table.Tell(UsersWait{{Waiting(1, 0)}});
  table.Tell(UsersWait{{Waiting(1, 3)}});
  table.Tell(UsersWait{{Waiting(1, 3)}});
  table.Tell(UsersWait{{Waiting(1, 2)}});
  table.Tell(UsersWait{{Waiting(1, 0)}});
  EXPECT_THAT(Said(table), ElementsAre("1:3", "1:2", "1:0"));
}

TEST(LinkTogether, OpensEachOpeningOnceWhateverComesTwiceOrLate) {
  Table table;
  table.ToRunning();
  table.Hear(Open(1));
  table.Hear(Open(1));
  table.Hear(Open(3));  // the second was lost with a stream
  table.Hear(Open(2));
  std::vector<uint64_t> opened;
  for (const OpenMeeting& one : table.All<OpenMeeting>()) opened.push_back(one.open.opening());
  EXPECT_THAT(opened, ElementsAre(1, 3));
  EXPECT_EQ(table.All<OpenMeeting>()[0].open.agent_ns(), 5);
}

TEST(LinkTogether, WhoWaitedForAnOpeningThatHappenedIsNotSaidToWait) {
  Table table;
  table.ToRunning();
  table.Tell(UsersWait{{Waiting(1, 3)}});
  table.Hear(Open(1));
  table.actions.clear();
  table.Tell(UsersWait{{Waiting(1, 4)}});  // counted before the engine heard of it
  EXPECT_THAT(Said(table), IsEmpty());
  table.Reconnect();
  EXPECT_THAT(Said(table), IsEmpty());
  table.Tell(UsersWait{{Waiting(2, 0)}});
  EXPECT_THAT(Said(table), IsEmpty());
  table.Tell(UsersWait{{Waiting(2, 3)}});
  EXPECT_THAT(Said(table), ElementsAre("2:3"));
}

TEST(LinkTogether, SaysAgainOnANewStreamWhatHoldsThen) {
  Table table;
  table.ToRunning();
  table.Tell(UsersWait{{Waiting(1, 3), Waiting(1, 9, "other")}});
  table.Tell(ScenarioOver{"one"});
  table.Tell(Disconnected{"broke"});
  table.Tell(UsersWait{{Waiting(1, 4), Waiting(1, 0, "other")}});
  table.Tell(ScenarioOver{"two"});
  table.actions.clear();
  table.Tell(Connected{});
  table.Welcome();
  EXPECT_THAT(Said(table), ElementsAre("1:4"));
  EXPECT_THAT(Ended(table), ElementsAre("one", "two"));
}

TEST(LinkTogether, BeginsAScenarioOnce) {
  Table table;
  table.ToRunning();
  table.Hear(StartScenario("late"));
  table.Reconnect();
  table.Hear(StartScenario("late"));
  table.Hear(StartScenario("later"));
  std::vector<std::string> begun;
  for (const BeginScenario& one : table.All<BeginScenario>()) begun.push_back(one.start.scenario());
  EXPECT_THAT(begun, ElementsAre("later"));
}

TEST(LinkTogether, OutsideOfTheLoadNothingIsOpenedOrSaid) {
  Table table;
  table.Join();
  table.Prepare();
  table.Arm();
  table.Hear(Open(1));
  table.Hear(StartScenario("late"));
  table.Tell(UsersWait{{Waiting(1, 3)}});
  EXPECT_THAT(table.All<OpenMeeting>(), IsEmpty());
  EXPECT_THAT(table.All<BeginScenario>(), IsEmpty());
  table.Start(table.now);
  table.Tell(UsersWait{{Waiting(1, 3)}});
  table.Tell(ScenarioOver{"one"});
  table.Tell(EngineDrained{});
  table.Reconnect();
  EXPECT_THAT(Said(table), IsEmpty());
  EXPECT_THAT(Ended(table), IsEmpty());
}

}  // namespace
}  // namespace rampart::agent
