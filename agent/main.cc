// The agent's program: flags, limits and signals; AgentProcess does the rest.
#include <pthread.h>
#include <signal.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <optional>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "agent/engine/descriptors.h"
#include "agent/engine/real_time.h"
#include "agent/engine/source_addresses.h"
#include "agent/link/agent_process.h"
#include "common/net/source_addresses.h"
#include "common/net/target_policy.h"
#include "common/tls/stream_identity.h"

namespace {

constexpr int kBadFlags = 104;
// Of the limit of open files: for the stream, logs, threads, and connections that are closing.
constexpr uint64_t kReservedDescriptors = 256;
constexpr uint64_t kDescriptorsPerUser = 1;

void BlockSignals() {
  // Before there is another thread: they take over what is blocked.
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  sigaddset(&blocked, SIGINT);
  sigaddset(&blocked, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
}

std::string HostName() {
  char name[256] = {};
  return gethostname(name, sizeof(name) - 1) == 0 ? name : "";
}

void AddTlsFlags(CLI::App& app, rampart::TlsFlags* flags) {
  app.add_option_function<std::vector<std::string>>(
         "--tls",
         [flags](const std::vector<std::string>& given) {
           flags->folder = given.empty() ? "" : given[0];
         },
         "DIR: TLS on the stream, with ca.pem, agent.pem and agent-key.pem of this folder; without "
         "DIR ~/.config/rampart/certs")
      ->expected(0, 1);
  app.add_option("--tls-cert", flags->files.certificate, "PEM: this agent's certificate");
  app.add_option("--tls-key", flags->files.key, "PEM: its key");
  app.add_option("--tls-ca", flags->files.ca, "PEM: the CA of the controller's certificate");
}

// Nothing for a stream without TLS.
absl::StatusOr<std::optional<rampart::StreamIdentity>> IdentityOf(const rampart::TlsFlags& flags) {
  const auto files = rampart::FilesOf(flags, rampart::StreamRole::kAgent);
  if (!files.ok()) return files.status();
  if (!*files) return std::optional<rampart::StreamIdentity>();
  return rampart::ReadStreamIdentity(**files, rampart::StreamRole::kAgent, absl::Now());
}

uint64_t RandomIncarnation() {
  std::random_device random;
  return (uint64_t{random()} << 32) | random();
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("One agent of a Rampart fleet: drives its share of a plan's users.", "agent");
  std::string controller;
  std::string name;
  std::string log_level = "info";
  std::string source;
  int threads = 1;
  app.add_option("--controller", controller, "HOST:PORT of the controller to join")->required();
  app.add_option("--name", name, "a name that no other agent of the run has")->required();
  app.add_option("--threads", threads, "engine threads, one core each")
      ->check(CLI::Range(1, 256))
      ->capture_default_str();
  app.add_option("--source", source,
                 "ADDRESS[,BLOCK/PREFIX...]: this machine's addresses that connections to the "
                 "target come from, in turn");
  bool real_time = false;
  app.add_flag("--real-time", real_time,
               "engine threads run at once when they are woken, whatever else runs (root, "
               "CAP_SYS_NICE)");
  rampart::TlsFlags tls;
  AddTlsFlags(app, &tls);
  bool allow_public = false;
  app.add_flag("--allow-public-targets", allow_public,
               "connect to any address, not only to loopback and private ones; metadata services "
               "and link-local addresses stay refused");
  std::vector<std::string> allowed;
  app.add_option("--allow-target", allowed,
                 "ADDRESS or BLOCK/PREFIX: connect to these public addresses too; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--log-level", log_level, "what is logged to standard error")
      ->check(CLI::IsMember({"debug", "info", "warn", "err", "off"}))
      ->capture_default_str();
  app.set_version_flag("--version", RAMPART_VERSION);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kBadFlags;
  }

  rampart::agent::EngineOptions engine{.threads = threads, .real_time = real_time};
  if (real_time) {
    absl::Status may;
    std::thread([&may] { may = rampart::agent::RunInRealTime(); }).join();
    if (!may.ok()) {
      std::cerr << "--real-time: " << may.message() << "\n";
      return kBadFlags;
    }
  }
  if (!source.empty()) {
    absl::StatusOr<std::vector<std::string>> sources = rampart::ParseSourceAddresses(source);
    const std::string fault = sources.ok() ? rampart::agent::FaultOfSources(*sources)
                                           : std::string(sources.status().message());
    if (!fault.empty()) {
      std::cerr << "--source: " << fault << "\n";
      return kBadFlags;
    }
    engine.sources = *std::move(sources);
  }
  absl::StatusOr<rampart::TargetPolicy> targets =
      rampart::TargetPolicy::Make(allow_public, allowed);
  if (!targets.ok()) {
    std::cerr << targets.status().message() << "\n";
    return kBadFlags;
  }
  engine.targets = *std::move(targets);

  auto identity = IdentityOf(tls);
  if (!identity.ok()) {
    std::cerr << identity.status().message() << "\n";
    return kBadFlags;
  }

  BlockSignals();
  // What gRPC complains of comes as the reason why there is no stream.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  spdlog::set_default_logger(spdlog::stderr_logger_mt("agent"));
  spdlog::set_pattern("%H:%M:%S.%e %l: %v");
  spdlog::set_level(spdlog::level::from_str(log_level));

  rampart::agent::LinkOptions options;
  options.controller = controller;
  rampart::v1::Hello& hello = options.hello;
  hello.set_build(RAMPART_VERSION);
  hello.set_name(name);
  hello.set_incarnation(RandomIncarnation());
  hello.set_cores(std::thread::hardware_concurrency());
  hello.set_threads(static_cast<uint32_t>(threads));
  const uint64_t limit = rampart::agent::RaiseDescriptorLimit();
  hello.set_descriptor_limit(limit);
  hello.set_capacity(
      limit <= kReservedDescriptors ? 0 : (limit - kReservedDescriptors) / kDescriptorsPerUser);
  hello.set_host(HostName());
  spdlog::info("{}: {} open files, so up to {} users; joining {}", name, limit, hello.capacity(),
               controller);
  return rampart::agent::AgentProcess(options, engine, *std::move(identity)).Run();
}
