// The WebSocket side of the chat server: Beast's client and raw frames, over loopback.
#include <array>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/chat/net/websocket_frame.h"
#include "tests/chat/test_client.h"

namespace rampart::chat {
namespace {

constexpr size_t kOpcode = 0x0f;

// A client's frame: as the server's, but masked.
std::string Masked(uint8_t first, std::string_view payload) {
  const std::array<uint8_t, 4> mask{0x12, 0x34, 0x56, 0x78};
  std::string frame = EncodeFrame(Opcode::kText, payload);
  const size_t header = frame.size() - payload.size();
  frame[0] = static_cast<char>(first);
  frame[1] = static_cast<char>(static_cast<uint8_t>(frame[1]) | 0x80);
  frame.insert(header, reinterpret_cast<const char*>(mask.data()), mask.size());
  for (size_t i = 0; i < payload.size(); ++i) {
    char& byte = frame[header + 4 + i];
    byte = static_cast<char>(static_cast<uint8_t>(byte) ^ mask[i % 4]);
  }
  return frame;
}

struct RawFrame {
  uint8_t opcode = 0;
  std::string payload;
};

void WriteRaw(SocketClient& client, const std::string& bytes) {
  boost::asio::write(client.stream().next_layer(), boost::asio::buffer(bytes));
}

RawFrame ReadRaw(SocketClient& client) {
  const auto read = [&](size_t n) {
    std::string bytes(n, '\0');
    boost::asio::read(client.stream().next_layer(), boost::asio::buffer(bytes));
    return bytes;
  };
  const std::string header = read(2);
  size_t size = static_cast<uint8_t>(header[1]);
  if (size > 125) {
    const std::string length = read(size == 126 ? 2 : 8);
    size = 0;
    for (const char byte : length) size = size << 8 | static_cast<uint8_t>(byte);
  }
  return {static_cast<uint8_t>(static_cast<uint8_t>(header[0]) & kOpcode), read(size)};
}

unsigned CloseCodeOf(const RawFrame& frame) {
  EXPECT_EQ(frame.opcode, static_cast<uint8_t>(Opcode::kClose));
  if (frame.payload.size() < 2) return 0;
  return static_cast<unsigned>(static_cast<uint8_t>(frame.payload[0])) << 8 |
         static_cast<uint8_t>(frame.payload[1]);
}

bool ReadsEnd(SocketClient& client) {
  char byte;
  boost::system::error_code error;
  boost::asio::read(client.stream().next_layer(), boost::asio::buffer(&byte, 1), error);
  return error == boost::asio::error::eof;
}

TEST(ChatSocketTest, APingComesBackWithTheSendersTimestamp) {
  RunningServer server(Options{});
  SocketClient client(server, "/socket.io/?EIO=4&transport=websocket");
  for (const json::value& timestamp :
       {json::value(1712345678901), json::value("a text"), json::value(1712345678901.25)}) {
    const json::object pong = client.Ask({{"type", "ping"}, {"timestamp", timestamp}});
    EXPECT_EQ(pong.at("type"), "pong");
    EXPECT_EQ(pong.at("timestamp"), timestamp);
  }
}

TEST(ChatSocketTest, AProtocolPingIsAnsweredWithItsPayload) {
  RunningServer server(Options{});
  SocketClient client(server);
  WriteRaw(client, Masked(0x89, "are you there"));
  const RawFrame pong = ReadRaw(client);
  EXPECT_EQ(pong.opcode, static_cast<uint8_t>(Opcode::kPong));
  EXPECT_EQ(pong.payload, "are you there");
}

TEST(ChatSocketTest, AMessageIsStoredAndReachesAllInTheChannel) {
  for (const int threads : {1, 3}) {
    RunningServer server(Options{.threads = threads});
    Client ann(server);
    const std::string id = ann.SignIn("ann");
    const std::string channel = ann.NewChannel();
    SocketClient sender(server);
    SocketClient listener(server);
    SocketClient gone(server);
    for (SocketClient* client : {&sender, &listener, &gone}) {
      client->SignInAndJoin(ann.token, channel);
    }
    gone.Ask({{"type", "leave"}, {"channel_id", channel}});
    sender.Send(
        {{"type", "message"}, {"channel_id", channel}, {"content", "hi"}, {"timestamp", 42}});
    const json::object event = listener.Receive();
    EXPECT_EQ(event.at("type"), "message");
    EXPECT_EQ(event.at("content"), "hi");
    EXPECT_EQ(event.at("user_id"), json::string_view(id));
    EXPECT_EQ(event.at("timestamp"), 42);
    EXPECT_EQ(sender.Receive(), event);
    const std::string message(event.at("id").as_string());
    EXPECT_EQ(ann.Get("/api/messages/" + message).Text("content"), "hi");
    // Of two messages, a socket that left would have the first one before its pong.
    EXPECT_EQ(gone.Ask({{"type", "ping"}}).at("type"), "pong");
    ann.NewMessage(channel, "over HTTP");
    EXPECT_EQ(listener.Receive().at("content"), "over HTTP");
  }
}

TEST(ChatSocketTest, CommandsNeedASignedInUserAndSense) {
  RunningServer server(Options{});
  SocketClient client(server);
  const json::value commands[] = {{{"type", "auth"}, {"token", "forged"}},
                                  {{"type", "join"}, {"channel_id", "1"}},
                                  {{"type", "dance"}},
                                  json::value(7),
                                  json::value("text")};
  for (const json::value& command : commands) {
    EXPECT_EQ(client.Ask(command).at("type"), "error") << command;
  }
  Client http(server);
  http.SignIn("ann");
  client.Ask({{"type", "auth"}, {"token", http.token}});
  EXPECT_EQ(client.Ask({{"type", "join"}, {"channel_id", 9}}).at("type"), "error");
  EXPECT_EQ(client.Ask({{"type", "message"}, {"channel_id", 9}, {"content", "x"}}).at("type"),
            "error");
}

// What a client that reads up to the Close frame received is what the server says it sent.
TEST(ChatSocketTest, AllThatIsQueuedIsSentBeforeTheCloseReply) {
  constexpr size_t kMessages = 300;
  constexpr size_t kContentBytes = 12'000;
  RunningServer server(Options{});
  Client ann(server);
  ann.SignIn("ann");
  const std::string channel = ann.NewChannel();
  SocketClient slow(server);
  slow.SignInAndJoin(ann.token, channel);
  for (size_t i = 0; i < kMessages; ++i) ann.NewMessage(channel, std::string(kContentBytes, 'x'));
  // More than the kernel takes: a part is in the server's queue.
  EXPECT_LT(ann.Get("/api/stats").Json().at("ws_messages_sent").as_int64(), int64_t{kMessages});
  WriteRaw(slow, Masked(0x88, "\x03\xe8 bye"));
  ann.NewMessage(channel, "after the Close was sent, it may or may not arrive");
  size_t received = 2;  // auth_ok, joined
  RawFrame frame = ReadRaw(slow);
  for (; frame.opcode == static_cast<uint8_t>(Opcode::kText); frame = ReadRaw(slow)) ++received;
  EXPECT_EQ(CloseCodeOf(frame), 1000u);
  EXPECT_GE(received, kMessages + 2);
  EXPECT_TRUE(ReadsEnd(slow));
  const json::value stats = ann.Get("/api/stats").Json();
  EXPECT_EQ(stats.at("ws_messages_sent"), received);
  EXPECT_EQ(stats.at("ws_messages_received"), 2);
  EXPECT_EQ(stats.at("ws_connections_opened"), 1);
  EXPECT_EQ(stats.at("ws_connections_open"), 0);
  EXPECT_EQ(stats.at("messages_stored"), kMessages + 1);
  EXPECT_EQ(stats.at("http_requests"), kMessages + 3);
}

TEST(ChatSocketTest, AClientThatNeverReadsIsDisconnected) {
  RunningServer server(Options{});
  Client ann(server);
  ann.SignIn("ann");
  const std::string channel = ann.NewChannel();
  SocketClient stuck(server);
  stuck.SignInAndJoin(ann.token, channel);
  const auto stats = [&ann](const char* name) { return ann.Get("/api/stats").Json().at(name); };
  for (int i = 0; i < 1000 && stats("ws_connections_open") == 1; ++i) {
    ann.NewMessage(channel, std::string(60'000, 'x'));
  }
  EXPECT_EQ(stats("ws_sockets_overflowed"), 1);
  EXPECT_EQ(stats("ws_connections_open"), 0);
}

TEST(ChatSocketTest, FragmentsAreOneMessage) {
  RunningServer server(Options{});
  SocketClient client(server);
  WriteRaw(client, Masked(0x01, R"({"type":)") + Masked(0x89, "between") + Masked(0x00, "") +
                       Masked(0x80, R"("ping"})"));
  EXPECT_EQ(ReadRaw(client).payload, "between");
  EXPECT_EQ(ReadRaw(client).payload, R"({"type":"pong"})");
}

TEST(ChatSocketTest, BrokenFramesEndTheSocketWithTheRightCode) {
  struct Case {
    std::string bytes;
    unsigned code;
  };
  std::string huge = Masked(0x81, std::string(70'000, 'x')).substr(0, 14);
  huge[4] = 1;  // the length's upper bytes
  const Case cases[] = {{EncodeFrame(Opcode::kText, "unmasked"), 1002},
                        {Masked(0x83, "unknown opcode"), 1002},
                        {Masked(0xc1, "reserved bit"), 1002},
                        {Masked(0x80, "continues nothing"), 1002},
                        {Masked(0x09, "fragmented ping"), 1002},
                        {Masked(0x89, std::string(126, 'x')), 1002},
                        {Masked(0x88, "\x03"), 1002},
                        {Masked(0x88, "\x03\xed"), 1002},
                        {Masked(0x81, "\xc3\x28"), 1007},
                        {Masked(0x81, "\xed\xa0\x80"), 1007},
                        {huge, 1009}};
  RunningServer server(Options{});
  for (const Case& broken : cases) {
    SocketClient client(server);
    WriteRaw(client, broken.bytes);
    EXPECT_EQ(CloseCodeOf(ReadRaw(client)), broken.code) << broken.bytes;
  }
  EXPECT_EQ(Client(server).Get("/api/health").status, 200u);
}

TEST(ChatSocketTest, FramesAreReadTheSameInPiecesOfAnySize) {
  const std::string stream = Masked(0x01, std::string(300, 'a')) + Masked(0x8a, "") +
                             Masked(0x80, std::string(70'000, 'b')) + Masked(0x88, "\x03\xe9");
  for (const size_t step : {1u, 2u, 3u, 13u, 14u, 100u, 100'000u}) {
    FrameReader reader;
    std::string input;
    std::vector<FrameReader::Event> events;
    size_t text_bytes = 0;
    for (size_t i = 0; i < stream.size(); i += step) {
      input += stream.substr(i, step);
      std::string_view rest = input;
      for (auto event = reader.Next(rest); event != FrameReader::Event::kNeedMore;
           event = reader.Next(rest)) {
        events.push_back(event);
        const std::string payload = reader.TakePayload();
        if (event == FrameReader::Event::kText) text_bytes = payload.size();
      }
      input.erase(0, input.size() - rest.size());
    }
    EXPECT_THAT(events, ::testing::ElementsAre(FrameReader::Event::kPong, FrameReader::Event::kText,
                                               FrameReader::Event::kClose))
        << step;
    EXPECT_EQ(text_bytes, 70'300u) << step;
  }
}

TEST(ChatSocketTest, AnUpgradeWithoutAKeyIsARequestThatFails) {
  RunningServer server(Options{});
  Client client(server);
  EXPECT_EQ(client
                .Raw("GET /api/ws HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n")
                .status,
            400u);
  EXPECT_EQ(client.Get("/api/stats").Json().at("http_requests"), 1);
}

TEST(ChatSocketTest, AServerThatEndsSaysGoodbye) {
  auto server = std::make_unique<RunningServer>(Options{});
  SocketClient client(*server);
  client.Ask({{"type", "ping"}});
  std::thread reader([&client] {
    boost::beast::flat_buffer buffer;
    boost::system::error_code error;
    client.stream().read(buffer, error);
    EXPECT_EQ(error, websocket::error::closed);
    EXPECT_EQ(client.stream().reason().code, websocket::close_code::going_away);
  });
  server.reset();
  reader.join();
}

}  // namespace
}  // namespace rampart::chat
