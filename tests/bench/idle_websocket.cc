// What an idle WebSocket user costs: user-space memory as the slope between two numbers of users,
// and CPU while they ping. Every client process runs an agent's engine, against a server process
// of its own; what is measured is the clients.
#include <arpa/inet.h>
#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "agent/engine/descriptors.h"
#include "agent/engine/loop.h"
#include "agent/user/engine.h"
#include "common/plan/load_plan.h"
#include "tests/bench/idle_server.h"
#include "tests/support/certificate.h"

namespace rampart::bench {
namespace {

struct Options {
  int clients = 10;
  int users = 10'000;        // in all, at the first point
  int more_users = 100'000;  // and at the second
  int rate = 1000;           // connections a second, in all
  int settle_s = 12;         // at each point before it is measured
  int measure_s = 30;        // how long CPU is measured at the first point
  std::string ping = "10s";
  bool tls = false;
};

// What one client is at one point.
struct Point {
  int64_t users;
  int64_t errors;
  int64_t anonymous_bytes;
  int64_t heap_bytes;  // that malloc has given away
  int64_t cpu_us;
  double lag_p99_ms;  // the worst second
};

int64_t AnonymousBytes() {
  std::ifstream smaps("/proc/self/smaps_rollup");
  for (std::string word; smaps >> word;) {
    int64_t kib = 0;
    if (word == "Anonymous:" && smaps >> kib) return kib * 1024;
  }
  return 0;
}

int64_t CpuMicros() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1'000'000 + usage.ru_utime.tv_usec +
         usage.ru_stime.tv_usec;
}

std::string PlanText(const Options& options, int port) {
  const int first = options.users / options.clients;
  const int second = options.more_users / options.clients;
  const int a_second = std::max(1, options.rate / options.clients);
  const auto stage = [](int seconds, int target) {
    return "{ duration: " + std::to_string(seconds) + "s, target: " + std::to_string(target) + " }";
  };
  return "name: idle\n"
         "scenarios:\n"
         "  idle:\n"
         "    load: { ramping_users: { stages: [" +
         stage(std::max(1, first / a_second), first) + ", " +
         stage(options.settle_s + options.measure_s, first) + ", " +
         stage(std::max(1, (second - first) / a_second), second) +
         ", { duration: 1h, target: " + std::to_string(second) +
         " }] } }\n"
         "    steps:\n"
         "      - set: { token: \"'token-of-' .. user.id\", room: user.id % 100, seen: \"0\" }\n"
         "      - websocket:\n"
         "          name: connection\n"
         "          url: \"" +
         std::string(options.tls ? "wss" : "ws") + "://127.0.0.1:" + std::to_string(port) +
         "/ws?token=${token}\"\n"
         "          hold: 1h\n"
         "          ping_every: " +
         options.ping +
         "\n"
         "          checks: { connected: connected }\n"
         "          on_message: [ { set: { seen: seen + 1 } } ]\n";
}

class Client {
 public:
  Client(const Options& options, int port, const std::string& ca_pem) {
    LoadedPlan loaded = LoadPlan(PlanText(options, port), "plan.yaml", {});
    if (!loaded.ok()) {
      std::fputs(loaded.FaultText().c_str(), stderr);
      std::abort();
    }
    v1::Prepare prepare;
    *prepare.mutable_plan() = loaded.plan;
    prepare.set_seed(1);
    prepare.set_ca_pem(ca_pem);
    prepare.mutable_assignment()->add_weights(1);
    auto made = agent::Engine::Make(prepare, {.threads = 1});
    if (!made.ok()) std::abort();
    engine_ = *std::move(made);
    if (!engine_->Arm("").ok()) std::abort();
    engine_->Start(agent::MonotonicNow(), [] {});
  }

  // As an agent's link does each second.
  void LiveUntil(int64_t at_ns) {
    while (agent::MonotonicNow() < at_ns) {
      std::this_thread::sleep_for(std::chrono::seconds(1));
      const v1::Delta delta = engine_->TakeDelta();
      lag_ms_ = std::max(lag_ms_, delta.health().loop_lag_p99_ms());
      for (const v1::ErrorCount& error : delta.errors()) {
        if (errors_ == 0) std::fprintf(stderr, "%s\n", error.detail().c_str());
        errors_ += static_cast<int64_t>(error.count());
      }
    }
  }
  Point Now() {
    const auto heap = mallinfo2();
    return {engine_->active_users(),
            errors_,
            AnonymousBytes(),
            static_cast<int64_t>(heap.uordblks + heap.hblkhd),
            CpuMicros(),
            std::exchange(lag_ms_, 0)};
  }

