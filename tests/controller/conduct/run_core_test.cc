#include "controller/conduct/run_core.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"

namespace rampart::controller {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RunCoreTest : public testing::Test {
 protected:
  static RunCoreOptions Options() {
    RunCoreOptions options;
    v1::ConstantUsers& users =
        *options.fleet.plan.add_scenarios()->mutable_load()->mutable_constant_users();
    users.set_users(4);
    users.mutable_duration()->set_seconds(6);
    return options;
  }
  // What is said when an agent of this name, and of another build, says Hello.
  std::vector<std::string> Knock(const std::string& name, int64_t now_ns) {
    RunEvent connected = FleetEvent(Connected{++connection_, "peer"});
    core_.Step(&connected, now_ns);
    auto message = std::make_shared<v1::AgentMessage>();
    message->mutable_hello()->set_name(name);
    message->mutable_hello()->set_protocol(v1::PROTOCOL_VERSION + 1);
    RunEvent received = FleetEvent(Received{connection_, std::move(message)});
    return core_.Step(&received, now_ns).lines;
  }

  RunCore core_{Options()};
  ConnectionId connection_ = 0;
};

TEST_F(RunCoreTest, SaysWhoIsRefusedAndWhyButNotAThousandTimes) {
  const std::string words =
      "refused stranger, who came for the agents' stream: the controller speaks protocol " +
      std::to_string(v1::PROTOCOL_VERSION) + " and the agent " +
      std::to_string(v1::PROTOCOL_VERSION + 1) + ": use the same build of both";
  EXPECT_THAT(Knock("stranger", kSecondNs), ElementsAre(words));
  EXPECT_THAT(Knock("stranger", 2 * kSecondNs), IsEmpty());
  EXPECT_THAT(Knock("stranger", 3 * kSecondNs), IsEmpty());
  EXPECT_THAT(Knock("stranger", 12 * kSecondNs), ElementsAre(words + " (3 times since)"));
}

TEST_F(RunCoreTest, ANameThatIsNoneIsNotSaid) {
  EXPECT_THAT(Knock(std::string(10'000, 'x'), kSecondNs),
              ElementsAre(testing::StartsWith("refused somebody who came for")));
}

}  // namespace
}  // namespace rampart::controller
