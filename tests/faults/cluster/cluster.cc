#include "tests/faults/cluster/cluster.h"

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <utility>

#include "controller/conduct/replay.h"
#include "controller/conduct/run_meta.h"
#include "controller/journal/journal_reader.h"
#include "controller/journal/journal_record.h"
#include "tests/support/process.h"

namespace rampart::faults {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLoopback = "127.0.0.1";
const std::string kAgentProgram = PROGRAM_DIR "/agent";

std::string LaunchedAddress(int number) { return "127.0.0.1" + std::to_string(number); }

Time TimeOf(int64_t ns) { return Time(std::chrono::nanoseconds(ns)); }

}  // namespace

Cluster::Cluster() {
  char path[] = "/tmp/rampart_cluster_XXXXXX";
  folder_ = mkdtemp(path);
}

Cluster::~Cluster() {
  run_.reset();
  agents_.clear();
  for (const LaunchedProcess& process : launched_) {
    // Its controller may have been killed before it.
    syscall(SYS_pidfd_send_signal, process.handle, SIGKILL, nullptr, 0);
    close(process.handle);
  }
  target_.reset();
  network_.reset();
  fs::remove_all(folder_);
}

std::string Cluster::WritePlan(const Shape& shape) {
  const std::string users = std::to_string(shape.users);
  std::string path = folder_ + "/plan.yaml";
  std::ofstream(path)
      << "name: faults\n"
         "metrics: { round_trip: { kind: trend, unit: ms } }\n"
         "scenarios:\n"
         "  users:\n"
         "    load:\n"
         "      ramping_users:\n"
         "        start_users: 0\n"
         "        stages:\n"
         "          - { duration: "
      << shape.ramp_s << "s, target: " << users
      << " }\n"
         "          - { duration: "
      << shape.hold_s << "s, target: " << users
      << " }\n"
         "    graceful_stop: 2s\n"
         "    steps:\n"
         "      - websocket:\n"
         "          name: chat\n"
         "          url: \""
      << target_->chat().websocket()
      << "\"\n"
         "          headers: { X-User-Id: \"user-${user.id}\" }\n"
         "          send_every:\n"
         "            - interval: 10s\n"
         "              message: { json: { type: ping, timestamp: \"${now_us()}\" } }\n"
         "          on_message:\n"
         "            - when: json.type == \"pong\"\n"
         "              steps: [ { record: { round_trip: (now_us() - "
         "json.timestamp) / 1000 } } ]\n"
         "thresholds: { "
      << shape.thresholds << " }\n";
  return path;
}

void Cluster::StartController(const Shape& shape, std::vector<std::string> flags,
                              std::vector<std::string> words) {
  words.insert(words.end(), {kController, "start", "--plan", WritePlan(shape), "--agents",
                             std::to_string(kAgents), "--plain", "--out", out(), "--run-dir",
                             run_dir(), "--keep-journal", "--seed", "1"});
  words.insert(words.end(), flags.begin(), flags.end());
  run_ = std::make_unique<LoggedProcess>(words);
}

void Cluster::Launch(const Shape& shape, std::vector<std::string> flags) {
  target_ = std::make_unique<Target>(kLoopback);
  std::string sources;
  for (int i = 1; i <= kAgents; ++i) sources += (i == 1 ? "" : ",") + LaunchedAddress(i);
  flags.insert(flags.end(), {"--sources", sources});
  StartController(shape, std::move(flags));
  ASSERT_TRUE(target_->WaitFor("a user", [](const Look& look) { return look.users_open > 0; }));
  FindLaunched();
}

void Cluster::FindLaunched() {
  std::ifstream children("/proc/" + std::to_string(run_->pid()) + "/task/" +
                         std::to_string(run_->pid()) + "/children");
  for (pid_t pid = 0; children >> pid;) {
    launched_.push_back({pid, static_cast<int>(syscall(SYS_pidfd_open, pid, 0))});
  }
  ASSERT_EQ(launched_.size(), static_cast<size_t>(kAgents));
}

std::optional<Time> Cluster::LaunchedAgentEnds(int number,
                                               std::chrono::milliseconds patience) const {
  pollfd polled = {launched_.at(static_cast<size_t>(number - 1)).handle, POLLIN, 0};
  if (poll(&polled, 1, static_cast<int>(patience.count())) == 1) return Clock::now();
  ADD_FAILURE() << "agent-" << number << " does not end";
  return std::nullopt;
}

bool Cluster::HaveNetwork() {
  if (const std::string missing = Network::Missing(); !missing.empty()) {
    std::printf("skipped: %s\n", missing.c_str());
    return false;
  }
  network_ = std::make_unique<Network>(kAgents);
  target_ = std::make_unique<Target>(Network::kTarget);
  Process made(
      {kController, "certs", "init", "--dir", certificates(), "--host", Network::kController});
  EXPECT_EQ(made.Wait(), 0) << made.text();
  return true;
}

bool Cluster::Join(const Shape& shape, std::vector<std::string> flags) {
  if (!HaveNetwork()) return false;
  JoinHere(shape, std::move(flags));
  return true;
}

