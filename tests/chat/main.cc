// The reference chat server: a real target for load tests, on loopback.
#include <CLI/CLI.hpp>
#include <iostream>

#include "tests/chat/processes.h"
#include "tests/chat/server.h"

int main(int argc, char** argv) {
  using rampart::chat::Options;
  using rampart::chat::Server;
  Options options;
  double idle_timeout_s = 75;
  int64_t delay_ms = 0;
  CLI::App flags("A chat server to test load against: HTTP, WebSocket, SQLite.", "chat");
  flags.add_option("--port", options.port, "Port to listen on; 0: any that is free");
  flags.add_option("--address", options.address, "IP address to listen on")->capture_default_str();
  flags.add_option(
      "--data", options.data_dir,
      "Folder for the database and files; without it a temporary one, removed at exit");
  flags.add_option("--threads", options.threads, "Event loops, one thread each")
      ->capture_default_str()
      ->check(CLI::Range(1, 64));
  flags
      .add_option("--processes", options.processes,
                  "Processes that share the port, each with its own limit of open files; they "
                  "store nothing")
      ->capture_default_str()
      ->check(CLI::Range(1, 256));
  flags.add_flag("--allow-user-header", options.allow_user_header,
                 "X-User-Id: NAME signs in without a token");
  flags.add_flag("--watch-sockets", options.watch_sockets,
                 "GET /api/stats/sockets: WebSockets by client address and by X-User-Id");
  flags.add_option("--idle-timeout", idle_timeout_s, "Seconds that an idle connection is kept")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 86400.0));
  flags.add_option("--delay", delay_ms, "Milliseconds that every API answer waits")
      ->capture_default_str()
      ->check(CLI::Range(0, 600'000));
  flags.add_option("--tls-cert", options.tls_cert, "PEM file: serve https and wss");
  flags.add_option("--tls-key", options.tls_key, "PEM file of the certificate's key");
  flags.add_flag("--compress", options.compress, "gzip for answers over 1 KiB");
  CLI11_PARSE(flags, argc, argv);
  options.idle_timeout = std::chrono::milliseconds(static_cast<int64_t>(idle_timeout_s * 1000));
  options.delay = std::chrono::milliseconds(delay_ms);

  if (options.processes > 1) return rampart::chat::RunProcesses(options);
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start(options);
  if (!server.ok()) {
    std::cerr << "chat: " << server.status().message() << "\n";
    return 1;
  }
  (*server)->StopOnSignals();
  std::cout << "listening on " << options.address << ":" << (*server)->port() << std::endl;
  (*server)->Run();
  return 0;
}
