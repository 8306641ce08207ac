#include "controller/fleet/refusals.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace rampart::controller {
namespace {

using testing::HasSubstr;
using testing::Optional;

constexpr int64_t kSecond = 1'000'000'000;

TEST(Refusals, TheSameReasonIsSaidOnceInAWhileWithItsCount) {
  Refusals refusals;
  EXPECT_THAT(refusals.Heard("no certificate", 0), Optional(std::string("no certificate")));
  for (int i = 1; i < 10; ++i)
    EXPECT_EQ(refusals.Heard("no certificate", i * kSecond), std::nullopt);
  EXPECT_THAT(refusals.Heard("another", 9 * kSecond), Optional(std::string("another")));
  EXPECT_THAT(refusals.Heard("no certificate", Refusals::kAgainNs),
              Optional(std::string("no certificate (10 times since)")));
  EXPECT_THAT(refusals.Heard("no certificate", 3 * Refusals::kAgainNs),
              Optional(std::string("no certificate")));
}

TEST(Refusals, ReasonsThatSomebodyInventsAreBounded) {
  Refusals refusals;
  size_t said = 0;
  for (int i = 0; i < 1000; ++i) said += refusals.Heard(std::to_string(i), 0) ? 1 : 0;
  EXPECT_EQ(said, Refusals::kMaxReasons + 1);
}

TEST(Refusals, AHandshakesFaultIsToldForPeople) {
  EXPECT_THAT(HandshakeFault("peer did not return a certificate", "ca.pem"),
              HasSubstr("showed no certificate"));
  EXPECT_THAT(HandshakeFault("certificate verify failed", "ca.pem"), HasSubstr("CA in ca.pem"));
  EXPECT_THAT(HandshakeFault("wrong version number", "ca.pem"), HasSubstr("does not speak TLS"));
  EXPECT_THAT(HandshakeFault("tlsv1 alert unknown ca", "ca.pem"), HasSubstr("does not accept"));
  EXPECT_THAT(HandshakeFault("no shared cipher", "ca.pem"), HasSubstr("no shared cipher"));
}

}  // namespace
}  // namespace rampart::controller
