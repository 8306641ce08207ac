#include "controller/report/text/printable.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <random>

#include "controller/report/text/page.h"

namespace rampart::controller {
namespace {

using testing::ElementsAre;

TEST(Printable, EscapesWhatMovesHidesOrReorders) {
  EXPECT_EQ(Printable("naïve 日本 ok"), "naïve 日本 ok");
  EXPECT_EQ(Printable("a\x1b[31mb\n\r\t\x7f"), "a\\x1b[31mb\\n\\r\\t\\x7f");
  EXPECT_EQ(Printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\u{9b}31m");  // CSI in one character
  EXPECT_EQ(Printable("a\xe2\x80\xae"
                      "b"),
            "a\\u{202e}b");  // right-to-left override
  EXPECT_EQ(Printable("a\xe2\x80\x8b"
                      "b"),
            "a\\u{200b}b");                        // zero width
  EXPECT_EQ(Printable("e\xcc\x81"), "e\\u{301}");  // combining
  EXPECT_EQ(Printable("\xff\xc0\xaf\xed\xa0\x80"), "\\xff\\xc0\\xaf\\xed\\xa0\\x80");
  EXPECT_EQ(Printable("\xe6\x97"), "\\xe6\\x97");  // cut off
  EXPECT_EQ(Printable("é", false), "\\u{e9}");
}

TEST(Printable, OfAnyBytesIsHarmlessAndStaysAsItIs) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 5'000; ++round) {
    std::string bytes(random() % 40, ' ');
    for (char& c : bytes) c = static_cast<char>(random());
    const std::string shown = Printable(bytes);
    EXPECT_EQ(Printable(shown), shown);
    for (const char c : shown) {
      EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
    const int width = static_cast<int>(random() % 30);
    for (const Keep keep : {Keep::kBegin, Keep::kEnds, Keep::kEnd}) {
      EXPECT_LE(DisplayWidth(Elide(shown, width, keep, true)), std::max(width, 1));
    }
    std::string joined;
    for (const std::string& line : Wrap(shown, 10)) {
      EXPECT_LE(DisplayWidth(line), 10);
      joined.append(line);
    }
    std::string packed = shown;
    std::erase(packed, ' ');
    std::erase(joined, ' ');
    EXPECT_EQ(joined, packed);
  }
}

TEST(DisplayWidth, CountsColumns) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("naïve"), 5);
  EXPECT_EQ(DisplayWidth("日本"), 4);
  EXPECT_EQ(DisplayWidth("🚀"), 2);
  EXPECT_EQ(DisplayWidth("\x1b[1;31mred\x1b[0m"), 3);
}

TEST(Elide, KeepsWhatItIsTold) {
  EXPECT_EQ(Elide("abcdefgh", 8, Keep::kBegin, true), "abcdefgh");
  EXPECT_EQ(Elide("abcdefgh", 5, Keep::kBegin, true), "abcd…");
  EXPECT_EQ(Elide("abcdefgh", 5, Keep::kEnds, true), "ab…gh");
  EXPECT_EQ(Elide("abcdefgh", 5, Keep::kEnd, true), "…efgh");
  EXPECT_EQ(Elide("abcdefgh", 5, Keep::kEnd, false), "..fgh");
  EXPECT_EQ(Elide("日本日本", 6, Keep::kBegin, true), "日本…");
  EXPECT_EQ(Elide("\x1b[31mabcdefgh\x1b[0m", 5, Keep::kBegin, true), "\x1b[31mabcd…\x1b[0m");
}

TEST(Wrap, BreaksAtSpaces) {
  EXPECT_THAT(Wrap("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("abcdefghij", 4), ElementsAre("abcd", "efgh", "ij"));
  EXPECT_THAT(Wrap("", 4), ElementsAre(""));
}

TEST(Page, KeepsItsWidthAndNeverTwoGaps) {
  Page page({.width = 60});
  page.Line(std::string(100, 'x'));
  page.Gap();
  page.Gap();
  page.Item("-", std::string(100, 'y') + " end");
  EXPECT_THAT(page.lines(),
              ElementsAre(std::string(59, 'x') + "…", "", "    - " + std::string(54, 'y'),
                          "      " + std::string(46, 'y') + " end"));
  EXPECT_EQ(Page({.width = 3}).width(), 60);
}

TEST(Page, LeadersEndInOneColumn) {
  const Page page({.width = 80});
  EXPECT_EQ(page.Leader(4, "http_reqs", 20), "    http_reqs.....: ");
  EXPECT_EQ(page.Leader(4, "a_name_that_is_too_long", 20), "    a_name_…o_long: ");
}

}  // namespace
}  // namespace rampart::controller
