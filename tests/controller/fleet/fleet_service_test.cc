// Where the service may listen. What it does with streams is in tests/agent/link/fleet_stream_test.
#include "controller/fleet/fleet_service.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

void Ignore(FleetEvent) {}

TEST(FleetService, ListensOnLoopbackOnlyUnlessThereIsTlsOrItIsAllowed) {
  for (const char* address : {"0.0.0.0:0", "[::]:0", "127.evil.example:0", "10.0.0.1:4000"}) {
    const auto service = FleetService::Listen({.listen = address}, Ignore);
    EXPECT_EQ(service.status().code(), absl::StatusCode::kInvalidArgument) << address;
    EXPECT_THAT(service.status().message(), testing::HasSubstr("controller certs init"));
    EXPECT_TRUE(CheckListen({.listen = address, .insecure_stream = true}).ok());
    EXPECT_TRUE(CheckListen({.listen = address, .identity = StreamIdentity{}}).ok());
  }
  EXPECT_FALSE(CheckListen({.identity = StreamIdentity{}, .insecure_stream = true}).ok());
  for (const char* address : {"127.0.0.1:0", "localhost:0"}) {
    const auto service = FleetService::Listen({.listen = address}, Ignore);
    ASSERT_TRUE(service.ok()) << service.status();
    EXPECT_GT((*service)->port(), 0);
    EXPECT_EQ((*service)->local_address(),
              std::string(address).substr(0, std::string(address).size() - 1) +
                  std::to_string((*service)->port()));
  }
}

TEST(FleetService, TwoDoNotShareAPort) {
  const auto first = FleetService::Listen({}, Ignore);
  ASSERT_TRUE(first.ok()) << first.status();
  const std::string address = "127.0.0.1:" + std::to_string((*first)->port());
  const auto second = FleetService::Listen({.listen = address}, Ignore);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.status().message(), testing::HasSubstr(address));
}

}  // namespace
}  // namespace rampart::controller
