// Multipart content of the `http` step, and the hashes of what was sent and received.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <vector>

#include "agent/protocol/content_block.h"
#include "agent/protocol/multipart_body.h"
#include "agent/protocol/sha256.h"
#include "tests/agent/user/http_plan.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string BoundaryOf(const HttpServerRequest& request) {
  const std::string type = Header(request, "Content-Type");
  const std::string begin = "multipart/form-data; boundary=";
  EXPECT_THAT(type, StartsWith(begin));
  return type.size() > begin.size() ? type.substr(begin.size()) : "none";
}

// The contents of the parts.
std::vector<std::string> Contents(const HttpServerRequest& request) {
  const std::string delimiter = "\r\n--" + BoundaryOf(request);
  const std::string body = "\r\n" + request.body();
  std::vector<std::string> contents;
  size_t at = body.find(delimiter);
  while (at != std::string::npos) {
    const size_t next = body.find(delimiter, at + 1);
    const size_t head = body.find("\r\n\r\n", at);
    if (next == std::string::npos || head > next) break;
    contents.push_back(body.substr(head + 4, next - head - 4));
    at = next;
  }
  return contents;
}

std::string HashOf(const std::string& bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Hex();
}

TEST(Multipart, ANameIsNoTemplate) {
  HttpServer server(Fine);
  EnginePlace place;
  place.files = {{"${user.id", "content"}};
  EngineRunner runner(Plan(server.url(), "base_url: \"${API}/$${user.id\"", R"(
      - http:
          post: /x
          multipart: { "${user.id": { generate: "1" }, "${user.id}": { generate: "1" }, file: { file: "$${user.id" } }
)"),
                      place);
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(server.requests()[0].target(), "/${user.id/x");
  const std::string body = server.requests()[0].body();
  EXPECT_THAT(body, HasSubstr("filename=\"${user.id.bin\""));
  EXPECT_THAT(body, HasSubstr("filename=\"${user.id}.bin\""));
  EXPECT_THAT(body, HasSubstr("filename=\"${user.id\""));
}

TEST(Multipart, IsAsRfc7578HasIt) {
  HttpServer server(Fine);
  EngineRunner runner(Plan(server, R"(
      - http:
          post: /upload
          multipart:
            note: "user ${user.id}"
            'quo"te': { value: "{}", content_type: application/json, filename: "a\"b\r\n${user.id}.json" }
            file: { generate: "10" }
)"));
  runner.Run();
  EXPECT_TRUE(runner.errors().empty());
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  const std::string boundary = BoundaryOf(requests[0]);
  EXPECT_GE(boundary.size(), 32u);
  EXPECT_LE(boundary.size(), 70u);
  const std::string body = requests[0].body();
  const size_t generated = body.find("rampart ", body.find("file.bin"));
  ASSERT_NE(generated, std::string::npos);
  EXPECT_EQ(body.substr(0, generated),
            "--" + boundary +
                "\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nuser 1\r\n--" + boundary +
                "\r\nContent-Disposition: form-data; name=\"quo%22te\"; "
                "filename=\"a%22b%0D%0A1.json\"\r\nContent-Type: application/json\r\n\r\n{}\r\n--" +
                boundary +
                "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"file.bin\"\r\n"
                "Content-Type: application/octet-stream\r\n\r\n");
  EXPECT_EQ(body.substr(generated + 10), "\r\n--" + boundary + "--\r\n");
}

// Answers with what it finds in the parts: their hash one after another, and their size.
std::optional<HttpServerResponse> Hashes(const HttpServerRequest& request) {
  if (request.body().empty()) return Respond(200, "{}");
  std::string all;
  for (const std::string& content : Contents(request)) {
    if (content != "not hashed") all += content;
  }
  return Respond(201,
                 R"({"hash":")" + HashOf(all) + R"(","size":)" + std::to_string(all.size()) + "}");
}

TEST(Multipart, GeneratedContentHasItsSizeAndIsHashedWhileItIsSent) {
  HttpServer server(Hashes);
  EngineRunner runner(Plan(server, R"(
      - http:
          post: /upload
          multipart: { a: { generate: "${1 + iteration}MiB" }, b: not hashed, c: { generate: 100kB } }
          checks:
            same hash: sent_hash == json.hash
            same size: sent_size == json.size and sent_size == (1 + iteration) * 1048576 + 100000
          save: { earlier: sent_hash }
      - check: { still known: sent_hash and sent_hash == earlier }
      - http: { get: /other, checks: { nothing sent: sent_hash == nil and sent_size == 0 } }
)",
                           2, 2));
  runner.Run();
  EXPECT_EQ(runner.Value("checks").trues, 16u);
  EXPECT_EQ(runner.Value("checks").total, 16u);
  EXPECT_TRUE(runner.errors().empty());
  EXPECT_GT(runner.Count("data_sent"), 6.0 * (1 << 20));
}

TEST(Multipart, NoContentIsLikeAnotherOne) {
  HttpServer server(Fine);
  EngineRunner runner(Plan(server, R"(
      - http: { post: /a, multipart: { a: { generate: 1MB }, b: { generate: 1MB } } }
)",
                           2, 2));
  runner.Run();
  std::set<std::string> contents;
  for (const HttpServerRequest& request : server.requests()) {
    for (std::string& content : Contents(request)) {
      EXPECT_EQ(content.size(), 1'000'000u);
      contents.insert(std::move(content));
    }
  }
  EXPECT_EQ(contents.size(), 8u);
}

