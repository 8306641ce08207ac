#include "tests/chat/api/socket_ledger.h"

#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "tests/chat/test_client.h"

namespace rampart::chat {
namespace {

using ::testing::HasSubstr;

TEST(SocketLedger, TellsAddressesApart) {
  SocketLedger ledger;
  const auto a = ledger.Open("ann", "10.0.0.1");
  auto b = ledger.Open("bob", "10.0.0.2");
  a->Received();
  a->Received();
  b->Received();
  b.reset();
  const std::string json = ledger.ToJson();
  EXPECT_THAT(json, HasSubstr(R"("10.0.0.1":{"opened":1,"open":1,"received":2,)"));
  EXPECT_THAT(json, HasSubstr(R"("10.0.0.2":{"opened":1,"open":0,"received":1,)"));
  EXPECT_THAT(json, HasSubstr(R"("users_open":1,"users_twice":0,"stale_messages":0)"));
}

TEST(SocketLedger, SeesAUserInTwoPlaces) {
  SocketLedger ledger;
  const auto old = ledger.Open("ann", "10.0.0.1");
  const auto fresh = ledger.Open("ann", "10.0.0.2");
  fresh->Received();
  EXPECT_THAT(ledger.ToJson(), HasSubstr(R"("users_open":1,"users_twice":1,"stale_messages":0)"));
  old->Received();
  EXPECT_THAT(ledger.ToJson(), HasSubstr(R"("stale_messages":1)"));
}

TEST(SocketLedger, AUserThatMovesIsInOnePlace) {
  SocketLedger ledger;
  auto socket = ledger.Open("ann", "10.0.0.1");
  socket.reset();
  socket = ledger.Open("ann", "10.0.0.2");
  socket->Received();
  EXPECT_THAT(ledger.ToJson(), HasSubstr(R"("users_open":1,"users_twice":0,"stale_messages":0)"));
}

TEST(SocketLedger, IsKeptWhenAskedFor) {
  const RunningServer watching(Options{.watch_sockets = true});
  SocketClient socket(watching);
  socket.Ask({{"type", "ping"}, {"timestamp", 1}});
  EXPECT_THAT(Client(watching).Get("/api/stats/sockets").body,
              HasSubstr(R"("127.0.0.1":{"opened":1,"open":1,"received":1,)"));
  const RunningServer other(Options{});
  EXPECT_EQ(Client(other).Get("/api/stats/sockets").status, 404u);
}

}  // namespace
}  // namespace rampart::chat
