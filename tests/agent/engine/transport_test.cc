// Which addresses a Connector goes to, over real sockets; names are looked up in a table.
#include "agent/engine/transport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <map>

namespace rampart::agent {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using BoostTcp = boost::asio::ip::tcp;

using Names = std::map<std::string, std::vector<std::string>>;

// Accepts by its backlog.
class Listener {
 public:
  Listener() : acceptor_(context_, {boost::asio::ip::address_v4::loopback(), 0}) {}
  uint16_t port() const { return acceptor_.local_endpoint().port(); }

 private:
  boost::asio::io_context context_;
  BoostTcp::acceptor acceptor_;
};

// A port on which nobody listens.
uint16_t ClosedPort() { return Listener().port(); }

struct Outcome {
  bool connected = false;
  Failure failure{ErrorKind::kSystem, ""};
};

Outcome Connect(const std::string& host, uint16_t port, const Names& names = {},
                const TargetPolicy& targets = {}, const std::vector<std::string>& sources = {}) {
  Loop loop;
  Resolver resolver([&names](const std::string& asked) -> Resolver::Answer {
    const auto found = names.find(asked);
    if (found == names.end()) return Resolver::AskSystem(asked);
    std::vector<Endpoint> endpoints;
    for (const std::string& address : found->second) {
      endpoints.push_back(NumericEndpoint(address));
    }
    return endpoints;
  });
  const TlsContext tls = *TlsContext::Make({});
  Connector connector(loop, resolver, tls, SourceAddresses(sources), targets);
  Outcome outcome;
  const auto connect = [&]() -> Task<> {
    ConnectTimes times;
    Connector::Result result = co_await connector.Connect(
        host, port, /*secure=*/false, MonotonicNow() + 20'000'000'000, nullptr, &times);
    if (auto* failure = std::get_if<Failure>(&result)) {
      outcome.failure = *failure;
    } else {
      outcome.connected = true;
    }
  };
  Spawn(connect(), [&loop] { loop.Stop(); });
  loop.Run();
  return outcome;
}

TEST(Connector, ARefusedAddressIsAnErrorOfItsOwnThatSaysWhatWouldAllowIt) {
  const Outcome outcome = Connect("203.0.113.7", 80);
  EXPECT_FALSE(outcome.connected);
  EXPECT_EQ(ErrorKindName(outcome.failure.kind), "target_refused");
  EXPECT_EQ(outcome.failure.detail,
            "connect to 203.0.113.7:80: this agent refuses it: 203.0.113.7 is a public address "
            "(--allow-target 203.0.113.7 or --allow-public-targets would allow it)");
  EXPECT_THAT(Connect("2001:db8::1", 80).failure.detail, HasSubstr("connect to [2001:db8::1]:80"));
}

TEST(Connector, MetadataIsRefusedHoweverItIsWritten) {
  const TargetPolicy all = *TargetPolicy::Make(true, {});
  for (const char* host : {"169.254.169.254", "::ffff:169.254.169.254", "2852039166", "0xa9fea9fe",
                           "169.254.43518", "fd00:ec2::254"}) {
    const Outcome outcome = Connect(host, 80, {}, all);
    EXPECT_EQ(outcome.failure.kind, ErrorKind::kTargetRefused) << host << outcome.failure.detail;
    EXPECT_THAT(outcome.failure.detail, AllOf(HasSubstr(host), HasSubstr("metadata")));
  }
}

TEST(Connector, ANameIsJudgedByWhatItResolvesTo) {
  const Listener listener;
  const Names names = {{"inside.test", {"127.0.0.1"}},
                       {"outside.test", {"203.0.113.7"}},
                       {"sly.test", {"169.254.169.254", "8.8.8.8"}}};
  EXPECT_TRUE(Connect("inside.test", listener.port(), names).connected);
  const Failure outside = Connect("outside.test", 80, names).failure;
  EXPECT_EQ(outside.kind, ErrorKind::kTargetRefused);
  EXPECT_THAT(outside.detail, AllOf(HasSubstr("connect to outside.test:80"),
                                    HasSubstr("203.0.113.7 is a public address"),
                                    HasSubstr("--allow-target 203.0.113.7")));
  const Failure sly = Connect("sly.test", 80, names).failure;
  EXPECT_EQ(sly.kind, ErrorKind::kTargetRefused);
  EXPECT_THAT(sly.detail, AllOf(HasSubstr("169.254.169.254 is link-local"),
                                HasSubstr("; 8.8.8.8 is a public address")));
}

TEST(Connector, RefusedAddressesAreSkippedAndTheOthersTried) {
  const Listener listener;
  const Names names = {{"both.test", {"203.0.113.7", "169.254.169.254", "127.0.0.1"}}};
  EXPECT_TRUE(Connect("both.test", listener.port(), names).connected);
  const Failure closed = Connect("both.test", ClosedPort(), names).failure;
  EXPECT_EQ(closed.kind, ErrorKind::kConnectionRefused);
  EXPECT_THAT(closed.detail,
              AllOf(HasSubstr("connect to 127.0.0.1:"), HasSubstr("Connection refused"),
                    HasSubstr("not tried of both.test's addresses: 203.0.113.7 is a public"),
                    HasSubstr("169.254.169.254 is link-local")));
}

TEST(Connector, ManyRefusedAddressesAreNotAllSaid) {
  const Names names = {
      {"many.test", {"8.8.8.1", "8.8.8.2", "8.8.8.3", "8.8.8.4", "8.8.8.5", "8.8.8.6"}}};
  EXPECT_THAT(
      Connect("many.test", 80, names).failure.detail,
      AllOf(HasSubstr("8.8.8.4 is"), Not(HasSubstr("8.8.8.5 is")), HasSubstr("; and 2 more")));
}

TEST(Connector, WhatAFlagAllowsIsConnectedTo) {
  // From loopback no packet gets there: the kernel says so, which it is only asked when the policy
  // does not refuse.
  for (const TargetPolicy& targets :
       {*TargetPolicy::Make(false, {"203.0.113.0/24"}), *TargetPolicy::Make(true, {})}) {
    const Failure failure = Connect("203.0.113.7", 80, {}, targets, {"127.0.0.1"}).failure;
    EXPECT_NE(failure.kind, ErrorKind::kTargetRefused);
    EXPECT_THAT(failure.detail, HasSubstr("connect to 203.0.113.7:80"));
  }
  const TargetPolicy other = *TargetPolicy::Make(false, {"203.0.113.0/30"});
  EXPECT_EQ(Connect("203.0.113.7", 80, {}, other, {"127.0.0.1"}).failure.kind,
            ErrorKind::kTargetRefused);
}

}  // namespace
}  // namespace rampart::agent
