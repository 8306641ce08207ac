#include "agent/protocol/socketio_packet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>

#include "agent/protocol/engineio.h"

namespace rampart::agent {
namespace {

using testing::HasSubstr;

SocketioPacket Parsed(const std::string& text) {
  static std::string kept;
  kept = text;
  const absl::StatusOr<SocketioPacket> packet = ParseSocketio(kept);
  EXPECT_TRUE(packet.ok()) << packet.status();
  return packet.value_or(SocketioPacket{});
}

TEST(SocketioPacket, EachPartIsThereOrNot) {
  SocketioPacket packet = Parsed(R"(2["a",1])");
  EXPECT_EQ(packet.type, SocketioType::kEvent);
  EXPECT_EQ(packet.space, "/");
  EXPECT_FALSE(packet.id);
  EXPECT_EQ(packet.json, R"(["a",1])");

  packet = Parsed(R"(2/chat,12["a"])");
  EXPECT_EQ(packet.space, "/chat");
  EXPECT_EQ(packet.id, 12u);
  EXPECT_EQ(packet.json, R"(["a"])");

  packet = Parsed(R"(51-/chat,0["a",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(packet.type, SocketioType::kBinaryEvent);
  EXPECT_EQ(packet.attachments, 1u);
  EXPECT_EQ(packet.id, 0u);

  packet = Parsed("1/chat,");
  EXPECT_EQ(packet.type, SocketioType::kDisconnect);
  EXPECT_EQ(packet.space, "/chat");
  EXPECT_EQ(packet.json, "");
  EXPECT_EQ(Parsed("0/chat").space, "/chat");
}

TEST(SocketioPacket, WhatIsNoPacketIsRefused) {
  for (const char* text :
       {"", "7", "x", "5", "5[1]", "51[1]", "5-[1]", "51001-[1]", "599999999999999999999-[]",
        "299999999999999999999[\"a\"]", "\x01", "6-", "5/chat,1-[]"}) {
    EXPECT_FALSE(ParseSocketio(text).ok()) << text;
  }
}

TEST(SocketioPacket, AnEventIsItsNameAndTheListOfItsArguments) {
  const auto args = [](std::string_view json) { return ParseSocketioEvent(json)->args; };
  EXPECT_EQ(ParseSocketioEvent(R"(["a\"],b",1])")->name, "a\"],b");
  EXPECT_EQ(args(R"(["a\"],b",1])"), "[1]");
  EXPECT_EQ(args(R"(["a\\"])"), "[]");
  EXPECT_EQ(args(" [ \"a\" , [ 2 , \"]\" ] , {} ] "), "[ [ 2 , \"]\" ] , {} ] ");
  EXPECT_EQ(ParseSocketioEvent("[7,true]")->name, "7");
  EXPECT_EQ(args("[-7e2 ,true]"), "[true]");
  EXPECT_EQ(ParseSocketioEvent(R"(["ü"])")->name, "ü");
}

TEST(SocketioPacket, WhatIsNoEventIsRefused) {
  for (const char* json : {"", "[]", "{}", "\"a\"", "[null]", "[[\"a\"]]", "[true,1]", "[\"a\"",
                           "[\"a\",]", "[\"a\"]]", "[\"\xff\"]", "[\"a\" 1]", "[\"\\\"]"}) {
    const auto event = ParseSocketioEvent(json);
    EXPECT_FALSE(event.ok()) << json;
    EXPECT_THAT(std::string(event.status().message()), HasSubstr("Socket.IO"));
  }
  EXPECT_FALSE(ParseSocketioEvent(std::string(100'000, '[')).ok());
}

TEST(SocketioPacket, WhatIsWrittenIsRead) {
  std::mt19937 random(7);
  const auto text = [&] {
    static constexpr std::string_view kLetters = "ab\"\\,[]{}/-0 \n\t:";
    std::string made;
    for (size_t size = random() % 12; made.size() < size;) {
      made.push_back(kLetters[random() % kLetters.size()]);
    }
    return made;
  };
  for (int i = 0; i < 2000; ++i) {
    const std::string name = text();
    std::string args = "[";
    for (auto n = random() % 3; n > 0; --n) {
      std::string one;
      AppendSocketioEvent(text(), "[]", &one);
      args += (args.size() > 1 ? "," : "") + one;
    }
    args += "]";
    std::string json;
    AppendSocketioEvent(name, args, &json);
    SocketioPacket packet{.type = SocketioType::kEvent, .id = {}, .json = json};
    if (random() % 2 == 0) packet.space = "/some/where";
    if (random() % 2 == 0) packet.id = (static_cast<uint64_t>(random()) << 32) | random();
    std::string message;
    AppendSocketio(packet, &message);
    const auto outer = ParseEngineio(message);
    ASSERT_TRUE(outer.ok());
    EXPECT_EQ(outer->type, EngineioType::kMessage);
    const auto read = ParseSocketio(outer->data);
    ASSERT_TRUE(read.ok()) << message;
    EXPECT_EQ(read->space, packet.space);
    EXPECT_EQ(read->id, packet.id);
    const auto event = ParseSocketioEvent(read->json);
    ASSERT_TRUE(event.ok()) << message;
    EXPECT_EQ(event->name, name);
    EXPECT_EQ(event->args, args);
  }
}

// Nothing is read past the end, whatever comes: the sanitizers look on.
TEST(SocketioPacket, AnyBytesAreAPacketOrRefused) {
  const std::string seeds[] = {R"(451-/chat,12["a",{"_placeholder":true,"num":0}])",
                               R"(43/x,7["\u00e4\"",[[]],-1.5e3])", R"(44{"message":"no"})",
                               R"(0{"pingInterval":25000,"pingTimeout":20000,"maxPayload":1})"};
  std::mt19937 random(11);
  int right = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = seeds[random() % std::size(seeds)];
    for (auto n = random() % 4; n > 0; --n) {
      const size_t at = random() % (text.size() + 1);
      switch (random() % 3) {
        case 0:
          text.insert(at, 1, static_cast<char>(random()));
          break;
        case 1:
          text.erase(at, random() % 4);
          break;
        default:
          if (at < text.size()) text[at] = static_cast<char>(random());
      }
    }
    // Exactly as long as the text, so that a step too far is seen.
    const std::vector<char> exact(text.begin(), text.end());
    const auto outer = ParseEngineio({exact.data(), exact.size()});
    if (!outer.ok()) continue;
    if (ParseEngineioOpen(outer->data).ok()) ++right;
    const auto packet = ParseSocketio(outer->data);
    if (!packet.ok()) continue;
    EXPECT_LE(packet->attachments, SocketioPacket::kMaxAttachments);
    if (const auto event = ParseSocketioEvent(packet->json); event.ok()) {
      ++right;
      EXPECT_TRUE(CheckSocketioList(event->args).ok()) << text;
    }
    EXPECT_FALSE(SocketioRefusal(packet->json).empty());
  }
  EXPECT_GT(right, 1000);
}

TEST(SocketioPacket, ARefusalSaysWhyInAnyForm) {
  EXPECT_EQ(SocketioRefusal(R"({"message":"not you","data":{}})"), "not you");
  EXPECT_EQ(SocketioRefusal(R"("not you")"), "not you");
  EXPECT_EQ(SocketioRefusal("{}"), "without a reason");
  EXPECT_EQ(SocketioRefusal("nonsense"), "without a reason");
}

TEST(Engineio, TheOpenPacketSaysHowOftenPingsCome) {
  const auto open = ParseEngineioOpen(
      R"({"sid":"x","upgrades":[],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_EQ(open->ping_interval_ns, 25'000'000'000);
  EXPECT_EQ(open->ping_timeout_ns, 20'000'000'000);
  EXPECT_EQ(open->max_payload_bytes, 1'000'000u);
  EXPECT_EQ(ParseEngineioOpen(R"({"pingInterval":1,"pingTimeout":2})")->max_payload_bytes, 0u);
  for (const char* json :
       {"", "[]", "{}", R"({"pingInterval":25000})", R"({"pingInterval":-1,"pingTimeout":1})",
        R"({"pingInterval":1,"pingTimeout":0})", R"({"pingInterval":1e300,"pingTimeout":1})",
        R"({"pingInterval":9223372036854775807,"pingTimeout":1})"}) {
    EXPECT_FALSE(ParseEngineioOpen(json).ok()) << json;
  }
}

TEST(Engineio, AnAddressIsCompletedLikeTheServersOwnClientsDo) {
  const auto address = [](std::string_view url) {
    return SocketioAddress(url).value_or("not a URL");
  };
  EXPECT_EQ(address("http://h:1"), "ws://h:1/socket.io/?EIO=4&transport=websocket");
  EXPECT_EQ(address("https://h/"), "wss://h/socket.io/?EIO=4&transport=websocket");
  EXPECT_EQ(address("ws://[::1]:2/chat"), "ws://[::1]:2/chat/?EIO=4&transport=websocket");
  EXPECT_EQ(address("wss://h/a/b/?token=x#y"), "wss://h/a/b/?token=x&EIO=4&transport=websocket");
  EXPECT_EQ(address("ws://h/?room=1&EIO=4&transport=websocket"),
            "ws://h/socket.io/?room=1&EIO=4&transport=websocket");
  EXPECT_EQ(address("ws://h?MYEIO=1"), "ws://h/socket.io/?MYEIO=1&EIO=4&transport=websocket");
  EXPECT_EQ(address("ftp://h"), "not a URL");
}

}  // namespace
}  // namespace rampart::agent