void Cluster::JoinHere(const Shape& shape, std::vector<std::string> flags) {
  flags.insert(flags.end(), {"--external-agents", "--listen",
                             std::string(Network::kController) + ":0", "--tls", certificates()});
  StartController(shape, std::move(flags));
  ASSERT_NO_FATAL_FAILURE(ReadPort(Network::kController));
  for (int number = 1; number <= kAgents; ++number) StartAgent(number);
}

void Cluster::WaitOnLoopback(const Shape& shape, std::vector<std::string> flags,
                             std::vector<std::string> words) {
  if (target_ == nullptr) target_ = std::make_unique<Target>(kLoopback);
  flags.emplace_back("--external-agents");
  StartController(shape, std::move(flags), std::move(words));
  ReadPort(kLoopback);
}

void Cluster::StartAgentOnLoopback(int number, const std::string& address,
                                   std::vector<std::string> words,
                                   const std::vector<std::string>& flags) {
  words.insert(words.end(), {kAgentProgram, "--name", "agent-" + std::to_string(number),
                             "--controller", address, "--source", LaunchedAddress(number)});
  words.insert(words.end(), flags.begin(), flags.end());
  agents_.push_back(std::make_unique<LoggedProcess>(words));
}

void Cluster::ReadPort(const std::string& host) {
  ASSERT_TRUE(run_->WaitFor("--controller HOST:"));
  const std::string text = run_->text();
  controller_ = host + ":" + std::to_string(std::atoi(&text[text.find("HOST:") + 5]));
}

void Cluster::StartAgent(int number) {
  const std::vector<std::string> words = {
      kAgentProgram, "--name",      "agent-" + std::to_string(number), "--controller", controller_,
      "--tls",       certificates()};
  network_->On(number, [&] { agents_.push_back(std::make_unique<LoggedProcess>(words)); });
}

void Cluster::WaitForUsers() {
  const auto there = target_->WaitFor("all users, and their talk", [](const Look& look) {
    return look.Sum().open >= kUsers && look.Sum().received >= 2 * kMessagesPerSecond;
  });
  ASSERT_TRUE(there.has_value()) << run_->text();
}

std::string Cluster::AddressOf(int agent) const {
  return network_ == nullptr ? LaunchedAddress(agent) : Network::AddressOf(agent);
}

void Cluster::Measured(const std::string& what, double value, const std::string& unit) {
  std::printf("measured: %s: %.4g %s\n", what.c_str(), value, unit.c_str());
  std::fflush(stdout);
}

std::unique_ptr<controller::RunCore> Cluster::ReadJournal(const See& see) {
  auto reader = controller::JournalReader::Open(run_dir() + "/journal");
  if (!reader.ok()) {
    ADD_FAILURE() << reader.status();
    return nullptr;
  }
  auto begin = controller::ReadBegin(reader->get(), RAMPART_VERSION);
  if (!begin.ok()) {
    ADD_FAILURE() << begin.status();
    return nullptr;
  }
  auto core = std::make_unique<controller::RunCore>(
      controller::CoreOptionsOf(begin->meta, begin->meta.plan(), begin->begun_ns));
  for (;;) {
    const auto bytes = (*reader)->Next();
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    if (!bytes.ok() || !bytes->has_value()) return core;
    auto entry = controller::ReadEntry(**bytes);
    EXPECT_TRUE(entry.ok()) << entry.status();
    if (!entry.ok()) return core;
    core->Step(&entry->event, entry->now_ns);
    see(TimeOf(entry->now_ns), *core);
  }
}

std::optional<Time> Cluster::FirstState(const std::string& agent, const std::string& state,
                                        Time after) {
  std::optional<Time> first;
  ReadJournal([&](Time at, const controller::RunCore& core) {
    if (first || at < after) return;
    const int64_t now_ns = std::chrono::nanoseconds(at.time_since_epoch()).count();
    for (const controller::AgentLine& line : core.Progress(now_ns).agents) {
      if (line.name == agent && line.state == state) first = at;
    }
  });
  if (!first) ADD_FAILURE() << agent << " was never " << state;
  return first;
}

const Json& Cluster::summary() {
  if (summary_ == nullptr) summary_ = std::make_unique<Json>(out());
  EXPECT_EQ(summary_->error, simdjson::SUCCESS) << out();
  return *summary_;
}

double Cluster::Ours(const std::string& metric) {
  return summary().Number("/metrics/" + metric + "/values/count");
}

void Cluster::ExpectCountsAgree() {
  const ChatServer& chat = target_->chat();
  EXPECT_EQ(summary().Number("/coverage"), 1);
  EXPECT_EQ(Ours("ws_sessions"), static_cast<double>(chat.Count("ws_connections_opened")));
  EXPECT_EQ(Ours("ws_msgs_sent"), static_cast<double>(chat.Count("ws_messages_received")));
  Measured("samples lost of " + std::to_string(chat.Count("ws_messages_received")) + " messages",
           static_cast<double>(chat.Count("ws_messages_received")) - Ours("ws_msgs_sent"), "");
}

}  // namespace rampart::faults
