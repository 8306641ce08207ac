#include "common/plan/graphql_document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rampart {
namespace {

using testing::HasSubstr;

std::string FaultOf(std::string_view text) { return ReadGraphqlDocument(text).fault; }

TEST(GraphqlDocument, KnowsItsOperations) {
  const GraphqlDocument document = ReadGraphqlDocument(R"(
    # query no { a }
    query channels($limit: Int = 20, $in: Filter = { tags: ["}", "a\"b"] }) @live(if: true) {
      channels(limit: $limit, filter: {}) { id ...parts }
    }
    fragment parts on Channel { name(style: """ { "unclosed \""" """) }
    mutation sendMessage($c: ID!) { sendMessage(channelId: $c) { id } }
    subscription($c: ID!) { messageAdded(channelId: $c) { id } }
    { me { id } }
  )");
  EXPECT_EQ(document.fault, "");
  ASSERT_EQ(document.operations.size(), 4u);
  EXPECT_EQ(document.operations[0].kind, "query");
  EXPECT_EQ(document.operations[0].name, "channels");
  EXPECT_EQ(document.operations[1].kind, "mutation");
  EXPECT_EQ(document.operations[1].name, "sendMessage");
  EXPECT_EQ(document.operations[2].kind, "subscription");
  EXPECT_EQ(document.operations[2].name, "");
  EXPECT_EQ(document.operations[3].kind, "query");
  EXPECT_EQ(OperationFault(document, "channels"), "");
  EXPECT_EQ(ChosenOperation(document, "sendMessage").kind, "mutation");
  EXPECT_THAT(OperationFault(document, ""), HasSubstr("has 4 operations"));
  EXPECT_THAT(OperationFault(document, "chanels"), HasSubstr("did you mean `channels`?"));
  EXPECT_EQ(OperationFault(ReadGraphqlDocument("{a}"), ""), "");
}

TEST(GraphqlDocument, WhatCannotBeOneIsSaid) {
  EXPECT_THAT(FaultOf(""), HasSubstr("empty"));
  EXPECT_THAT(FaultOf(" \n\t"), HasSubstr("empty"));
  EXPECT_THAT(FaultOf("# only a comment"), HasSubstr("no operation"));
  EXPECT_THAT(FaultOf("fragment f on A { b }"), HasSubstr("no operation"));
  EXPECT_THAT(FaultOf("query a { b { c }"), HasSubstr("`{` is never closed"));
  EXPECT_THAT(FaultOf("query a { b(c: [1, 2) }"), HasSubstr("`)` where a `[` is open"));
  EXPECT_THAT(FaultOf("query a { b } }"), HasSubstr("`}` closes nothing"));
  EXPECT_THAT(FaultOf("query a { b { } }"), HasSubstr("nothing in it"));
  EXPECT_THAT(FaultOf("query a($b: Int)"), HasSubstr("`query a` has no"));
  EXPECT_THAT(FaultOf("query a { b(c: \"d\n\") }"), HasSubstr("quotes"));
  EXPECT_THAT(FaultOf("{ a(b: \"\"\" \" ) }"), HasSubstr("quotes"));
  EXPECT_THAT(FaultOf("{ a(b: \"\\"), HasSubstr("quotes"));
  EXPECT_THAT(FaultOf("channels { id }"), HasSubstr("`channels` where"));
  EXPECT_THAT(FaultOf("$query { id }"), HasSubstr("`$` where"));
  EXPECT_THAT(FaultOf("(a)"), HasSubstr("`(` where"));
  EXPECT_THAT(FaultOf(std::string(100'000, '{')), HasSubstr("never closed"));
}

}  // namespace
}  // namespace rampart
