// A chat server of several processes: the real program.
#include "tests/chat/processes.h"

#include <signal.h>

#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/chat/test_client.h"
#include "tests/support/chat_server.h"

namespace rampart::chat {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

const std::string kChat = PROGRAM_DIR "/chat";

// So many connections are in one process only once in a thousand million runs, and then the test
// still passes: it has shown less.
constexpr int kConnections = 20;

tcp::endpoint EndpointOf(const ChatServer& chat) {
  return {boost::asio::ip::address_v4::loopback(), static_cast<uint16_t>(chat.port())};
}

std::vector<pid_t> ChildrenOf(pid_t pid) {
  const std::string task = std::to_string(pid);
  std::ifstream file("/proc/" + task + "/task/" + task + "/children");
  std::vector<pid_t> children;
  for (pid_t child; file >> child;) children.push_back(child);
  return children;
}

TEST(ChatProcessesTest, ATokenIsGoodOnEveryProcessAndAUserIsTheSameThere) {
  const ChatServer chat(kChat, {"--processes", "3", "--allow-user-header"});
  Client first(EndpointOf(chat));
  const std::string id = first.SignIn("ann");
  for (int i = 0; i < kConnections; ++i) {
    Client by_token(EndpointOf(chat));
    by_token.token = first.token;
    EXPECT_EQ(by_token.Get("/api/users/me").Text("id"), id);
    Client by_name(EndpointOf(chat));
    by_name.user_header = "ann";
    EXPECT_EQ(by_name.Get("/api/users/me").Text("id"), id);
  }
  first.token.back() = first.token.back() == '0' ? '1' : '0';
  EXPECT_EQ(first.Get("/api/users/me").status, 401u);
}

TEST(ChatProcessesTest, SocketsOfAllProcessesAreCountedTogetherAndMessagesAnswered) {
  const ChatServer chat(kChat, {"--processes", "3"});
  Client client(EndpointOf(chat));
  client.SignIn("ann");
  std::vector<std::unique_ptr<SocketClient>> sockets;
  std::set<std::string> ids;
  for (int i = 0; i < kConnections; ++i) {
    sockets.push_back(std::make_unique<SocketClient>(EndpointOf(chat)));
    SocketClient& socket = *sockets.back();
    EXPECT_EQ(socket.Ask({{"type", "ping"}, {"timestamp", i}}).at("timestamp"), i);
    socket.SignInAndJoin(client.token, "7");
    // Members on the same process get it, too, so what comes first may be another's.
    socket.Send(
        {{"type", "message"}, {"channel_id", "7"}, {"content", "from " + std::to_string(i)}});
    for (;;) {
      const json::object message = socket.Receive();
      ids.insert(std::string(message.at("id").as_string()));
      if (message.at("content") == json::value("from " + std::to_string(i))) break;
    }
  }
  EXPECT_THAT(ids, SizeIs(kConnections)) << "ids of messages have to differ between processes";
  EXPECT_EQ(chat.Count("ws_connections_opened"), uint64_t{kConnections});
  EXPECT_EQ(chat.Count("ws_connections_peak"), uint64_t{kConnections});
  EXPECT_EQ(chat.Count("ws_messages_received"), uint64_t{4 * kConnections});
}

TEST(ChatProcessesTest, WhatNeedsAStoreIsRefused) {
  const ChatServer chat(kChat, {"--processes", "2", "--allow-user-header"});
  Client client(EndpointOf(chat));
  client.user_header = "ann";
  for (const char* path :
       {"/api/channels", "/api/search?q=a", "/api/files", "/api/notifications"}) {
    const Answered answer = client.Get(path);
    EXPECT_EQ(answer.status, 501u) << path;
    EXPECT_THAT(answer.body, HasSubstr("--processes"));
  }
  EXPECT_EQ(client.Post("/graphql", json::object()).status, 501u);
  EXPECT_EQ(client.Do(http::verb::post, "/api/files/upload", "x").status, 501u);
  EXPECT_EQ(client.Get("/api/health").status, 200u);
}

TEST(ChatProcessesTest, ADataFolderIsRefused) {
  Process chat({kChat, "--processes", "2", "--data", ::testing::TempDir()});
  EXPECT_EQ(chat.Wait(), 1);
  EXPECT_THAT(chat.text(), HasSubstr("--data and --processes do not go together"));
}

TEST(ChatProcessesTest, APortIsNotSharedWithAnotherServer) {
  const ChatServer chat(kChat, {"--processes", "2"});
  Process other({kChat, "--processes", "2", "--port", std::to_string(chat.port())});
  EXPECT_EQ(other.Wait(), 1);
  EXPECT_THAT(other.text(), HasSubstr("choose another with --port"));
}

TEST(ChatProcessesTest, TheDeathOfOneIsSaidAndEndsAll) {
  ChatServer chat(kChat, {"--processes", "3"});
  const std::vector<pid_t> children = ChildrenOf(chat.process().pid());
  ASSERT_THAT(children, SizeIs(3));
  kill(children[1], SIGKILL);
  EXPECT_EQ(chat.process().Wait(), 1);
  EXPECT_THAT(chat.process().text(),
              HasSubstr("process 2 of 3 was killed by SIGKILL: ending the others"));
  for (const pid_t child : children) EXPECT_EQ(kill(child, 0), -1);
}

TEST(ChatProcessesTest, SigtermEndsAllInOrder) {
  ChatServer chat(kChat, {"--processes", "3"});
  const std::vector<pid_t> children = ChildrenOf(chat.process().pid());
  ASSERT_THAT(children, SizeIs(3));
  chat.process().Signal(SIGTERM);
  EXPECT_EQ(chat.process().Wait(), 0) << chat.process().text();
  for (const pid_t child : children) EXPECT_EQ(kill(child, 0), -1);
}

}  // namespace
}  // namespace rampart::chat
