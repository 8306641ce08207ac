// HttpClient against nginx: what we count is what nginx counts, and what nginx does we understand.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "agent/protocol/http_client.h"
#include "tests/agent/protocol/loopback.h"

namespace rampart::agent {
namespace {

constexpr const char* kNginx = "/usr/sbin/nginx";
constexpr size_t kLargeBytes = 20 * 1024 * 1024;

// An nginx with a configuration, a folder and a port of its own.
class Nginx {
 public:
  Nginx() {
    char path[] = "/tmp/rampart_nginx_XXXXXX";
    folder_ = mkdtemp(path);
    std::filesystem::create_directories(folder_ + "/files");
    Write("files/small.txt", "small\n");
    Write("files/page.txt", Text(300'000));
    Write("files/large.bin", Text(kLargeBytes));
    // nginx takes over a listening socket by its number, as it does from its predecessor in an
    // upgrade: no port can be lost in between, and it can be connected to at once.
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(listener, 64), 0);
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    port_ = ntohs(address.sin_port);
    Configure(1);
    pid_ = fork();
    if (pid_ == 0) {
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      setenv("NGINX", (std::to_string(listener) + ";").c_str(), 1);
      execl(kNginx, kNginx, "-p", folder_.c_str(), "-c", "nginx.conf", "-e", "error.log", nullptr);
      _exit(127);
    }
    close(listener);
  }
  ~Nginx() {
    Stop(SIGTERM);
    std::filesystem::remove_all(folder_);
  }

  // Writes the configuration; `generation` is what /generation answers.
  void Configure(int generation) {
    std::ostringstream out;
    if (geteuid() == 0) out << "user root;\n";
    out << R"(
      daemon off;
      worker_processes 1;
      pid nginx.pid;
      events { worker_connections 64; }
      http {
        log_format counted '$connection $status $request_length $bytes_sent $request_uri';
        access_log access.log counted;
        client_body_temp_path body;
        proxy_temp_path proxy;
        fastcgi_temp_path fastcgi;
        uwsgi_temp_path uwsgi;
        scgi_temp_path scgi;
        keepalive_requests 1000000;
        gzip_types text/plain;
        sub_filter_types *;
        server {
          listen 127.0.0.1:)"
        << port_ << R"(;
          location /files/ { root .; }
          location /gzip/ { alias files/; gzip on; }
          location /chunked/ { alias files/; sub_filter "0" "zero"; sub_filter_once off; }
          location /few/ { alias files/; keepalive_requests 3; }
          location /slow/ { alias files/; limit_rate 64k; }
          location /dav/ { alias files/; dav_methods PUT DELETE; client_max_body_size 1m; }
          location = /moved { return 302 /files/small.txt; }
          location = /moved_here { absolute_redirect off; return 301 /files/small.txt?a=b; }
          location = /generation { return 200 "generation )"
        << generation << R"("; }
          location = /status { stub_status; }
        }
      })";
    Write("nginx.conf", out.str());
  }

  void Signal(int signal) const { kill(pid_, signal); }
  // Ends it; with SIGQUIT after it has answered and logged everything.
  void Stop(int signal) {
    if (pid_ == 0) return;
    Signal(signal);
    waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  std::string Url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }
  std::string Read(const std::string& name) const {
    std::ifstream in(folder_ + "/" + name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // Lines of decimal numbers.
  static std::string Text(size_t bytes) {
    std::string text;
    for (size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i) + "\n";
    text.resize(bytes);
    return text;
  }

 private:
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ + "/" + name, std::ios::binary) << text;
  }

  std::string folder_;
  uint16_t port_ = 0;
  pid_t pid_ = 0;
};

class NginxTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (access(kNginx, X_OK) == 0) return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << kNginx << " is missing: install nginx-light";
    GTEST_SKIP() << kNginx << " is missing: install nginx-light";
  }
};

// One user and the sum of what it counted.
struct User {
  explicit User(Connector& connector) : client(connector) {}

  Task<std::optional<Failure>> Get(std::string text, std::string_view headers = "",
                                   std::string_view method = "GET", std::string_view body = "",
                                   bool keep_body = true) {
    const agent::Url url = *Url::Parse(text);
    const HttpRequest request{.method = method,
                              .headers = headers,
                              .body = body,
                              .has_body = !body.empty(),
                              .keep_body = keep_body};
    auto failure = co_await client.Exchange(request, url, Seconds(20), nullptr, &response, &times);
    ++requests;
    connections += times.connected ? 1 : 0;
    bytes_sent += times.bytes_sent;
    bytes_received += times.bytes_received;
    EXPECT_FALSE(failure) << text << ": " << failure->detail;
    co_return failure;
  }

