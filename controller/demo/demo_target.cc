#include "controller/demo/demo_target.h"

#include <simdjson.h>

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "controller/fleet/machine.h"

namespace rampart::controller {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::tcp;

constexpr std::chrono::seconds kAskTimeout(10);

// What the server's first line says, for the thread that waits for it.
class Listening {
 public:
  void OnLine(std::string_view line) {
    constexpr std::string_view kSays = "listening on 127.0.0.1:";
    if (!line.starts_with(kSays)) return;
    line.remove_prefix(kSays.size());
    uint16_t port = 0;
    std::from_chars(line.data(), line.data() + line.size(), port);
    Say(port);
  }
  void OnExit() { Say(0); }

  // 0 when it ended or did not say it in time.
  uint16_t Wait(int64_t timeout_ns) {
    std::unique_lock lock(mutex_);
    said_.wait_for(lock, std::chrono::nanoseconds(timeout_ns),
                   [this] { return port_.has_value(); });
    return port_.value_or(0);
  }

 private:
  void Say(uint16_t port) {
    const std::lock_guard lock(mutex_);
    if (!port_) port_ = port;
    said_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable said_;
  std::optional<uint16_t> port_;
};

absl::StatusOr<std::string> Get(uint16_t port, std::string_view target) {
  boost::asio::io_context context;
  beast::tcp_stream stream(context);
  boost::system::error_code error;
  http::response<http::string_body> response;
  beast::flat_buffer buffer;
  // Asynchronous only for its timeout.
  http::request<http::empty_body> request(http::verb::get, {target.data(), target.size()}, 11);
  request.set(http::field::host, "127.0.0.1");
  request.set(http::field::connection, "close");
  stream.expires_after(kAskTimeout);
  stream.async_connect(
      tcp::endpoint(boost::asio::ip::address_v4::loopback(), port), [&](auto connected) {
        error = connected;
        if (error) return;
        http::async_write(stream, request, [&](auto written, size_t) {
          error = written;
          if (error) return;
          http::async_read(stream, buffer, response, [&](auto read, size_t) { error = read; });
        });
      });
  context.run();
  if (error) return absl::UnavailableError(error.message());
  if (response.result() != http::status::ok) {
    return absl::UnavailableError("status " + std::to_string(response.result_int()));
  }
  return std::move(response.body());
}

uint64_t Counted(const RunResult& result, std::string_view metric) {
  const std::optional<SeriesValue> value = result.series.Aggregate(metric);
  return value ? static_cast<uint64_t>(value->counter.Value()) : 0;
}

}  // namespace

absl::StatusOr<std::unique_ptr<DemoTarget>> DemoTarget::Start(
    const std::string& program, std::function<void(const std::string&)> on_line) {
  const auto listening = std::make_shared<Listening>();
  LauncherOptions launch;
  launch.processes.push_back({"chat", program, {"--port", "0"}});
  launch.on_line = [listening, on_line = std::move(on_line)](const std::string&,
                                                             const std::string& line) {
    listening->OnLine(line);
    on_line(line);
  };
  launch.on_exit = [listening](const ProcessExited&) { listening->OnExit(); };
  absl::StatusOr<std::unique_ptr<Launcher>> process = Launcher::Start(std::move(launch));
  if (!process.ok()) return process.status();
  const uint16_t port = listening->Wait(kStartNs);
  if (port == 0) return absl::UnavailableError("the demo's chat server did not start");
  std::unique_ptr<DemoTarget> target(new DemoTarget(port));
  target->process_ = *std::move(process);
  const pid_t pid = target->process_->pids().front();
  target->launched_ = {"chat", pid, ProcessStart(pid)};
  return target;
}

std::unique_ptr<DemoTarget> DemoTarget::Adopt(uint16_t port, const Launched& process) {
  std::unique_ptr<DemoTarget> target(new DemoTarget(port));
  target->launched_ = process;
  LauncherOptions launch;
  launch.adopted = {process};
  launch.on_line = [](const std::string&, const std::string&) {};
  launch.on_exit = [](const ProcessExited&) {};
  if (auto adopted = Launcher::Start(std::move(launch)); adopted.ok()) {
    target->process_ = *std::move(adopted);
  }
  return target;
}

absl::StatusOr<std::vector<TargetCount>> DemoTarget::Compare(const RunResult& result) const {
  absl::StatusOr<std::string> text = Get(port_, "/api/stats");
  if (!text.ok()) {
    return absl::UnavailableError("the demo's chat server does not tell what it counted: " +
                                  std::string(text.status().message()));
  }
  simdjson::dom::parser parser;
  simdjson::dom::element stats;
  if (parser.parse(*text).get(stats) != simdjson::SUCCESS) {
    return absl::InternalError("the demo's chat server counts in no JSON");
  }
  const auto count = [&stats](std::string_view name) {
    uint64_t value = 0;
    return stats[name].get(value) == simdjson::SUCCESS ? value : 0;
  };
  const uint64_t sockets = count("ws_connections_opened");
  // Its total has upgrades, which are no requests of ours, and the question for the counts.
  const uint64_t requests = count("http_requests_total") - sockets - 1;
  std::vector<TargetCount> counts{
      {"HTTP requests", Counted(result, "http_reqs"), requests},
      {"WebSocket connections", Counted(result, "ws_sessions"), sockets},
      {"WebSocket messages to the server", Counted(result, "ws_msgs_sent"),
       count("ws_messages_received")},
      {"WebSocket messages from the server", Counted(result, "ws_msgs_received"),
       count("ws_messages_sent")},
  };
  // Plans that upload count it themselves, under these names.
  if (const uint64_t uploads = Counted(result, "uploads"); uploads > 0) {
    counts.push_back({"uploads", uploads, count("files_stored")});
    counts.push_back(
        {"bytes of uploads", Counted(result, "uploaded_bytes"), count("file_bytes_stored")});
  }
  return counts;
}

void AddTargetCounts(const DemoTarget& target, Terminal& terminal, RunResult* result) {
  absl::StatusOr<std::vector<TargetCount>> counts = target.Compare(*result);
  if (counts.ok()) {
    result->target_counts = *std::move(counts);
  } else {
    terminal.Line(std::string(counts.status().message()));
  }
}

}  // namespace rampart::controller
