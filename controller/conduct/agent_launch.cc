#include "controller/conduct/agent_launch.h"

#include "absl/strings/str_join.h"

namespace rampart::controller {

std::vector<LaunchedProcess> AgentProcesses(const ConductOptions& options,
                                            const std::string& address) {
  std::vector<LaunchedProcess> processes;
  for (int i = 1; i <= options.fleet.agents; ++i) {
    const std::string name = "agent-" + std::to_string(i);
    std::vector<std::string> words = {
        "--name",      name,   "--controller", address,
        "--log-level", "warn", "--threads",    std::to_string(options.agent_threads)};
    words.insert(words.end(), options.agent_flags.begin(), options.agent_flags.end());
    if (options.agent_tls) {
      words.insert(words.end(),
                   {"--tls-ca", options.agent_tls->ca, "--tls-cert", options.agent_tls->certificate,
                    "--tls-key", options.agent_tls->key});
    }
    const auto own = static_cast<size_t>(i - 1);
    if (own < options.agent_sources.size() && !options.agent_sources[own].empty()) {
      words.insert(words.end(), {"--source", absl::StrJoin(options.agent_sources[own], ",")});
    }
    processes.push_back({name, options.agent_program, std::move(words)});
  }
  return processes;
}

}  // namespace rampart::controller
