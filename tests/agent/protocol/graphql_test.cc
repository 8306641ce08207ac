#include "agent/protocol/graphql.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace rampart::agent {
namespace {

using testing::HasSubstr;
using Kind = GraphqlAnswer::Kind;
using Type = GraphqlMessage::Type;

TEST(GraphqlAnswer, DataIsFineAlsoWhenItIsNullAndErrorsAreEmpty) {
  EXPECT_EQ(ReadGraphqlAnswer(R"({"data":{"me":{"id":1}}})").kind, Kind::kData);
  EXPECT_EQ(ReadGraphqlAnswer(R"({"data":null})").kind, Kind::kData);
  EXPECT_EQ(ReadGraphqlAnswer(R"({"errors":[],"data":{}})").kind, Kind::kData);
  EXPECT_EQ(ReadGraphqlAnswer(R"({"errors":null,"data":{}})").kind, Kind::kData);
}

TEST(GraphqlAnswer, TheFirstErrorIsItsReasonWithOrWithoutData) {
  const GraphqlAnswer answer =
      ReadGraphqlAnswer(R"({"data":{"a":1},"errors":[{"message":"no \"b\""},{"message":"c"}]})");
  EXPECT_EQ(answer.kind, Kind::kErrors);
  EXPECT_EQ(answer.error, "no \"b\"");
  EXPECT_EQ(ReadGraphqlAnswer(R"({"errors":["plain"]})").error, "plain");
  EXPECT_EQ(ReadGraphqlAnswer(R"({"errors":[{"message":7}]})").kind, Kind::kErrors);
  EXPECT_EQ(ReadGraphqlAnswer(R"({"errors":[{}]})").error, "an error without a message");
  EXPECT_EQ(ReadGraphqlAnswer(R"({"errors":[[]]})").kind, Kind::kErrors);
}

TEST(GraphqlAnswer, WhatIsNoneSaysWhy) {
  const auto why = [](std::string_view body) {
    const GraphqlAnswer answer = ReadGraphqlAnswer(body);
    EXPECT_EQ(answer.kind, Kind::kNone) << body;
    return answer.error;
  };
  EXPECT_THAT(why(""), HasSubstr("empty"));
  EXPECT_THAT(why("<html>502"), HasSubstr("<html>502"));
  EXPECT_THAT(why("[]"), HasSubstr("no JSON object"));
  EXPECT_THAT(why("{}"), HasSubstr("neither `data` nor `errors`"));
  EXPECT_THAT(why(R"({"errors":{"message":"x"}})"), HasSubstr("no list"));
  EXPECT_THAT(why(R"({"data":)"), HasSubstr("not JSON"));
  EXPECT_THAT(why(R"({"data":)" + std::string(10'000, '[')), HasSubstr("not JSON"));
  EXPECT_THAT(why(std::string("{\"data\":\"\xFF\"}")), HasSubstr("not JSON"));
}

TEST(GraphqlAnswer, ALongMessageIsCutBetweenCharacters) {
  std::string text;
  while (text.size() < 2 * kMaxGraphqlErrorBytes) text += "\xE2\x82\xAC";
  const std::string error =
      ReadGraphqlAnswer("{\"errors\":[{\"message\":\"x" + text + "\"}]}").error;
  EXPECT_LE(error.size(), kMaxGraphqlErrorBytes + 3);
  EXPECT_TRUE(error.ends_with("\xE2\x82\xAC..."));
}

TEST(GraphqlMessage, KnowsWhatAServerMaySay) {
  EXPECT_EQ(ReadGraphqlMessage(R"({"type":"connection_ack","payload":{"a":1}})").type,
            Type::kConnectionAck);
  EXPECT_EQ(ReadGraphqlMessage(R"({"type":"ping"})").type, Type::kPing);
  EXPECT_EQ(ReadGraphqlMessage(R"({"type":"pong","payload":null})").type, Type::kPong);
  const GraphqlMessage next =
      ReadGraphqlMessage(R"({"id":"1","type":"next","payload":{"data":{"n":1}}})");
  EXPECT_EQ(next.type, Type::kNext);
  EXPECT_EQ(next.id, "1");
  EXPECT_EQ(next.answer.kind, Kind::kData);
  const GraphqlMessage partly = ReadGraphqlMessage(
      R"({"id":"1","type":"next","payload":{"data":{},"errors":[{"message":"m"}]}})");
  EXPECT_EQ(partly.type, Type::kNext);
  EXPECT_EQ(partly.answer.error, "m");
  const GraphqlMessage error =
      ReadGraphqlMessage(R"({"id":"1","type":"error","payload":[{"message":"not you"}]})");
  EXPECT_EQ(error.type, Type::kError);
  EXPECT_EQ(error.answer.error, "not you");
  EXPECT_EQ(ReadGraphqlMessage(R"({"id":"1","type":"error","payload":[]})").answer.error,
            "an error without a message");
  EXPECT_EQ(ReadGraphqlMessage(R"({"id":"1","type":"error"})").type, Type::kError);
  EXPECT_EQ(ReadGraphqlMessage(R"({"id":"1","type":"complete"})").type, Type::kComplete);
}

TEST(GraphqlMessage, EverythingElseIsForbidden) {
  for (const char* text :
       {"", "7", "[]", "{}", "{\"type\":7}", R"({"type":"data","id":"1"})", R"({"type":"next"})",
        R"({"type":"next","id":1,"payload":{"data":{}}})", R"({"type":"next","id":"1"})",
        R"({"type":"next","id":"1","payload":[]})", R"({"type":"next","id":"1","payload":{}})",
        R"({"type":"complete"})", R"({"type":"connection_ack"} {})", "\xFF"}) {
    const GraphqlMessage message = ReadGraphqlMessage(text);
    EXPECT_EQ(message.type, Type::kForbidden) << text;
    EXPECT_NE(message.answer.error, "") << text;
  }
}

}  // namespace
}  // namespace rampart::agent
