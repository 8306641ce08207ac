#include "common/net/source_addresses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace rampart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::string FaultOf(std::string_view text) {
  const auto parsed = ParseSourceAddresses(text);
  EXPECT_FALSE(parsed.ok()) << text;
  return std::string(parsed.status().message());
}

TEST(SourceAddresses, ABlockStandsForItsAddressesWithoutNetworkAndBroadcast) {
  EXPECT_THAT(*ParseSourceAddresses("127.0.0.9,127.0.1.0/29"),
              ElementsAre("127.0.0.9", "127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4",
                          "127.0.1.5", "127.0.1.6"));
  EXPECT_THAT(*ParseSourceAddresses("10.0.0.254/31"), ElementsAre("10.0.0.254", "10.0.0.255"));
  EXPECT_THAT(*ParseSourceAddresses("10.0.0.7/32"), ElementsAre("10.0.0.7"));
  EXPECT_THAT(*ParseSourceAddresses("fd00::fe/127,FD00:0::1"),
              ElementsAre("fd00::fe", "fd00::ff", "fd00::1"));
}

TEST(SourceAddresses, ABlockCarriesIntoTheNextByte) {
  const auto parsed = ParseSourceAddresses("127.1.0.0/16");
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  ASSERT_THAT(*parsed, SizeIs(65'534));
  EXPECT_EQ(parsed->at(255), "127.1.1.0");
  EXPECT_EQ(parsed->back(), "127.1.255.254");
}

TEST(SourceAddresses, AFaultNamesThePart) {
  EXPECT_THAT(FaultOf(""), HasSubstr("`` is no IP address"));
  EXPECT_THAT(FaultOf("127.0.0.1,localhost"), HasSubstr("`localhost` is no IP address"));
  EXPECT_THAT(FaultOf("127.0.0.0/x"), HasSubstr("no prefix from 0 to 32"));
  EXPECT_THAT(FaultOf("fd00::/129"), HasSubstr("no prefix from 0 to 128"));
  EXPECT_THAT(FaultOf("127.0.0.1/24"), HasSubstr("first address"));
  EXPECT_THAT(FaultOf("127.0.0.0/8"), HasSubstr("more than 65536"));
  EXPECT_THAT(FaultOf("::/0"), HasSubstr("more than 65536"));
  EXPECT_THAT(FaultOf("127.1.0.0/16,127.2.0.0/16"), HasSubstr("more than 65536"));
  EXPECT_THAT(FaultOf("127.0.0.1,127.0.0.0/30"), HasSubstr("`127.0.0.1` is there twice"));
}

TEST(SourceAddresses, AreDealtInEqualSharesThatDoNotMeet) {
  const auto dealt = DealSourceAddresses(*ParseSourceAddresses("127.0.1.0/28,fd00::/126"), 4);
  ASSERT_TRUE(dealt.ok()) << dealt.status();
  EXPECT_THAT(dealt->at(0), ElementsAre("127.0.1.1", "127.0.1.2", "127.0.1.3", "fd00::"));
  EXPECT_THAT(dealt->at(3), ElementsAre("127.0.1.10", "127.0.1.11", "127.0.1.12", "fd00::3"));
  std::set<std::string> all;
  for (const auto& share : *dealt) all.insert(share.begin(), share.end());
  EXPECT_THAT(all, SizeIs(16));
}

TEST(SourceAddresses, NoAgentGetsMoreThanItsMost) {
  const auto dealt = DealSourceAddresses(*ParseSourceAddresses("127.1.0.0/16"), 2);
  ASSERT_TRUE(dealt.ok()) << dealt.status();
  EXPECT_THAT(dealt->at(0), SizeIs(kMaxSourcesOfAgent));
  EXPECT_EQ(dealt->at(1)[0], "127.1.0.65");
}

TEST(SourceAddresses, FewerThanAgentsAreRefused) {
  const auto dealt = DealSourceAddresses({"127.0.0.1", "127.0.0.2"}, 3);
  ASSERT_FALSE(dealt.ok());
  EXPECT_THAT(dealt.status().message(), HasSubstr("2 IPv4 addresses for 3 agents"));
}

}  // namespace
}  // namespace rampart
