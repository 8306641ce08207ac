#include "common/net/target_policy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rampart {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

std::string Refusal(const std::string& address, const TargetPolicy& policy = {}) {
  const std::optional<IpAddress> parsed = ParseIpAddress(address);
  EXPECT_TRUE(parsed) << address;
  return policy.Refusal(*parsed);
}

TargetPolicy Policy(bool allow_public, const std::vector<std::string>& blocks) {
  const absl::StatusOr<TargetPolicy> policy = TargetPolicy::Make(allow_public, blocks);
  EXPECT_TRUE(policy.ok()) << policy.status();
  return *policy;
}

std::string FaultOf(const std::vector<std::string>& blocks) {
  const absl::StatusOr<TargetPolicy> policy = TargetPolicy::Make(false, blocks);
  EXPECT_FALSE(policy.ok());
  return std::string(policy.status().message());
}

TEST(TargetPolicy, LoopbackAndPrivateAddressesAreTargetsByDefault) {
  for (const char* address :
       {"127.0.0.1", "127.255.255.255", "10.0.0.0", "10.255.255.255", "172.16.0.1",
        "172.31.255.255", "192.168.0.1", "192.168.255.255", "100.64.0.0", "100.127.255.255", "::1",
        "fc00::1", "fd12:3456::1", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}) {
    EXPECT_THAT(Refusal(address), IsEmpty());
  }
}

TEST(TargetPolicy, WhatIsJustBesideThemIsPublic) {
  for (const char* address :
       {"126.255.255.255", "128.0.0.0", "9.255.255.255", "11.0.0.0", "172.15.255.255", "172.32.0.0",
        "192.167.255.255", "192.169.0.0", "100.63.255.255", "100.128.0.0", "8.8.8.8",
        "223.255.255.255", "::2", "fbff::1", "2001:db8::1", "2606:4700::1111"}) {
    EXPECT_THAT(Refusal(address), AllOf(StartsWith(std::string(address) + " is a public address"),
                                        HasSubstr("--allow-target " + std::string(address)),
                                        HasSubstr("--allow-public-targets")));
    EXPECT_THAT(Refusal(address, Policy(true, {})), IsEmpty());
  }
}

TEST(TargetPolicy, MetadataLinkLocalAndWhatIsNoOneMachineAreNeverTargets) {
  const TargetPolicy widest = Policy(true, {"0.0.0.0/0", "::/0"});
  for (const auto& [address, what] : std::vector<std::pair<const char*, const char*>>{
           {"169.254.169.254", "link-local, where clouds keep their metadata"},
           {"169.254.0.0", "link-local"},
           {"169.254.255.255", "link-local"},
           {"100.100.100.200", "metadata"},
           {"168.63.129.16", "metadata"},
           {"192.0.0.192", "metadata"},
           {"0.0.0.0", "no address of any machine"},
           {"0.1.2.3", "no address of any machine"},
           {"224.0.0.1", "multicast"},
           {"239.255.255.255", "multicast"},
           {"255.255.255.255", "broadcast"},
           {"::", "no address of any machine"},
           {"fe80::1", "link-local"},
           {"febf:ffff::1", "link-local"},
           {"fd00:ec2::254", "metadata"},
           {"fd00:ec2::23", "metadata"},
           {"fd20:ce::254", "metadata"},
           {"fd00:c1::a9fe:a9fe", "metadata"},
           {"fd00:42::42", "metadata"},
           {"ff02::1", "multicast"}}) {
    for (const TargetPolicy& policy : {TargetPolicy(), widest}) {
      EXPECT_THAT(Refusal(address, policy),
                  AllOf(StartsWith(std::string(address) + " is "), HasSubstr(what),
                        HasSubstr("never a target"), Not(HasSubstr("--allow"))));
    }
  }
}

TEST(TargetPolicy, AnAddressThatCarriesAnIpv4AddressIsJudgedAsThat) {
  EXPECT_THAT(Refusal("::ffff:127.0.0.1"), IsEmpty());
  EXPECT_THAT(Refusal("::ffff:10.1.2.3"), IsEmpty());
  EXPECT_THAT(Refusal("::ffff:8.8.8.8"),
              AllOf(StartsWith("::ffff:8.8.8.8 is a public"), HasSubstr("--allow-target 8.8.8.8")));
  EXPECT_THAT(Refusal("::ffff:8.8.8.8", Policy(false, {"8.8.8.0/24"})), IsEmpty());
  const TargetPolicy widest = Policy(true, {"::/0"});
  EXPECT_THAT(Refusal("::ffff:169.254.169.254", widest), HasSubstr("metadata"));
  EXPECT_THAT(Refusal("::ffff:0.0.0.0", widest), HasSubstr("never"));
  EXPECT_THAT(Refusal("64:ff9b::a9fe:a9fe", widest), HasSubstr("metadata"));
  EXPECT_THAT(Refusal("64:ff9b::808:808"), HasSubstr("--allow-target 8.8.8.8"));
}

TEST(TargetPolicy, ABlockAllowsWhatIsInItAndNothingElse) {
  const TargetPolicy policy = Policy(false, {"203.0.113.64/26", "2001:db8::/33", "8.8.8.8"});
  for (const char* inside : {"203.0.113.64", "203.0.113.127", "2001:db8:7fff::1", "8.8.8.8"}) {
    EXPECT_THAT(Refusal(inside, policy), IsEmpty());
  }
  for (const char* outside : {"203.0.113.63", "203.0.113.128", "2001:db8:8000::1", "8.8.8.9"}) {
    EXPECT_THAT(Refusal(outside, policy), HasSubstr("public"));
  }
}

TEST(TargetPolicy, AFaultNamesTheBlock) {
  EXPECT_THAT(FaultOf({"10.0.0.0/8", "example.test"}),
              HasSubstr("--allow-target: `example.test` is no IP address"));
  EXPECT_THAT(FaultOf({""}), HasSubstr("`` is no IP address"));
  EXPECT_THAT(FaultOf({"1.2.3.0/33"}), HasSubstr("`1.2.3.0/33` has no prefix from 0 to 32"));
  EXPECT_THAT(FaultOf({"1.2.3.0/"}), HasSubstr("no prefix"));
  EXPECT_THAT(FaultOf({"1.2.3.0/-1"}), HasSubstr("no prefix"));
  EXPECT_THAT(FaultOf({"2001:db8::/129"}), HasSubstr("no prefix from 0 to 128"));
  EXPECT_THAT(FaultOf({"1.2.3.4/24"}), HasSubstr("name the block's first address"));
  EXPECT_THAT(FaultOf({"169.254.169.254"}), HasSubstr("link-local"));
  EXPECT_THAT(FaultOf({"fe80::/64"}), HasSubstr("never a target"));
  EXPECT_THAT(FaultOf(std::vector<std::string>(TargetPolicy::kMaxBlocks + 1, "1.2.3.4")),
              HasSubstr("256 blocks at most"));
}

}  // namespace
}  // namespace rampart
