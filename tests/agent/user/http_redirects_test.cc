// Where an `http` step goes: redirects, other servers, TLS, and what it takes along.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/ssl.hpp>
#include <fstream>
#include <functional>
#include <memory>
#include <sstream>
#include <string>

#include "tests/agent/user/http_plan.h"
#include "tests/support/certificate.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {
namespace {

namespace http = boost::beast::http;
using testing::HasSubstr;
using testing::Not;

TEST(HttpRedirects, RedirectsAreFollowedAsRfc9110Says) {
  HttpServer elsewhere(Fine);
  const std::string other = elsewhere.url();
  HttpServer server([&](const HttpServerRequest& request) -> std::optional<HttpServerResponse> {
    const std::string target(request.target());
    if (target == "/dir/302") return Redirect(302, "next");
    if (target == "/307") return Redirect(307, "/landed");
    if (target == "/away") return Redirect(301, other + "/landed");
    if (target == "/loop") return Redirect(303, "/loop");
    return Respond(200);
  });
  EngineRunner runner(Plan(server, R"(
      - http: { name: a, post: /dir/302, json: { x: 1 } }
      - http: { name: b, post: /307, body: kept }
      - http: { name: c, get: /away, headers: { Authorization: secret }, checks: { landed: url } }
      - http: { name: d, get: /loop, max_redirects: 3 }
      - http: { name: e, get: /loop, max_redirects: 0, checks: { itself: status == 303 and ok } }
)"));
  runner.Run();
  const auto requests = server.requests();
  ASSERT_EQ(requests.size(), 10u);
  EXPECT_EQ(requests[1].target(), "/dir/next");
  EXPECT_EQ(requests[1].method(), http::verb::get);
  EXPECT_EQ(requests[1].body(), "");
  EXPECT_EQ(Header(requests[1], "Content-Type"), "");
  EXPECT_EQ(requests[3].target(), "/landed");
  EXPECT_EQ(requests[3].method(), http::verb::post);
  EXPECT_EQ(requests[3].body(), "kept");
  EXPECT_EQ(Header(requests[4], "Authorization"), "secret");
  ASSERT_EQ(elsewhere.requests().size(), 1u);
  EXPECT_EQ(Header(elsewhere.requests()[0], "Authorization"), "");
  EXPECT_EQ(runner.ErrorsOf("too_many_redirects"), 1u);
  EXPECT_EQ(runner.Count("http_reqs"), 11);
  EXPECT_EQ(runner.Value("checks", {{"check", "itself"}}).trues, 1u);
}

TEST(HttpRedirects, ThePlansTimeoutAndRedirectsHoldUnlessTheStepHasItsOwn) {
  Once<bool> release;
  HttpServer server([&](const HttpServerRequest& request) -> std::optional<HttpServerResponse> {
    if (request.target() == "/loop") return Redirect(302, "/loop");
    release.Wait();
    return Respond(200);
  });
  EngineRunner runner(
      Plan(server.url(), R"(base_url: "${API}", timeout: 50ms, max_redirects: 1)", R"(
      - http: { name: slow, get: /slow }
      - http: { name: one, get: /loop }
      - http: { name: two, get: /loop, max_redirects: 2 }
)"));
  runner.Run();
  release.Set(true);
  EXPECT_EQ(runner.Count("http_reqs", {{"name", "slow"}, {"error", "timeout"}}), 1);
  EXPECT_EQ(runner.Count("http_reqs", {{"name", "one"}}), 2);
  EXPECT_EQ(runner.Count("http_reqs", {{"name", "two"}}), 3);
  // The redirect that is not followed any more is the step's answer, and no good one.
  EXPECT_EQ(runner.Value("http_req_failed", {{"name", "two"}}).trues, 1u);
}

TEST(HttpRedirects, EachRedirectKeepsOrChangesTheMethodByItsStatus) {
  HttpServer server([](const HttpServerRequest& request) -> std::optional<HttpServerResponse> {
    if (request.target() == "/landed") return Respond(200);
    HttpServerResponse response = Redirect(
        static_cast<unsigned>(std::stoi(std::string(request.target().substr(1)))), "landed");
    response.set(http::field::set_cookie, "hop=" + std::string(request.target()));
    return response;
  });
  EngineRunner runner(Plan(server, R"(
      - for_each: { in: "{301, 302, 303, 307, 308}", as: code }
        steps:
          - http: { post: "/${code}", body: x, expect_status: [ 200 ], headers: { Authorization: a, Content-Length: 1 } }
      - http: { head: /303 }
)"));
  runner.Run();
  std::string landed;
  for (const HttpServerRequest& request : server.requests()) {
    if (request.target() != "/landed") continue;
    landed += std::string(request.method_string()) + request.body() + " " +
              Header(request, "Authorization") + " " + Header(request, "Cookie") + "\n";
    EXPECT_EQ(request.count("Content-Length"), request.body().size());
  }
  EXPECT_EQ(landed,
            "GET a hop=/301\nGET a hop=/302\nGET a hop=/303\nPOSTx a hop=/307\nPOSTx a hop=/308\n"
            "HEAD  hop=/303\n");
  // Each hop counts as what was sent, and one on the way to the answer is no failure.
  EXPECT_EQ(runner.Count("http_reqs", {{"method", "POST"}}), 7);
  EXPECT_EQ(runner.Count("http_reqs", {{"method", "GET"}}), 3);
  EXPECT_EQ(runner.Value("http_req_failed").total, 12u);
  EXPECT_EQ(runner.Value("http_req_failed").trues, 0u);
  EXPECT_TRUE(runner.errors().empty());
}

TEST(HttpRedirects, SecretsOfOneServerAreNotForAnother) {
  HttpServer elsewhere(Fine);
  HttpServer server([&](const HttpServerRequest&) -> std::optional<HttpServerResponse> {
    return Redirect(307, elsewhere.url() + "/");
  });
  EngineRunner runner(Plan(server, R"(
      - http: { post: /, body: x, headers: { authorization: a, Cookie: b, Proxy-Authorization: c, Host: d, X-Own: e } }
)"));
  runner.Run();
  ASSERT_EQ(server.requests().size(), 1u);
  EXPECT_EQ(Header(server.requests()[0], "Cookie"), "b");
  ASSERT_EQ(elsewhere.requests().size(), 1u);
  const HttpServerRequest request = elsewhere.requests()[0];
  EXPECT_EQ(request.count("Authorization"), 0u);
  EXPECT_EQ(request.count("Cookie"), 0u);
  EXPECT_EQ(request.count("Proxy-Authorization"), 0u);
  EXPECT_EQ(Header(request, "Host"), "127.0.0.1:" + std::to_string(elsewhere.port()));
  EXPECT_EQ(Header(request, "X-Own"), "e");
}

TEST(HttpRedirects, AFailureAfterARedirectIsNoAnswerOfTheRedirects) {
  HttpServer server([](const HttpServerRequest&) { return Redirect(302, "http://127.0.0.1:1/"); });
  EngineRunner runner(Plan(server, R"(
      - http: { get: /, checks: { deep: json.a.b }, save: { id: json.a.b } }
      - check: { said: status == 0 and not ok and error == "connection_refused" }
)"));
  runner.Run();
  EXPECT_EQ(runner.Value("checks", {{"check", "deep"}}).trues, 0u);
  EXPECT_EQ(runner.Value("checks", {{"check", "said"}}).trues, 1u);
  EXPECT_EQ(runner.ErrorsOf("connection_refused"), 1u);
  EXPECT_EQ(runner.ErrorsOf("script"), 0u);
  EXPECT_EQ(runner.Value("http_req_failed").total, 2u);
  EXPECT_EQ(runner.Value("http_req_failed").trues, 1u);
}

// Serves one request by TLS, if the client comes to make it; `location` makes it a redirect there.
std::function<void(BoostTcp::socket&)> ServeTls(const Certificate& certificate,
                                                std::string location = "") {
  return [&certificate, location](BoostTcp::socket& socket) {
    boost::asio::ssl::context tls{boost::asio::ssl::context::tls_server};
    SSL_CTX_use_certificate(tls.native_handle(), certificate.x509);
    SSL_CTX_use_PrivateKey(tls.native_handle(), certificate.key);
    boost::asio::ssl::stream<BoostTcp::socket&> stream(socket, tls);
    boost::system::error_code error;
    stream.handshake(boost::asio::ssl::stream_base::server, error);
    if (error) return;
    boost::beast::flat_buffer buffer;
    HttpServerRequest request;
    http::read(stream, buffer, request, error);
    HttpServerResponse response = Redirect(location.empty() ? 200 : 307, location);
    response.keep_alive(false);
    response.body() = R"({"id":7})";
    response.prepare_payload();
    http::write(stream, response, error);
    stream.shutdown(error);
  };
}

TEST(HttpStep, HttpsIsTrustedByItsAuthorityOrNotAtAll) {
  const Certificate certificate("IP:127.0.0.1");
  std::stringstream pem;
  pem << std::ifstream(certificate.file).rdbuf();
  const std::string step = "      - http: { get: /, checks: { fine: json.id == 7 } }\n";
  const auto run = [&](const std::string& settings, const std::string& ca_pem) {
    LoopbackServer server(1, ServeTls(certificate));
    auto runner = std::make_unique<EngineRunner>(
        Plan(server.Url("", "https"), R"(base_url: "${API}")" + settings, step),
        EnginePlace{.ca_pem = ca_pem});
    runner->Run();
    return runner;
  };
  const auto trusted = run("", pem.str());
  EXPECT_EQ(trusted->Value("checks").trues, 1u);
  EXPECT_GT(trusted->Value("http_req_tls_handshaking").trend.Min(), 0);
  EXPECT_TRUE(trusted->errors().empty());

  const auto untrusted = run("", "");
  EXPECT_EQ(untrusted->ErrorsOf("tls_certificate"), 1u);
  EXPECT_EQ(untrusted->Count("http_reqs", {{"error", "tls_certificate"}}), 1);
  EXPECT_EQ(untrusted->Value("http_req_failed").trues, 1u);
  EXPECT_EQ(untrusted->Value("http_req_duration").trend.count(), 0u);
  EXPECT_EQ(untrusted->Value("checks").trues, 0u);

  const auto insecure = run(", insecure: true", "");
  EXPECT_EQ(insecure->Value("checks").trues, 1u);
  EXPECT_TRUE(insecure->errors().empty());
}

TEST(HttpRedirects, SecretsAreNotSentInTheClearWhenARedirectLeavesTls) {
  const Certificate certificate("IP:127.0.0.1");
  std::string head;  // of the second connection
  int connection = 0;
  Once<std::string> url;
  LoopbackServer server(2, [&](BoostTcp::socket& socket) {
    if (++connection == 1) return ServeTls(certificate, url.Wait())(socket);
    head = ReadHead(socket);
    boost::asio::write(
        socket, boost::asio::buffer(std::string("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")));
  });
  url.Set(server.Url("/plain", "http"));
  EngineRunner runner(Plan(server.Url("", "https"), R"(base_url: "${API}", insecure: true)",
                           "      - http: { get: /, headers: { Authorization: a, X-Own: b } }\n"));
  runner.Run();
  server.Served(2);
  EXPECT_THAT(head, HasSubstr("GET /plain"));
  EXPECT_THAT(head, HasSubstr("X-Own: b"));
  EXPECT_THAT(head, Not(HasSubstr("Authorization")));
  EXPECT_TRUE(runner.errors().empty());
}

}  // namespace
}  // namespace rampart::agent
