// Real sockets on loopback, where every address of 127.0.0.0/8 is this machine's.
#include "agent/engine/source_addresses.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>

#include "agent/engine/transport.h"

namespace rampart::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Listens, and says who connected.
class Listener {
 public:
  Listener() : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    EXPECT_EQ(listen(fd_, 16), 0);
    socklen_t size = sizeof(address);
    getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
  }
  ~Listener() { close(fd_); }

  uint16_t port() const { return port_; }
  std::string AcceptFrom() const {
    Endpoint peer;
    peer.size = sizeof(peer.address);
    const int fd = accept4(fd_, reinterpret_cast<sockaddr*>(&peer.address), &peer.size, 0);
    close(fd);
    return peer.Host();
  }

 private:
  int fd_;
  uint16_t port_ = 0;
};

// What connecting to `host` from `sources` comes to, so many times.
std::vector<Connector::Result> Connect(const std::string& host, uint16_t port,
                                       const std::vector<std::string>& sources, int times = 1) {
  Loop loop;
  Resolver resolver;
  const TlsContext tls = *TlsContext::Make({});
  Connector connector(loop, resolver, tls, SourceAddresses(sources));
  std::vector<Connector::Result> results;
  const auto connect = [&]() -> Task<> {
    for (int i = 0; i < times; ++i) {
      ConnectTimes taken;
      results.push_back(co_await connector.Connect(
          host, port, /*secure=*/false, MonotonicNow() + 20'000'000'000, nullptr, &taken));
    }
  };
  Spawn(connect(), [&loop] { loop.Stop(); });
  loop.Run();
  // The loop goes, and what it watches has to go before.
  for (Connector::Result& result : results) {
    if (std::holds_alternative<std::unique_ptr<Transport>>(result)) result = {};
  }
  return results;
}

Failure FailureOf(const std::string& host, const std::vector<std::string>& sources) {
  const std::vector<Connector::Result> results = Connect(host, 9, sources);
  const auto* failure = std::get_if<Failure>(&results.at(0));
  if (failure == nullptr) {
    ADD_FAILURE() << "it connected";
    return {ErrorKind::kSystem, ""};
  }
  return *failure;
}

TEST(SourceAddresses, ConnectionsComeFromThemInTurn) {
  const Listener listener;
  Connect("127.0.0.1", listener.port(), {"127.0.3.1", "127.0.3.2"}, 3);
  std::vector<std::string> from;
  for (int i = 0; i < 3; ++i) from.push_back(listener.AcceptFrom());
  EXPECT_THAT(from, ElementsAre("127.0.3.1", "127.0.3.2", "127.0.3.1"));
}

TEST(SourceAddresses, OneThatThisMachineDoesNotHaveIsNamed) {
  // TEST-NET-3, which nobody has.
  const Failure failure = FailureOf("127.0.0.1", {"203.0.113.7"});
  EXPECT_EQ(ErrorKindName(failure.kind), "source_address");
  EXPECT_THAT(failure.detail, HasSubstr("connect to 127.0.0.1:9"));
  EXPECT_THAT(failure.detail, HasSubstr("203.0.113.7: this machine has no such address"));
  EXPECT_THAT(FaultOfSources({"127.0.0.1", "203.0.113.7"}), HasSubstr("203.0.113.7"));
  EXPECT_THAT(FaultOfSources({"127.0.0.1", "127.9.9.9"}), IsEmpty());
}

TEST(SourceAddresses, TheTargetsFamilyHasToBeAmongThem) {
  const Failure failure = FailureOf("::1", {"127.0.0.1"});
  EXPECT_EQ(failure.kind, ErrorKind::kSourceAddress);
  EXPECT_THAT(failure.detail, HasSubstr("no source address (--source) is of IPv6"));
}

TEST(SourceAddresses, RunningOutOfPortsSaysWhatToDo) {
  for (const int error : {EADDRNOTAVAIL, EADDRINUSE}) {
    const Failure failure = FailureFromErrno(error, "connect to 127.0.0.1:80");
    EXPECT_EQ(ErrorKindName(failure.kind), "ports_exhausted");
    EXPECT_THAT(failure.detail, HasSubstr("--sources"));
    EXPECT_THAT(failure.detail, HasSubstr("ip_local_port_range"));
  }
}

}  // namespace
}  // namespace rampart::agent