TEST(Multipart, FilesArePartsAsTheyAre) {
  HttpServer server(Hashes);
  const std::string content = "bytes\r\n--rampart\xff" + std::string(200'000, '\0');
  EngineRunner runner(Plan(server, R"(
      - http:
          post: /upload
          multipart: { document: { file: "data/a.pdf", content_type: application/pdf } }
          checks: { same hash: sent_hash == json.hash }
)"),
                      {.files = {{"data/a.pdf", content}}});
  runner.Run();
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(Contents(requests[0]), std::vector<std::string>{content});
  EXPECT_THAT(requests[0].body(), HasSubstr("name=\"document\"; filename=\"a.pdf\"\r\n"
                                            "Content-Type: application/pdf\r\n"));
  EXPECT_EQ(runner.Value("checks").trues, 1u);
}

TEST(Multipart, ARedirectThatKeepsTheMethodSendsItAgain) {
  HttpServer server([](const HttpServerRequest& request) -> std::optional<HttpServerResponse> {
    if (request.target() == "/old") return Redirect(307, "/new");
    return Hashes(request);
  });
  EngineRunner runner(Plan(server, R"(
      - http:
          post: /old
          multipart: { a: { generate: 200KB } }
          checks: { same hash: sent_hash == json.hash, same size: sent_size == 200000 }
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("checks").trues, 2u);
  EXPECT_EQ(server.requests().size(), 2u);
}

TEST(Multipart, WhatIsNoSizeIsABadRequestAndNothingIsSent) {
  HttpServer server(Fine);
  EngineRunner runner(Plan(server, R"(
      - set: { big: '"5 GB"' }
      - http: { post: /a, multipart: { a: { generate: "${big}" } }, checks: { error: error == "bad_request" } }
      - http: { post: /a, multipart: { a: { generate: "${2}GiB" } } }
      - http: { post: /a, multipart: { a: { generate: "${-1}" } } }
)"));
  runner.Run();
  EXPECT_EQ(runner.ErrorsOf("bad_request"), 3u);
  EXPECT_EQ(runner.Value("checks").trues, 1u);
  EXPECT_TRUE(server.requests().empty());
}

TEST(Multipart, FaultsOfThePlanHaveTheirPlace) {
  const auto fault = [](const std::string& multipart, const std::string& headers = "") {
    return LoadPlan(Plan("http://127.0.0.1:1", "base_url: \"${API}\"",
                         "      - http: { post: /a, multipart: " + multipart + headers + " }\n"),
                    "plan.yaml", {})
        .FaultText();
  };
  EXPECT_THAT(fault("{ a: { generate: 1XB } }"), HasSubstr("`1XB` is no size"));
  EXPECT_THAT(fault("{ a: { generate: 2GiB } }"), HasSubstr("`2GiB` is over 1 GiB"));
  EXPECT_THAT(fault("{ a: { content_type: text/plain } }"), HasSubstr("a part needs `value`"));
  EXPECT_THAT(fault("{ a: b }", ", headers: { content-type: x }"),
              HasSubstr("`multipart` makes its own Content-Type"));
  EXPECT_EQ(fault("{ a: b }"), "");
}

TEST(Hashes, OfBodiesAndOfResponsesThatNobodyKeeps) {
  const std::string large((65 << 20), 'x');  // more than may be kept
  HttpServer server([&large](const HttpServerRequest& request) {
    return request.target() == "/large" ? Respond(200, large) : Respond(200, request.body());
  });
  EngineRunner runner(Plan(server, R"(
      - http: { post: /echo, json: { a: 1 }, checks: { same: sent_hash == body_hash and sent_size == 7 } }
      - http: { get: /large, checks: { hash: 'body_hash == ")" +
                                       HashOf(large) + R"("' } }
      - http: { get: /large, checks: { read: ok } }
      - http: { get: /large, checks: { not read: 'not ok and error == "body_too_large" and not body_hash' , body: 'body == ""' } }
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("checks").trues, 5u);
}

TEST(Hashes, AreMadeForLaterStepsToo) {
  HttpServer server(Fine);
  EngineRunner runner(Plan(server, R"(
      - http: { post: /a, body: "abc" }
      - check: { both: 'sent_hash == ")" +
                                       HashOf("abc") + R"(" and body_hash == ")" +
                                       HashOf(R"({"id":7,"name":"x"})") + R"("' }
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("checks").trues, 1u);
}

TEST(ContentBlock, IsTheSameEverywhereAndDoesNotCompress) {
  const std::string block(ContentBlock());
  EXPECT_EQ(block.size(), kContentBlockBytes);
  EXPECT_EQ(HashOf(block), "3959c88b8a66f2cd3b32986ee417cb27c2848e432bb463770ca636d8dbecb7c0");
  std::array<int, 256> counts{};
  for (const char c : block) ++counts[static_cast<unsigned char>(c)];
  for (const int count : counts) EXPECT_NEAR(count, 4096, 400);
}

TEST(MultipartBody, CostsPiecesAndNoBytes) {
  MultipartBody body;
  body.Begin(1, 2);
  body.Part("a", "a.bin", "application/octet-stream");
  body.Generate("head", 50'000'000);
  body.End();
  EXPECT_EQ(body.streamed_bytes(), 50'000'000u);
  EXPECT_LT(body.pieces().size(), 60u);
  uint64_t hashed = 0;
  for (const BodyPiece& piece : body.pieces()) hashed += piece.hashed ? piece.bytes.size() : 0;
  EXPECT_EQ(hashed, 50'000'000u);
}

}  // namespace
}  // namespace rampart::agent
