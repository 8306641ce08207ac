// What a feed's file may look like, and how each mistake in one is said.
#include "common/feed/feed_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace rampart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

using Row = std::vector<std::string>;

Row RowOf(const FeedRows& rows, size_t row) {
  std::vector<std::string_view> fields;
  std::string scratch;
  rows.Fields(row, &fields, &scratch);
  return {fields.begin(), fields.end()};
}

std::vector<Row> Csv(const std::string& text, Row* columns = nullptr) {
  std::vector<FeedFault> faults;
  const FeedRows rows(FeedFormat::kCsv, text, &faults);
  for (const FeedFault& fault : faults) ADD_FAILURE() << fault.line << ": " << fault.message;
  std::vector<Row> all;
  for (size_t i = 0; i < rows.size(); ++i) all.push_back(RowOf(rows, i));
  if (columns != nullptr) *columns = rows.columns();
  return all;
}

std::vector<std::string> Faults(FeedFormat format, const std::string& text) {
  std::vector<FeedFault> faults;
  const FeedRows rows(format, text, &faults);
  std::vector<std::string> all;
  for (const FeedFault& fault : faults) {
    all.push_back(std::to_string(fault.line) + ": " + fault.message);
  }
  return all;
}

std::vector<std::string> CsvFaults(const std::string& text) {
  return Faults(FeedFormat::kCsv, text);
}

TEST(FeedRows, ReadsCsvAsTheStandardWritesIt) {
  Row columns;
  EXPECT_THAT(
      Csv("\xef\xbb\xbf"
          "name,\"the \"\"word\"\"\",n\r\n"
          "ann,\"a,b\",1\r\n"
          "\"two\r\nlines\",\"say \"\"hi\"\", \"\"\",\r\n"
          "\r\n"
          ",\"\",last",
          &columns),
      ElementsAre(ElementsAre("ann", "a,b", "1"), ElementsAre("two\r\nlines", "say \"hi\", \"", ""),
                  ElementsAre("", "", "last")));
  EXPECT_THAT(columns, ElementsAre("name", "the \"word\"", "n"));
}

TEST(FeedRows, LineEndsMayBeEitherAndTheLastIsNotNeeded) {
  const auto expected = ElementsAre(ElementsAre("1"), ElementsAre("2"));
  EXPECT_THAT(Csv("a\n1\n2"), expected);
  EXPECT_THAT(Csv("a\r\n1\r\n2\r\n"), expected);
  EXPECT_THAT(Csv("a\n1\r\n\n\n2\r"), expected);
  // A lone CR is no line end; an empty field alone in its line is written as quotes.
  EXPECT_THAT(Csv("a\n\"\"\nx\ry\n"), ElementsAre(ElementsAre(""), ElementsAre("x\ry")));
}

TEST(FeedRows, EveryBadLineOfACsvIsNamed) {
  EXPECT_THAT(
      CsvFaults("a,b\n1,2\n1\n\"x\ny\",2\n1,2,3\na\"b,2\n\"a\"b,2\n1,2\n\"open,2\n3,4\n"),
      ElementsAre("3: 1 field where the head line has 2", "6: 3 fields where the head line has 2",
                  "7: a quote inside a field that does not begin with one",
                  "8: text after the closing quote of a field",
                  "10: a quote that begins in this line is never closed"));
  std::string many = "a,b\n";
  for (int i = 0; i < 50; ++i) many += "1\n";
  EXPECT_THAT(CsvFaults(many), SizeIs(FeedRows::kMaxFaults));
}

TEST(FeedRows, ColumnsNeedNamesThatDiffer) {
  EXPECT_THAT(CsvFaults("a,,a, b\n1,2,3,4\n"),
              ElementsAre("1: column 2 has no name", "1: two columns have the name `a`",
                          "1: the column name ` b` begins or ends with a space"));
}

