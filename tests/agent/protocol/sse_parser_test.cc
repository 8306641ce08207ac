#include "agent/protocol/sse_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

namespace rampart::agent {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Step = SseParser::Step;

// Every event as `name|data|id`, with the stream fed in pieces of `piece` bytes.
std::vector<std::string> Events(const std::string& stream, size_t piece = std::string::npos) {
  SseParser parser;
  std::vector<std::string> events;
  for (size_t at = 0; at < stream.size(); at += std::min(piece, stream.size())) {
    // Copied, so that a parser that keeps a view of it is found out.
    const std::string part = stream.substr(at, piece);
    std::string_view bytes = part;
    for (;;) {
      const Step step = parser.Feed(&bytes);
      EXPECT_NE(step, Step::kFailed);
      if (step != Step::kEvent) break;
      events.push_back(std::string(parser.event()) + "|" + std::string(parser.data()) + "|" +
                       std::string(parser.id()));
    }
    EXPECT_TRUE(bytes.empty());
  }
  return events;
}

TEST(SseParser, LinesOfDataAreJoinedAndFieldsLoseOneSpace) {
  EXPECT_THAT(Events("data: a\ndata:b\ndata:  c\n\n"), ElementsAre("message|a\nb\n c|"));
  EXPECT_THAT(Events("event: add\ndata: 73857293\n\nevent: remove\ndata: 2153\n\n"),
              ElementsAre("add|73857293|", "remove|2153|"));
  EXPECT_THAT(Events("data\n\ndata\ndata\n\ndata:\n\n"),
              ElementsAre("message||", "message|\n|", "message||"));
  EXPECT_THAT(Events("data: a: b:c\n\n"), ElementsAre("message|a: b:c|"));
}

TEST(SseParser, CrLfAndCrlfEndLinesWhereverThePiecesAreCut) {
  const std::string streams[] = {"event: e\ndata: 1\ndata: 2\n\ndata: 3\n\n",
                                 "event: e\rdata: 1\rdata: 2\r\rdata: 3\r\r",
                                 "event: e\r\ndata: 1\r\ndata: 2\r\n\r\ndata: 3\r\n\r\n",
                                 "event: e\r\ndata: 1\rdata: 2\n\r\ndata: 3\r\n\n"};
  for (const std::string& stream : streams) {
    for (size_t piece = 1; piece <= stream.size(); ++piece) {
      EXPECT_THAT(Events(stream, piece), ElementsAre("e|1\n2|", "message|3|")) << piece;
    }
  }
}

TEST(SseParser, TheLastIdStaysUntilAnotherAndOneWithNulIsNone) {
  const std::string nul(1, '\0');
  EXPECT_THAT(
      Events("id: 1\ndata: a\n\ndata: b\n\nid: x" + nul + "y\ndata: c\n\n" +
             "id: 2\n\ndata: d\n\nid\ndata: e\n\n"),
      ElementsAre("message|a|1", "message|b|1", "message|c|1", "message|d|2", "message|e|"));
}

TEST(SseParser, CommentsRetryUnknownFieldsAndEventsWithoutDataArePassedOver) {
  EXPECT_THAT(Events(": hello\n:\n\nretry: 10\n\nevent: nothing\n\ndata: a\nfoo: b\n bar\n\n"),
              ElementsAre("message|a|"));
  EXPECT_THAT(Events("data: never finished\n"), ElementsAre());
  EXPECT_THAT(Events("data: never finished"), ElementsAre());
}

TEST(SseParser, OneByteOrderMarkAtTheBeginIsNoPartOfIt) {
  for (size_t piece = 1; piece < 6; ++piece) {
    EXPECT_THAT(Events("\xEF\xBB\xBF"
                       "data: a\n\n",
                       piece),
                ElementsAre("message|a|"));
  }
  EXPECT_THAT(Events("\xEF\xBB\xBF\xEF\xBB\xBF"
                     "data: a\n\n"),
              ElementsAre());
}

TEST(SseParser, AnEventOverTheBoundFailsHoweverItIsMade) {
  const std::string piece(1024 * 1024, 'x');
  for (const std::string& begin : {std::string("data: "), std::string(": "), std::string("id:")}) {
    for (const bool lines : {false, true}) {
      if (lines && begin != "data: ") continue;
      SseParser parser;
      std::string_view bytes = begin;
      EXPECT_EQ(parser.Feed(&bytes), Step::kMore);
      Step step = Step::kMore;
      size_t fed = 0;
      while (step == Step::kMore && fed < 2 * SseParser::kMaxEventBytes) {
        const std::string more = lines ? piece + "\ndata:" : piece;
        bytes = more;
        step = parser.Feed(&bytes);
        fed += more.size();
      }
      EXPECT_EQ(step, Step::kFailed) << begin;
      EXPECT_EQ(parser.failure().kind, ErrorKind::kMessageTooLarge);
      EXPECT_THAT(parser.failure().detail, HasSubstr("16777216"));
    }
  }
}

TEST(SseParser, AnyBytesCutAnywhereMakeTheSameEvents) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  const std::string parts[] = {"data",
                               ":",
                               " ",
                               "\n",
                               "\r",
                               "\r\n",
                               "event",
                               "id: 1",
                               "\xEF",
                               "x",
                               "\n\n",
                               "retry",
                               std::string(1, '\0')};
  for (int round = 0; round < 200; ++round) {
    std::string stream;
    for (int i = 0; i < 60; ++i) stream += parts[random() % std::size(parts)];
    const std::vector<std::string> whole = Events(stream);
    for (const size_t piece : {1, 2, 3, 7}) EXPECT_EQ(Events(stream, piece), whole);
  }
}

}  // namespace
}  // namespace rampart::agent
