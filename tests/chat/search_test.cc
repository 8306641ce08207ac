// Search and its index: over HTTP, and against a search that reads every message.
#include <random>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/chat/search/words.h"
#include "tests/chat/test_client.h"

namespace rampart::chat {
namespace {

using ::testing::HasSubstr;

// The ids that a search answers, and its total: "3 1 of 2".
std::string Found(Client& client, const std::string& query) {
  std::string found;
  const json::value answer = client.Get("/api/search?" + query).Json();
  for (const json::value& result : answer.at("results").as_array()) {
    found += std::string(result.at("id").as_string()) + " ";
  }
  return found + "of " + std::to_string(answer.at("total").as_int64());
}

TEST(ChatSearchTest, FindsWhatWasPostedAndFilters) {
  RunningServer server(Options{});
  Client client(server);
  const std::string ann = client.SignIn("ann");
  const std::string one = client.NewChannel();
  const std::string two = client.NewChannel();
  client.NewMessage(one, "The quick brown fox");
  client.NewMessage(two, "a quick question");
  client.NewMessage(one, "quick.pdf", "file");
  client.Post("/api/search/index/bulk", {{"messages",
                                          {{{"channel_id", one},
                                            {"user_id", 77},
                                            {"content", "a quick old one"},
                                            {"created_at", "2021-05-01T10:00:00Z"}}}}});
  EXPECT_EQ(Found(client, "q=quick+FOX"), "1 of 1");
  EXPECT_EQ(Found(client, "q=quick&channel_id=" + two), "2 of 1");
  EXPECT_EQ(Found(client, "q=quick&type=file"), "3 of 1");
  EXPECT_EQ(Found(client, "q=quick&type=none"), "of 0");
  EXPECT_EQ(Found(client, "q=quick&user_id=77"), "4 of 1");
  EXPECT_EQ(Found(client, "q=quick&user_id=" + ann), "3 2 1 of 3");
  EXPECT_EQ(Found(client, "q=quick&from=2021-05-01&to=2021-05-01&channel_id=" + one), "4 of 1");
  EXPECT_EQ(Found(client, "q=quick&from=2021-05-02"), "3 2 1 of 3");
  EXPECT_EQ(Found(client, "q=quick"), "3 2 1 4 of 4");  // by date, not by id
  EXPECT_EQ(Found(client, "q=quick&limit=1&offset=2"), "1 of 4");
  EXPECT_EQ(Found(client, "q=quick&offset=9"), "of 4");
  EXPECT_EQ(client.Get("/api/search?q=%20").status, 400u);
  EXPECT_EQ(client.Get("/api/search?q=a&from=yesterday").status, 400u);
  EXPECT_EQ(client.Get("/api/search?q=a&sort=luck").status, 400u);
  EXPECT_EQ(client.Get("/api/search/suggest?q=Qu").body, R"({"suggestions":["question","quick"]})");
  EXPECT_EQ(client.Get("/api/search/suggest?q=the%20brow").body, R"({"suggestions":["brown"]})");
  EXPECT_EQ(client.Get("/api/search/suggest?q=%25").body, R"({"suggestions":[]})");
  EXPECT_EQ(client.Get("/api/search/stats").body, R"({"messages":4,"words":9})");
  client.Do(http::verb::delete_, "/api/channels/" + one);
  EXPECT_EQ(client.Get("/api/search/stats").Json().at("messages"), 1);
}

TEST(ChatSearchTest, PhrasesPrefixesAndWordsWithSigns) {
  RunningServer server(Options{});
  Client client(server);
  client.SignIn("ann");
  const std::string channel = client.NewChannel();
  client.NewMessage(channel, "deploy the api gateway");
  client.NewMessage(channel, "the gateway of the API");
  client.NewMessage(channel, "see report-7.pdf, @ann_2");
  client.NewMessage(channel, "pdf 7 of the report");
  EXPECT_EQ(Found(client, "q=api+gateway"), "2 1 of 2");
  EXPECT_EQ(Found(client, "q=%22api+gateway%22"), "1 of 1");
  EXPECT_EQ(Found(client, "q=%22the+api+gate*%22"), "1 of 1");
  EXPECT_EQ(Found(client, "q=gate*+of"), "2 of 1");
  EXPECT_EQ(Found(client, "q=report-7.pdf"), "3 of 1");
  EXPECT_EQ(Found(client, "q=report-7.p*"), "3 of 1");
  EXPECT_EQ(Found(client, "q=@ann_2"), "3 of 1");
  EXPECT_EQ(Found(client, "q=repo"), "of 0");
  EXPECT_EQ(Found(client, "q=%22quick%20OR%20(*"), "of 0");  // neither an end nor a language
  EXPECT_EQ(Found(client, "q=the%22api%22"), "2 1 of 2");
  EXPECT_EQ(client.Get("/api/search?q=*%22-%22").status, 400u);
  EXPECT_EQ(client.Get("/api/search?q=a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q").status, 400u);
}

TEST(ChatSearchTest, TheBestMatchIsFirstWhenAskedFor) {
  RunningServer server(Options{});
  Client client(server);
  client.SignIn("ann");
  const std::string channel = client.NewChannel();
  client.NewMessage(channel, "outage");
  client.NewMessage(channel, "an outage, an outage everywhere, and nothing else than an outage");
  client.NewMessage(channel, "a long text about many things and in passing about an outage too");
  EXPECT_EQ(Found(client, "q=outage"), "3 2 1 of 3");
  EXPECT_EQ(Found(client, "q=outage&sort=relevance"), "1 2 3 of 3");
  EXPECT_EQ(Found(client, "q=outage&sort=relevance&limit=1&offset=1"), "2 of 3");
}

TEST(ChatSearchTest, ABulkIsIndexedWholeOrNotAtAll) {
  RunningServer server(Options{});
  Client client(server);
  client.SignIn("ann");
  const std::string channel = client.NewChannel();
  const json::value good = {{"channel_id", channel}, {"content", "bulk"}};
  const json::value bad = {{"channel_id", 999}, {"content", "bulk"}};
  // More than the database groups into one transaction.
  json::array many(2000, good);
  const Answered indexed = client.Post("/api/search/index/bulk", {{"messages", many}});
  EXPECT_EQ(indexed.status, 200u) << indexed.body;
  EXPECT_EQ(indexed.Json().at("indexed"), 2000);
  EXPECT_GT(indexed.Json().at("took_ms").as_double(), 0);
  many.push_back(bad);
  const Answered refused = client.Post("/api/search/index/bulk", {{"messages", many}});
  EXPECT_EQ(refused.status, 404u);
  EXPECT_THAT(refused.body, HasSubstr("messages[2000]: there is no channel 999"));
  EXPECT_EQ(client.Get("/api/search?q=bulk").Json().at("total"), 2000);
  EXPECT_EQ(client.Get("/api/stats").Json().at("messages_stored"), 2000);
}

// A phrase or word, found by reading.
bool Contains(const std::string& content, const std::vector<std::string>& words, bool is_prefix) {
  std::vector<std::string> all;
  ForEachWord(content, [&](std::string_view word) { all.emplace_back(word); });
  for (size_t i = 0; i + words.size() <= all.size(); ++i) {
    bool same = true;
    for (size_t j = 0; j < words.size(); ++j) {
      const bool is_last = j + 1 == words.size();
      same = same &&
             (is_prefix && is_last ? all[i + j].starts_with(words[j]) : all[i + j] == words[j]);
    }
    if (same) return true;
  }
  return false;
}

TEST(SegmentTest, FindsExactlyWhatReadingEveryMessageFinds) {
  constexpr unsigned kSeed = 7;
  SCOPED_TRACE(testing::Message() << "seed " << kSeed);
  std::mt19937 random(kSeed);
  const auto draw = [&](size_t below) { return random() % below; };
  const std::vector<std::string> words = {"a", "ab", "abc", "b", "bc", "c", "12", "123"};
  Segment segment;
  std::vector<std::string> contents;
  for (int i = 0; i < 2000; ++i) {
    std::string content;
    for (size_t n = draw(7); n > 0; --n) content += words[draw(words.size())] + ", ";
    segment.Add({}, 0, content);
    contents.push_back(content);
  }
  for (int i = 0; i < 300; ++i) {
    std::vector<Clause> clauses(1 + draw(3));
    for (Clause& clause : clauses) {
      for (size_t n = 1 + draw(3); n > 0; --n) clause.words.push_back(words[draw(words.size())]);
      clause.is_prefix = draw(2) == 0;
    }
    std::vector<uint32_t> expected;
    for (uint32_t number = 0; number < contents.size(); ++number) {
      bool all = true;
      for (const Clause& clause : clauses) {
        all = all && Contains(contents[number], clause.words, clause.is_prefix);
      }
      if (all) expected.push_back(number);
    }
    std::vector<uint32_t> found;
    for (const Segment::Match& match : segment.Find(clauses, i % 2 == 0))
      found.push_back(match.document);
    EXPECT_EQ(found, expected);
  }
}

TEST(SearchIndexTest, WhatIsOlderThanItHoldsIsForgotten) {
  Database database;
  SearchIndex index(database, /*segment_messages=*/10);
  Message message{.channel_id = 1, .type = "message", .content = "old"};
  index.Add(message);
  message.content = "";
  for (size_t i = 1; i < SearchIndex::kMaxSegments * 10; ++i) {
    index.Add(message);
  }
  const int64_t all = index.messages();
  EXPECT_EQ(index.Suggest("o", 5), std::vector<std::string>{"old"});
  index.Add(message);
  EXPECT_EQ(index.messages(), all + 1 - 10);
  EXPECT_TRUE(index.Suggest("o", 5).empty());
  index.ForgetChannel(1);
  EXPECT_EQ(index.messages(), 0);
}

}  // namespace
}  // namespace rampart::chat