TEST(FeedRows, AFeedWithoutARowIsAFault) {
  EXPECT_THAT(CsvFaults(""), ElementsAre(HasSubstr("1: empty: it needs a head line")));
  EXPECT_THAT(CsvFaults("\n\r\n"), ElementsAre(HasSubstr("1: empty: it needs a head line")));
  EXPECT_THAT(CsvFaults("a,b\n"), ElementsAre("1: a head line, but no row below it"));
  EXPECT_THAT(Faults(FeedFormat::kJsonLines, "\n \n"), ElementsAre("1: no row"));
}

TEST(FeedRows, OtherEncodingsAreSaidWithTheirLine) {
  EXPECT_THAT(CsvFaults("name\nann\nJos\xe9\n"), ElementsAre(HasSubstr("3: not UTF-8")));
  EXPECT_THAT(CsvFaults(std::string("\xff\xfen\0a\0", 6)), ElementsAre(HasSubstr("1: not UTF-8")));
}

TEST(FeedRows, JsonLinesAreAnObjectEach) {
  std::vector<FeedFault> faults;
  const std::string text =
      "\xef\xbb\xbf{\"a\":1}\r\n\n  \n {\"b\":{\"c\":[1,2]}} \n{\"a\":\"no line end\"}";
  const FeedRows rows(FeedFormat::kJsonLines, text, &faults);
  EXPECT_THAT(faults, IsEmpty());
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows.Json(0), "{\"a\":1}\r");
  EXPECT_EQ(rows.Json(1), " {\"b\":{\"c\":[1,2]}} ");
  EXPECT_EQ(rows.Json(2), "{\"a\":\"no line end\"}");
}

TEST(FeedRows, EveryLineThatIsNoJsonObjectIsNamed) {
  EXPECT_THAT(
      Faults(FeedFormat::kJsonLines, "{\"a\":1}\n[1]\n{\"a\":\n}\n\n{\"a\":1} x\n7\n"),
      ElementsAre("2: JSON, but no object", HasSubstr("3: not JSON: "), HasSubstr("4: not JSON: "),
                  HasSubstr("6: not JSON: "), "7: JSON, but no object"));
  EXPECT_THAT(Faults(FeedFormat::kJsonLines,
                     "{\"deep\":" + std::string(70, '[') + std::string(70, ']') + "}\n"),
              ElementsAre(HasSubstr("1: not JSON: ")));
}

// Any table, written as CSV, is read as it was.
TEST(FeedRows, WhatWasWrittenIsRead) {
  const uint64_t seed = std::random_device()();
  testing::Test::RecordProperty("seed", std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  const auto draw = [&](size_t below) { return random() % below; };
  constexpr std::string_view kLetters[] = {"a",  "b",    ",", "\"",      "\n",
                                           "\r", "\r\n", " ", "\xc3\xa9"};
  for (int round = 0; round < 300; ++round) {
    const size_t columns = 1 + draw(5);
    std::vector<Row> table(1 + draw(20), Row(columns));
    const char* line_end = draw(2) == 0 ? "\n" : "\r\n";
    std::string text;
    for (size_t c = 0; c < columns; ++c) text += (c == 0 ? "c" : ",c") + std::to_string(c);
    for (Row& row : table) {
      text += line_end;
      for (size_t c = 0; c < columns; ++c) {
        for (size_t n = draw(6); n > 0; --n) row[c] += kLetters[draw(std::size(kLetters))];
        std::string quoted;
        for (const char letter : row[c]) quoted += letter == '"' ? "\"\"" : std::string(1, letter);
        const bool plain = row[c].find_first_of("\",\r\n") == std::string::npos &&
                           (columns > 1 || !row[c].empty()) && draw(2) == 0;
        text += (c == 0 ? "" : ",") + (plain ? row[c] : "\"" + quoted + "\"");
      }
    }
    if (draw(2) == 0) text += line_end;
    ASSERT_EQ(Csv(text), table) << text;
  }
}

}  // namespace
}  // namespace rampart
