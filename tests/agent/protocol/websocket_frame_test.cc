#include "agent/protocol/websocket_frame.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace rampart::agent {
namespace {

TEST(WebsocketFrame, LengthsUseTheirShortestForm) {
  const WebsocketMask mask = {1, 2, 3, 4};
  const auto head = [&mask](size_t payload_bytes) {
    std::string frame;
    AppendFrame(WebsocketOpcode::kBinary, std::string(payload_bytes, 'x'), mask, &frame);
    return frame.substr(0, frame.size() - payload_bytes);
  };
  const std::string m = "\x01\x02\x03\x04";
  EXPECT_EQ(head(0), "\x82\x80" + m);
  EXPECT_EQ(head(125), "\x82\xFD" + m);
  EXPECT_EQ(head(126), std::string("\x82\xFE\x00\x7E", 4) + m);
  EXPECT_EQ(head(65535), "\x82\xFE\xFF\xFF" + m);
  EXPECT_EQ(head(65536), std::string("\x82\xFF\0\0\0\0\0\x01\0\0", 10) + m);
}

TEST(WebsocketFrame, ThePayloadIsMaskedByteForByte) {
  const WebsocketMask mask = {0x11, 0xA2, 0x33, 0xF4};
  for (size_t size = 0; size < 40; ++size) {
    std::string payload;
    for (size_t i = 0; i < size; ++i) payload.push_back(static_cast<char>(i * 37));
    std::string frame = "before";
    AppendFrame(WebsocketOpcode::kText, payload, mask, &frame);
    std::string unmasked = frame.substr(6 + 2 + 4);
    for (size_t i = 0; i < unmasked.size(); ++i) {
      unmasked[i] = static_cast<char>(unmasked[i] ^ mask[i % 4]);
    }
    EXPECT_EQ(unmasked, payload);
  }
}

TEST(WebsocketFrame, MasksDiffer) {
  std::set<WebsocketMask> masks;
  for (int i = 0; i < 200; ++i) masks.insert(RandomMask());
  EXPECT_GT(masks.size(), 190u);
}

TEST(WebsocketFrame, Utf8IsTakenAndNothingElse) {
  for (const char* good : {"", "plain", "12345678\xC3\xA9 and more than eight", "\xE2\x82\xAC",
                           "\xED\x9F\xBF", "\xEE\x80\x80", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF",
                           "1234567\xF0\x9F\x98\x80", "\xEF\xBF\xBF"}) {
    EXPECT_TRUE(IsUtf8(good)) << good;
  }
  for (const char* bad :
       {"\x80", "\xC0\xAF", "\xC1\xBF", "\xC3", "12345678\xC3", "\xE2\x82", "\xE0\x9F\xBF",
        "\xED\xA0\x80", "\xED\xBF\xBF", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xFE", "\xFF", "\xC3\x28", "\xF0\x9F\x98", "12345678\xFF"}) {
    EXPECT_FALSE(IsUtf8(bad)) << bad;
  }
  EXPECT_TRUE(IsUtf8(std::string_view("\0 zero is a character", 22)));
}

// What RFC 3629 says a code point looks like; empty for what is none.
std::string Encoded(uint32_t point) {
  const auto byte = [](uint32_t value) { return static_cast<char>(value); };
  const auto next = [&](int shift) { return byte(0x80 | (point >> shift & 0x3F)); };
  if (point >= 0xD800 && point <= 0xDFFF) return "";
  if (point < 0x80) return {byte(point)};
  if (point < 0x800) return {byte(0xC0 | point >> 6), next(0)};
  if (point < 0x10000) return {byte(0xE0 | point >> 12), next(6), next(0)};
  return {byte(0xF0 | point >> 18), next(12), next(6), next(0)};
}

TEST(WebsocketFrame, EveryCodePointIsTakenAndNoOtherSequenceOfUpToThreeBytes) {
  std::set<std::string> right;
  for (uint32_t point = 0; point <= 0x10FFFF; ++point) {
    const std::string text = Encoded(point);
    if (text.empty()) continue;
    ASSERT_TRUE(IsUtf8(text)) << point;
    if (text.size() <= 3) right.insert(text);
  }
  // Those that begin like sequences of three; what is shorter stands in front of them.
  for (int first = 0x80; first < 0x100; ++first) {
    for (int second = 0; second < 0x100; second += second < 0x70 ? 0x70 : 1) {
      for (const int third : {0x00, 0x7F, 0x80, 0x81, 0xBE, 0xBF, 0xC0, 0xFF}) {
        const std::string text = {static_cast<char>(first), static_cast<char>(second),
                                  static_cast<char>(third)};
        const bool two = right.contains(text.substr(0, 2)) && right.contains(text.substr(2));
        ASSERT_EQ(IsUtf8(text), two || right.contains(text))
            << first << " " << second << " " << third;
      }
    }
  }
}

TEST(WebsocketFrame, WhatCannotBecomeTextIsKnownAtOnce) {
  Utf8Check check;
  EXPECT_TRUE(check.Take("12345678\xE2"));
  EXPECT_FALSE(check.complete());
  EXPECT_TRUE(check.Take("\x82"));
  EXPECT_TRUE(check.Take("\xAC"));
  EXPECT_TRUE(check.complete());
  EXPECT_TRUE(check.Take("\xED"));
  EXPECT_FALSE(check.Take("\xA0"));  // a surrogate, whatever follows
}

TEST(WebsocketFrame, CloseCodesThatMayBeSent) {
  for (const int code : {1000, 1003, 1007, 1011, 1014, 3000, 4999}) {
    EXPECT_TRUE(IsSendableCloseCode(static_cast<uint16_t>(code))) << code;
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
    EXPECT_FALSE(IsSendableCloseCode(static_cast<uint16_t>(code))) << code;
  }
}

TEST(WebsocketFrame, AReasonThatDoesNotFitIsCutBetweenCharacters) {
  EXPECT_EQ(ClosePayload(kCloseNoCode, "never sent"), "");
  EXPECT_EQ(ClosePayload(1000, "bye"),
            "\x03\xE8"
            "bye");
  std::string reason;
  while (reason.size() < 200) reason += "\xE2\x82\xAC";
  const std::string payload = ClosePayload(1000, reason);
  EXPECT_EQ(payload.size(), 2 + 41 * 3u);
  EXPECT_TRUE(IsUtf8(std::string_view(payload).substr(2)));
}

}  // namespace
}  // namespace rampart::agent