  HttpClient client;
  HttpResponse response;
  HttpTimes times;
  uint64_t requests = 0;
  uint64_t connections = 0;
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
};

TEST_F(NginxTest, CountsWhatNginxCounts) {
  Nginx nginx;
  uint64_t requests = 0;
  uint64_t bytes_sent = 0;
  uint64_t bytes_received = 0;
  RunUsers({[&](Connector& connector) -> Task<> {
    User user(connector);
    for (int i = 0; i < 2000; ++i) {
      co_await user.Get(nginx.Url(i % 3 == 0 ? "/files/page.txt" : "/files/small.txt"));
      EXPECT_EQ(user.response.status, 200);
    }
    const std::string upload = Nginx::Text(500'000);
    co_await user.Get(nginx.Url("/dav/new.txt"), "", "PUT", upload);
    EXPECT_EQ(user.response.status, 201);
    co_await user.Get(nginx.Url("/dav/new.txt"));
    EXPECT_TRUE(user.response.body == upload);
    co_await user.Get(nginx.Url("/dav/new.txt"), "", "DELETE");
    EXPECT_EQ(user.response.status, 204);
    co_await user.Get(nginx.Url("/files/none.txt"));
    EXPECT_EQ(user.response.status, 404);
    co_await user.Get(nginx.Url("/files/large.bin"), "", "HEAD");
    co_await user.Get(nginx.Url("/chunked/page.txt"));
    co_await user.Get(nginx.Url("/status"));
    // `accepts handled requests` stand on a line of their own; this request is counted.
    const std::string expected = " " + std::to_string(user.connections) + " " +
                                 std::to_string(user.connections) + " " +
                                 std::to_string(user.requests) + " \n";
    EXPECT_NE(user.response.body.find(expected), std::string::npos) << user.response.body;
    EXPECT_EQ(user.connections, 1u);
    requests = user.requests;
    bytes_sent = user.bytes_sent;
    bytes_received = user.bytes_received;
  }});
  nginx.Stop(SIGQUIT);
  std::istringstream log(nginx.Read("access.log"));
  uint64_t logged = 0;
  uint64_t logged_sent = 0;
  uint64_t logged_received = 0;
  std::set<uint64_t> connections;
  std::string status;
  std::string uri;
  for (uint64_t connection, received, sent; log >> connection >> status >> received >> sent >> uri;
       ++logged) {
    connections.insert(connection);
    logged_sent += sent;
    logged_received += received;
  }
  EXPECT_EQ(logged, requests);
  EXPECT_EQ(logged_received, bytes_sent);
  EXPECT_EQ(logged_sent, bytes_received);
  EXPECT_EQ(connections.size(), 1u);
}

TEST_F(NginxTest, ReadsGzipChunkedAndLargeBodies) {
  Nginx nginx;
  RunUsers({[&](Connector& connector) -> Task<> {
    User user(connector);
    co_await user.Get(nginx.Url("/gzip/page.txt"), "Accept-Encoding: gzip\r\n");
    EXPECT_EQ(user.response.Header("content-encoding"), "gzip");
    EXPECT_EQ(user.response.Header("transfer-encoding"), "chunked");
    EXPECT_TRUE(user.response.body == Nginx::Text(300'000));
    EXPECT_LT(user.response.body_bytes, 200'000u);

    co_await user.Get(nginx.Url("/chunked/page.txt"));
    EXPECT_EQ(user.response.Header("transfer-encoding"), "chunked");
    std::string replaced;
    for (const char c : Nginx::Text(300'000)) replaced += c == '0' ? "zero" : std::string(1, c);
    EXPECT_TRUE(user.response.body == replaced);

    co_await user.Get(nginx.Url("/files/large.bin"));
    EXPECT_TRUE(user.response.body == Nginx::Text(kLargeBytes));
    co_await user.Get(nginx.Url("/files/large.bin"), "", "GET", "", /*keep_body=*/false);
    EXPECT_TRUE(user.response.body.empty());
    EXPECT_EQ(user.response.body_bytes, kLargeBytes);
    EXPECT_EQ(user.connections, 1u);
  }});
}

TEST_F(NginxTest, AnswersWithoutABodyKeepTheConnection) {
  Nginx nginx;
  RunUsers({[&](Connector& connector) -> Task<> {
    User user(connector);
    co_await user.Get(nginx.Url("/files/page.txt"), "", "HEAD");
    EXPECT_EQ(user.response.Header("content-length"), "300000");
    EXPECT_EQ(user.response.body_bytes, 0u);
    const std::string condition =
        "If-None-Match: " + std::string(user.response.Header("etag")) + "\r\n";
    co_await user.Get(nginx.Url("/files/page.txt"), condition);
    EXPECT_EQ(user.response.status, 304);
    EXPECT_EQ(user.response.body_bytes, 0u);
    co_await user.Get(nginx.Url("/files/none.txt"));
    EXPECT_EQ(user.response.status, 404);
    EXPECT_NE(user.response.body.find("404"), std::string::npos);
    co_await user.Get(nginx.Url("/files/page.txt"), "Range: bytes=0-4\r\n");
    EXPECT_EQ(user.response.status, 206);
    EXPECT_EQ(user.response.body, Nginx::Text(5));
    EXPECT_EQ(user.connections, 1u);
  }});
}

TEST_F(NginxTest, LocationsLeadToTheirPage) {
  Nginx nginx;
  RunUsers({[&](Connector& connector) -> Task<> {
    User user(connector);
    for (const char* path : {"/moved", "/moved_here"}) {
      const std::string text = nginx.Url(path);
      co_await user.Get(text);
      EXPECT_EQ(user.response.status / 100, 3);
      const std::string target =
          ResolveLocation(*Url::Parse(text), user.response.Header("location"));
      EXPECT_TRUE(target.starts_with(nginx.Url("/files/small.txt"))) << target;
      co_await user.Get(target);
      EXPECT_EQ(user.response.body, "small\n");
    }
    EXPECT_EQ(user.connections, 1u);
  }});
}

TEST_F(NginxTest, ALimitOfRequestsAConnectionIsNoError) {
  Nginx nginx;
  RunUsers({[&](Connector& connector) -> Task<> {
    User user(connector);
    for (int i = 0; i < 10; ++i) {
      co_await user.Get(nginx.Url("/few/small.txt"));
      EXPECT_EQ(user.response.body, "small\n");
    }
    EXPECT_EQ(user.connections, 4u);  // 3 + 3 + 3 + 1
  }});
}

TEST_F(NginxTest, AReloadIsNoError) {
  Nginx nginx;
  RunUsers({[&](Connector& connector) -> Task<> {
    User user(connector);
    co_await user.Get(nginx.Url("/generation"));
    EXPECT_EQ(user.response.body, "generation 1");
    nginx.Configure(2);
    nginx.Signal(SIGHUP);
    const int64_t deadline_ns = Seconds(20);
    while (user.response.body != "generation 2" && MonotonicNow() < deadline_ns) {
      if (co_await user.Get(nginx.Url("/generation"))) co_return;
    }
    EXPECT_EQ(user.response.body, "generation 2");
    EXPECT_GE(user.connections, 2u);
  }});
}

TEST_F(NginxTest, AStopInTheMiddleOfAnAnswerIsClassified) {
  Nginx nginx;
  std::optional<Failure> stopped;
  std::optional<Failure> afterwards;
  RunUsers(
      {[&](Connector& connector) -> Task<> {
         HttpClient client(connector);
         HttpResponse response;
         HttpTimes times;
         const std::string text = nginx.Url("/slow/large.bin");
         const Url url = *Url::Parse(text);
         const HttpRequest request{.method = "GET", .headers = "", .body = "", .keep_body = false};
         stopped = co_await client.Exchange(request, url, Seconds(20), nullptr, &response, &times);
         EXPECT_EQ(response.status, 200);
         EXPECT_GT(times.bytes_received, 0u);
         nginx.Stop(SIGTERM);  // wait until it is gone
         afterwards =
             co_await client.Exchange(request, url, Seconds(20), nullptr, &response, &times);
       },
       [&](Connector& connector) -> Task<> {
         User watcher(connector);
         while (watcher.response.body.find("Writing: 2") == std::string::npos) {
           if (co_await watcher.Get(nginx.Url("/status"))) co_return;
         }
         // The one worker has sent the beginning of the other answer before it counted.
         nginx.Signal(SIGTERM);
       }});
  ASSERT_TRUE(stopped);
  EXPECT_TRUE(stopped->kind == ErrorKind::kConnectionClosed ||
              stopped->kind == ErrorKind::kConnectionReset)
      << stopped->detail;
  ASSERT_TRUE(afterwards);
  EXPECT_EQ(afterwards->kind, ErrorKind::kConnectionRefused) << afterwards->detail;
}

}  // namespace
}  // namespace rampart::agent
