// Cluster: what the tests of this folder have in common: a target, a controller, four agents and
// 10,000 users.
#ifndef RAMPART_TESTS_FAULTS_CLUSTER_CLUSTER_H_
#define RAMPART_TESTS_FAULTS_CLUSTER_CLUSTER_H_

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/conduct/run_core.h"
#include "tests/faults/cluster/logged_process.h"
#include "tests/faults/cluster/network.h"
#include "tests/faults/cluster/target.h"
#include "tests/integration/run_support.h"

namespace rampart::faults {

inline constexpr int kAgents = 4;
inline constexpr uint64_t kUsers = 10'000;
// Each user says something every ten seconds.
inline constexpr uint64_t kMessagesPerSecond = kUsers / 10;
// Exit codes.
inline constexpr int kPass = 0;
inline constexpr int kFailed = 99;
inline constexpr int kInvalid = 113;

inline double SecondsBetween(Time from, Time to) {
  return std::chrono::duration<double>(to - from).count();
}

struct Shape {
  uint64_t users = kUsers;
  int ramp_s = 10;
  int hold_s = 10;  // after the ramp
  std::string thresholds = "ws_errors: count<1";
};

class Cluster : public testing::Test {
 protected:
  Cluster();
  ~Cluster() override;

  // The controller starts the agents, all on loopback; each comes to the target from an address of
  // its own.
  void Launch(const Shape& shape, std::vector<std::string> flags = {});
  // Controller and agents as on machines of their own, with mutual TLS. False where there can be
  // no such network.
  bool Join(const Shape& shape, std::vector<std::string> flags = {});
  // The pieces of Join.
  bool HaveNetwork();
  void JoinHere(const Shape& shape, std::vector<std::string> flags = {});
  void StartAgent(int number);
  // `words` stand before a program's own: another one that runs it.
  void StartController(const Shape& shape, std::vector<std::string> flags,
                       std::vector<std::string> words = {});
  // On loopback, in plaintext: a controller that waits for agents, and agents that dial `address`.
  void WaitOnLoopback(const Shape& shape, std::vector<std::string> flags = {},
                      std::vector<std::string> words = {});
  void StartAgentOnLoopback(int number, const std::string& address,
                            std::vector<std::string> words = {},
                            const std::vector<std::string>& flags = {});
  void StartAgentsOnLoopback(const std::string& address) {
    for (int number = 1; number <= kAgents; ++number) StartAgentOnLoopback(number, address);
  }
  std::string certificates() const { return folder_ + "/certs"; }

  // Returns when the ramp is over and users have talked for two seconds.
  void WaitForUsers();
  std::string AddressOf(int agent) const;
  // By the launched controller, from 1.
  pid_t LaunchedAgent(int number) const {
    return launched_.at(static_cast<size_t>(number - 1)).pid;
  }
  // When it ended; waits for it.
  std::optional<Time> LaunchedAgentEnds(int number, std::chrono::milliseconds patience) const;

  // Writes what a row of the table in docs/TESTING.md cites.
  void Measured(const std::string& what, double value, const std::string& unit = "s");

  // Calls `see` for each event in the run's journal with the core after it, which is what the
  // controller knew then.
  using See = std::function<void(Time at, const controller::RunCore& core)>;
  std::unique_ptr<controller::RunCore> ReadJournal(const See& see = [](Time, const auto&) {});
  // When the controller first took this agent for `state` after that time.
  std::optional<Time> FirstState(const std::string& agent, const std::string& state, Time after);

  // Ours and the target's, to the last one.
  void ExpectCountsAgree();
  double Ours(const std::string& metric);
  const Json& summary();

  std::string run_dir() const { return run_dir_.empty() ? folder_ + "/run" : run_dir_; }
  std::string out() const { return folder_ + "/summary.json"; }
  Target& target() { return *target_; }

  std::string folder_;
  std::string run_dir_;  // if not in `folder_`
  std::unique_ptr<Network> network_;
  std::unique_ptr<Target> target_;
  std::unique_ptr<LoggedProcess> run_;
  std::string controller_;                              // HOST:PORT, of one that waits for agents
  std::vector<std::unique_ptr<LoggedProcess>> agents_;  // started by hand

 private:
  struct LaunchedProcess {
    pid_t pid;
    int handle;  // pidfd
  };

  std::string WritePlan(const Shape& shape);
  void ReadPort(const std::string& host);
  void FindLaunched();

  std::vector<LaunchedProcess> launched_;
  std::unique_ptr<Json> summary_;
};

}  // namespace rampart::faults

#endif  // RAMPART_TESTS_FAULTS_CLUSTER_CLUSTER_H_
