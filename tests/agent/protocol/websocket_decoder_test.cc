// WebsocketDecoder: what it says of frames good and bad, however their bytes are cut.
#include "agent/protocol/websocket_decoder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "tests/agent/protocol/loopback.h"

namespace rampart::agent {
namespace {

constexpr size_t kMax = 100'000;
constexpr unsigned char kFin = 0x80;

// What a decoder says of `pieces`, one line an event; the last line says where it stopped.
std::string Said(const std::vector<std::string_view>& pieces) {
  WebsocketDecoder decoder(kMax);
  std::string said;
  for (std::string_view piece : pieces) {
    for (bool more = false; !more;) {
      const std::string control(decoder.control());
      switch (decoder.Feed(&piece)) {
        case WebsocketDecoder::Step::kMore:
          EXPECT_TRUE(piece.empty());
          more = true;
          break;
        case WebsocketDecoder::Step::kMessage:
          said += (decoder.binary() ? "binary " : "text ") + std::string(decoder.message()) + "\n";
          break;
        case WebsocketDecoder::Step::kPing:
          said += "ping " + std::string(decoder.control()) + "\n";
          break;
        case WebsocketDecoder::Step::kPong:
          said += "pong " + std::string(decoder.control()) + "\n";
          break;
        case WebsocketDecoder::Step::kClose:
          return said + "close " + std::to_string(decoder.close_code()) + " " +
                 std::string(decoder.close_reason());
        case WebsocketDecoder::Step::kFailed:
          return said + std::string(ErrorKindName(decoder.failure().kind)) + " " +
                 std::to_string(decoder.failure_close_code()) + " " + decoder.failure().detail;
      }
      // The waits of a real connection come anywhere.
      if (more) decoder.Release();
    }
  }
  return said + "more";
}

TEST(WebsocketDecoder, EventsAreTheSameHoweverTheBytesAreCut) {
  const std::string bytes =
      ServerFrame(kFin | 0x1, "hello") + ServerFrame(kFin | 0x2, "") + ServerFrame(0x1, "a\xE2") +
      ServerFrame(kFin | 0x9, "are you there?") + ServerFrame(0x0, "\x82") +
      ServerFrame(kFin | 0xA, "") + ServerFrame(0x0, "") + ServerFrame(kFin | 0x0, "\xAC!") +
      ServerFrame(kFin | 0x2, std::string(126, 'm')) + ServerFrame(0x2, std::string(65'536, 'l')) +
      ServerFrame(kFin | 0x0, "end") +
      ServerFrame(kFin | 0x8,
                  "\x0F\xA0"
                  "so long");
  const std::string expected =
      "text hello\nbinary \nping are you there?\npong \ntext a\xE2\x82\xAC!\n"
      "binary " +
      std::string(126, 'm') + "\nbinary " + std::string(65'536, 'l') + "end\nclose 4000 so long";
  const std::string_view all = bytes;
  ASSERT_EQ(Said({all}), expected);
  // Every cut in two but those inside of the long payload, which are all alike.
  for (size_t cut = 1; cut<all.size(); cut += cut> 400 && cut < 65'000 ? 977 : 1) {
    ASSERT_EQ(Said({all.substr(0, cut), all.substr(cut)}), expected) << "cut at " << cut;
  }
  std::vector<std::string_view> single;
  for (size_t i = 0; i < all.size(); ++i) single.push_back(all.substr(i, 1));
  ASSERT_EQ(Said(single), expected);
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string_view> pieces;
    for (size_t at = 0; at < all.size();) {
      const size_t size = std::min<size_t>(all.size() - at, random() % (round % 2 ? 20'000 : 50));
      pieces.push_back(all.substr(at, size));
      at += size;
    }
    ASSERT_EQ(Said(pieces), expected);
  }
}

struct Violation {
  std::string bytes;
  std::string said;  // the kind, the close code, and a part of the words
};

TEST(WebsocketDecoder, ViolationsAreNamedHoweverTheBytesAreCut) {
  using std::string_literals::operator""s;
  const std::vector<Violation> violations = {
      {"\xC1\x00"s, "websocket_protocol 1002|reserved bits"},
      {"\xA1"s, "websocket_protocol 1002|reserved bits"},
      {"\x91"s, "websocket_protocol 1002|reserved bits"},
      {"\x83"s, "websocket_protocol 1002|unknown opcode 3"},
      {"\x8F"s, "websocket_protocol 1002|unknown opcode 15"},
      {"\x81\x85maskhello"s, "websocket_protocol 1002|masked frame"},
      {"\x80\x00"s, "websocket_protocol 1002|continuation frame of no message"},
      {ServerFrame(0x1, "a") + ServerFrame(kFin | 0x1, "b"),
       "websocket_protocol 1002|new text frame in the middle"},
      {ServerFrame(0x1, "a") + ServerFrame(kFin | 0x0, "b") + ServerFrame(kFin | 0x0, "c"),
       "websocket_protocol 1002|continuation frame of no message"},
      {"\x81\x7E\x00\x7D"s, "websocket_protocol 1002|length 125 in more bytes than it needs"},
      {"\x81\x7F\x00\x00\x00\x00\x00\x00\xFF\xFF"s, "websocket_protocol 1002|length 65535 in more"},
      {"\x81\x7F\x80\x00\x00\x00\x00\x00\x00\x00"s, "websocket_protocol 1002|highest bit"},
      {"\x09\x00"s, "websocket_protocol 1002|fragmented ping"},
      {"\x08\x00"s, "websocket_protocol 1002|fragmented close"},
      {"\x89\x7E\x00\x7E"s, "websocket_protocol 1002|ping frame of over 125 bytes"},
      {"\x88\x7F"s, "websocket_protocol 1002|close frame of over 125 bytes"},
      {"\x88\x01\x03"s, "websocket_protocol 1002|close frame of one byte"},
      {"\x88\x02\x03\xED"s, "websocket_protocol 1002|close code 1005"},
      {"\x88\x02\x00\x00"s, "websocket_protocol 1002|close code 0"},
      {"\x88\x03\x03\xE8\xFF"s, "websocket_protocol 1007|close reason that is not UTF-8"},
      {ServerFrame(kFin | 0x1, "12345678\xC3"), "websocket_protocol 1007|text message that is not"},
      {ServerFrame(0x1, "\xC3") + ServerFrame(kFin | 0x0, "\x28"), "websocket_protocol 1007|text"},
      {"\x82\x7F\x00\x00\x00\x00\x00\x01\x86\xA1"s, "message_too_large 1009|over 100000 bytes"},
      {ServerFrame(0x2, std::string(99'999, 'x')) + "\x80\x02"s, "message_too_large 1009|over"},
  };
  for (const Violation& violation : violations) {
    const std::string bytes = ServerFrame(kFin | 0x1, "before") + violation.bytes;
    const size_t bar = violation.said.find('|');
    const std::string said = Said({bytes});
    EXPECT_TRUE(said.starts_with("text before\n")) << said;
    EXPECT_NE(said.find("\n" + violation.said.substr(0, bar)), std::string::npos) << said;
    EXPECT_NE(said.find(violation.said.substr(bar + 1)), std::string::npos) << said;
    std::vector<std::string_view> single;
    for (size_t i = 0; i < bytes.size(); ++i)
      single.push_back(std::string_view(bytes).substr(i, 1));
    EXPECT_EQ(Said(single), said);
  }
}

TEST(WebsocketDecoder, AFailureStaysOne) {
  WebsocketDecoder decoder(kMax);
  std::string_view bad = "\x83";
  EXPECT_EQ(decoder.Feed(&bad), WebsocketDecoder::Step::kFailed);
  const std::string good = ServerFrame(kFin | 0x1, "good");
  std::string_view bytes = good;
  EXPECT_EQ(decoder.Feed(&bytes), WebsocketDecoder::Step::kFailed);
}

}  // namespace
}  // namespace rampart::agent