 private:
  std::unique_ptr<agent::Engine> engine_;
  int64_t errors_ = 0;
  double lag_ms_ = 0;
};

// Points in this order: nothing; first point settled; the same `measure_s` later; second point.
void RunClient(const Options& options, int port, const std::string& ca_pem, int out) {
  agent::RaiseDescriptorLimit();  // again: what fork copies is as small as what is open
  const int64_t start_ns = agent::MonotonicNow();
  constexpr int64_t kSecond = 1'000'000'000;
  const int a_second = std::max(1, options.rate / options.clients);
  const int first_s = options.users / options.clients / a_second;
  const int second_s = (options.more_users - options.users) / options.clients / a_second;
  Client client(options, port, ca_pem);
  const auto tell = [&] {
    const Point point = client.Now();
    if (write(out, &point, sizeof(point)) != sizeof(point)) std::abort();
  };
  int64_t at_s = first_s + options.settle_s - 1;
  client.LiveUntil(start_ns + at_s * kSecond);
  tell();
  at_s += options.measure_s;
  client.LiveUntil(start_ns + at_s * kSecond);
  tell();
  at_s += 1 + second_s + options.settle_s;
  client.LiveUntil(start_ns + at_s * kSecond);
  tell();
  pause();
}

int Listen(int* port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, 4096) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    std::abort();
  }
  *port = ntohs(address.sin_port);
  return listener;
}

Point Sum(const std::vector<int>& pipes) {
  Point sum{};
  for (const int pipe : pipes) {
    Point point;
    if (read(pipe, &point, sizeof(point)) != sizeof(point)) {
      std::fputs("a client has ended\n", stderr);
      std::exit(1);
    }
    sum.users += point.users;
    sum.errors += point.errors;
    sum.anonymous_bytes += point.anonymous_bytes;
    sum.heap_bytes += point.heap_bytes;
    sum.cpu_us += point.cpu_us;
    sum.lag_p99_ms = std::max(sum.lag_p99_ms, point.lag_p99_ms);
  }
  return sum;
}

int Run(const Options& options) {
  agent::RaiseDescriptorLimit();
  const Certificate certificate("IP:127.0.0.1");
  SSL_CTX* tls = nullptr;
  std::string ca_pem;
  if (options.tls) {
    tls = SSL_CTX_new(TLS_server_method());
    SSL_CTX_use_certificate(tls, certificate.x509);
    SSL_CTX_use_PrivateKey(tls, certificate.key);
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
    std::ifstream pem(certificate.file);
    ca_pem.assign(std::istreambuf_iterator<char>(pem), {});
  }
  std::vector<pid_t> children;
  std::vector<int> pipes;
  const auto child = [&](const char* name, auto run) {
    const pid_t pid = fork();
    if (pid == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      prctl(PR_SET_NAME, name);
      run();
    }
    children.push_back(pid);
  };
  for (int i = 0; i < options.clients; ++i) {
    int port = 0;
    const int listener = Listen(&port);
    int ends[2];
    if (pipe(ends) != 0) std::abort();
    child("ws-server", [&] { ServeIdleWebsockets(listener, tls); });
    child("ws-client", [&] { RunClient(options, port, ca_pem, ends[1]); });
    close(listener);
    close(ends[1]);
    pipes.push_back(ends[0]);
  }
  const Point first = Sum(pipes);
  const Point pinged = Sum(pipes);
  const Point second = Sum(pipes);
  for (const pid_t pid : children) kill(pid, SIGKILL);
  for (const pid_t pid : children) waitpid(pid, nullptr, 0);

  const double users = static_cast<double>(second.users - pinged.users);
  const auto slope = [users](int64_t from, int64_t to) {
    return static_cast<double>(to - from) / users;
  };
  std::printf("users %ld -> %ld, errors %ld\n", pinged.users, second.users, second.errors);
  std::printf("anonymous bytes a user: %.0f\n",
              slope(pinged.anonymous_bytes, second.anonymous_bytes));
  std::printf("heap bytes a user: %.0f\n", slope(pinged.heap_bytes, second.heap_bytes));
  std::printf("CPU of %ld users: %.2f s a minute\n", first.users,
              static_cast<double>(pinged.cpu_us - first.cpu_us) / 1e6 * 60 / options.measure_s);
  std::printf("loop lag p99, ms: ramp %.2f, held %.2f, second ramp %.2f\n", first.lag_p99_ms,
              pinged.lag_p99_ms, second.lag_p99_ms);
  return second.errors == 0 ? 0 : 1;
}

}  // namespace
}  // namespace rampart::bench

int main(int argc, char** argv) {
  rampart::bench::Options options;
  CLI::App flags("Measures idle WebSocket users.", "idle_websocket");
  flags.add_option("--clients", options.clients, "Client processes")->capture_default_str();
  flags.add_option("--users", options.users, "Users at the first point")->capture_default_str();
  flags.add_option("--more-users", options.more_users, "Users at the second point")
      ->capture_default_str();
  flags.add_option("--rate", options.rate, "Connections a second")->capture_default_str();
  flags.add_option("--settle", options.settle_s, "Seconds before a point is measured")
      ->capture_default_str();
  flags.add_option("--measure", options.measure_s, "Seconds in which CPU is measured")
      ->capture_default_str();
  flags.add_option("--ping", options.ping, "Between two pings of a user")->capture_default_str();
  flags.add_flag("--tls", options.tls, "wss");
  CLI11_PARSE(flags, argc, argv);
  return rampart::bench::Run(options);
}
