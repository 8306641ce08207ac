// What tests of the `http` step share: plans of one scenario, and answers.
#ifndef RAMPART_TESTS_AGENT_USER_HTTP_PLAN_H_
#define RAMPART_TESTS_AGENT_USER_HTTP_PLAN_H_

#include <optional>
#include <string>

#include "tests/agent/protocol/loopback.h"
#include "tests/support/http_server.h"

namespace rampart::agent {

// One user, `iterations` passes through `steps`. `settings` go into `http`.
inline std::string Plan(const std::string& api, const std::string& settings,
                        const std::string& steps, int iterations = 1, int users = 1) {
  return "name: test\nparams: { API: \"" + api + "\" }\nhttp: { " + settings +
         " }\n"
         "metrics:\n  seen: { kind: counter }\n  value: { kind: trend }\n  share: { kind: rate }\n"
         "scenarios:\n  one:\n    load: { iterations_per_user: { users: " +
         std::to_string(users) + ", iterations: " + std::to_string(iterations) +
         " } }\n    steps:\n" + steps;
}
inline std::string Plan(const HttpServer& server, const std::string& steps, int iterations = 1,
                        int users = 1) {
  return Plan(server.url(), "base_url: \"${API}\"", steps, iterations, users);
}

// Answers everything with an object.
inline std::optional<HttpServerResponse> Fine(const HttpServerRequest&) {
  return Respond(200, R"({"id":7,"name":"x"})");
}

inline std::string Header(const HttpServerRequest& request, const char* name) {
  const auto value = request[name];
  return std::string(value.data(), value.size());
}

inline HttpServerResponse Redirect(unsigned status, const std::string& location) {
  HttpServerResponse response = Respond(status);
  response.set(boost::beast::http::field::location, location);
  return response;
}

// A request's head.
inline std::string ReadHead(BoostTcp::socket& socket) {
  boost::asio::streambuf buffer;
  boost::system::error_code error;
  boost::asio::read_until(socket, buffer, "\r\n\r\n", error);
  return {boost::asio::buffers_begin(buffer.data()), boost::asio::buffers_end(buffer.data())};
}

}  // namespace rampart::agent

#endif  // RAMPART_TESTS_AGENT_USER_HTTP_PLAN_H_
