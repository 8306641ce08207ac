#include "controller/commands/plan_run.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/clock.h"
#include "common/net/source_addresses.h"
#include "common/net/target_policy.h"
#include "common/plan/secrets.h"
#include "common/tls/stream_identity.h"
#include "controller/commands/breakpoint.h"
#include "controller/commands/plan_again.h"
#include "controller/conduct/conductor.h"
#include "controller/demo/demo_target.h"
#include "controller/plans/whole_plan.h"

namespace rampart::controller {
namespace {

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file) return absl::NotFoundError("cannot read " + path);
  return text.str();
}

// What the demo's addresses override, unless a flag did.
void PointTo(const DemoTarget& target, const v1::Plan& plan, PlanOptions* options) {
  const auto set = [&](const char* name, std::string value) {
    for (const auto& [given, ignored] : options->params) {
      if (given == name) return;
    }
    if (HasParam(plan, name)) options->params.emplace_back(name, std::move(value));
  };
  set("API_URL", target.http_url());
  set("WS_URL", target.websocket_url());
}

// An empty list for each agent when none were asked for.
absl::StatusOr<std::vector<std::vector<std::string>>> SourcesOf(const RunFlags& flags) {
  const auto agents = static_cast<size_t>(flags.plan.agents);
  if (flags.sources.empty()) return std::vector<std::vector<std::string>>(agents);
  if (flags.external_agents) {
    return absl::InvalidArgumentError(
        "--sources is for agents started here: start those of --external-agents with --source");
  }
  absl::StatusOr<std::vector<std::string>> addresses = ParseSourceAddresses(flags.sources);
  absl::StatusOr<std::vector<std::vector<std::string>>> dealt =
      addresses.ok() ? DealSourceAddresses(*addresses, agents) : addresses.status();
  if (!dealt.ok()) {
    return absl::InvalidArgumentError("--sources: " + std::string(dealt.status().message()));
  }
  return dealt;
}

// The stream's TLS, as the flags and the address to listen on want it.
absl::Status SecureStream(const RunFlags& flags, ConductOptions* options) {
  const auto files = FilesOf(flags.tls, StreamRole::kController);
  if (!files.ok()) return files.status();
  options->service.insecure_stream = flags.insecure_stream;
  if (*files) {
    auto identity = ReadStreamIdentity(**files, StreamRole::kController, absl::Now());
    if (!identity.ok()) return identity.status();
    options->service.identity = *std::move(identity);
  }
  if (absl::Status status = CheckListen(options->service); !status.ok()) return status;
  if (!*files || flags.external_agents) return absl::OkStatus();
  const std::string folder = std::filesystem::path((*files)->certificate).parent_path();
  TlsFiles agent = FilesIn(folder.empty() ? "." : folder, StreamRole::kAgent);
  agent.ca = (*files)->ca;
  const auto read = ReadStreamIdentity(agent, StreamRole::kAgent, absl::Now());
  if (!read.ok()) {
    return absl::InvalidArgumentError(
        "agents that are started here take agent.pem and agent-key.pem beside the controller's "
        "certificate: " +
        std::string(read.status().message()));
  }
  options->agent_tls = std::move(agent);
  return absl::OkStatus();
}

// What every agent that is started here is told of its targets.
absl::StatusOr<std::vector<std::string>> TargetFlagsOf(const RunFlags& flags) {
  std::vector<std::string> words;
  if (flags.allow_public_targets) words.emplace_back("--allow-public-targets");
  for (const std::string& block : flags.allow_targets) {
    words.insert(words.end(), {"--allow-target", block});
  }
  if (!words.empty() && flags.external_agents) {
    return absl::InvalidArgumentError(
        words.front() +
        " is for agents started here: what those of --external-agents connect to is decided where "
        "they are started, by the same flag of the agent");
  }
  const absl::StatusOr<TargetPolicy> policy =
      TargetPolicy::Make(flags.allow_public_targets, flags.allow_targets);
  if (!policy.ok()) return policy.status();
  return words;
}

absl::StatusOr<ConductOptions> ConductOptionsOf(const RunFlags& flags) {
  ConductOptions options;
  auto sources = SourcesOf(flags);
  if (!sources.ok()) return sources.status();
  options.agent_sources = *std::move(sources);
  absl::StatusOr<std::vector<std::string>> target_flags = TargetFlagsOf(flags);
  if (!target_flags.ok()) return target_flags.status();
  options.agent_flags = *std::move(target_flags);
  if (!flags.ca_file.empty()) {
    absl::StatusOr<std::string> pem = ReadFile(flags.ca_file);
    if (!pem.ok()) {
      return absl::NotFoundError("--ca-file: " + std::string(pem.status().message()));
    }
    options.fleet.ca_pem = *std::move(pem);
  }
  options.fleet.agents = flags.plan.agents;
  std::random_device random;
  options.fleet.seed =
      flags.seed ? *flags.seed : (static_cast<uint64_t>(random()) << 32) | random();
  options.fleet.epoch = 1;
  options.fleet.join_timeout_ns = int64_t{flags.join_timeout_s} * 1'000'000'000;
  options.service.listen = flags.listen;
  if (absl::Status status = SecureStream(flags, &options); !status.ok()) return status;
  options.run.strict = flags.strict;
  options.fleet.least_agents = flags.min_agents;
  options.fleet.loss_policy = flags.loss_policy == "abort"      ? LossPolicy::kAbort
                              : flags.loss_policy == "continue" ? LossPolicy::kContinue
                                                                : LossPolicy::kRebalance;
  options.run.users_stay_away = options.fleet.loss_policy == LossPolicy::kContinue;
  options.agent_threads = flags.threads;
  if (!flags.external_agents) options.agent_program = ProgramFolder() + "/agent";
  return options;
}

}  // namespace

absl::StatusOr<RunResult> RunPlan(const RunFlags& flags, const std::string& wanted,
                                  const RunHooks& hooks, Terminal& terminal) {
  absl::StatusOr<PlanOptions> plan_options = PlanOptionsOf(flags);
  if (!plan_options.ok()) return plan_options.status();
  // Before anything is started: a plan with faults starts nothing.
  absl::StatusOr<WholePlan> whole = LoadWholePlan(wanted, *plan_options);
  if (!whole.ok()) return whole.status();
  absl::StatusOr<ConductOptions> options = ConductOptionsOf(flags);
  if (!options.ok()) return options.status();

  const Secrets secrets(whole->plan, flags.secret_values);
  if (!flags.secret_values.empty() && flags.insecure_stream) {
    terminal.Line(
        "the stream is not encrypted: whoever can read the network between here and the "
        "agents can read the secrets");
  }

  std::unique_ptr<DemoTarget> target;
  if (flags.demo) {
    absl::StatusOr<std::unique_ptr<DemoTarget>> started = DemoTarget::Start(
        ProgramFolder() + "/chat",
        [&](const std::string& line) { terminal.Line(secrets.Conceal("chat: " + line)); });
    if (!started.ok()) return absl::InternalError(started.status().message());
    target = *std::move(started);
    PointTo(*target, whole->plan, &*plan_options);
    whole = LoadWholePlan(wanted, *plan_options);
    if (!whole.ok()) return whole.status();
  }
  if (flags.insecure) whole->plan.mutable_http()->set_insecure(true);
  if (hooks.shape) hooks.shape(&whole->plan);
  terminal.Line("plan " + secrets.Conceal(whole->plan.name()) + " on " +
                std::to_string(flags.plan.agents) +
                (flags.plan.agents == 1 ? " agent" : " agents") + ", seed " +
                std::to_string(options->fleet.seed));
  options->fleet.plan = std::move(whole->plan);
  options->fleet.files = std::move(whole->files);
  options->fleet.secrets = flags.secret_values;
  options->run.secrets = flags.secret_values;
  options->on_delta = hooks.on_delta;
  options->ask_stop = hooks.ask_stop;
  if (hooks.journal != nullptr) {
    if (absl::Status status = hooks.journal->Begin(&*options, terminal); !status.ok()) {
      return status;
    }
    *options->meta.mutable_source() =
        SourceOf(wanted, *plan_options, options->fleet.plan, flags.insecure);
  }
  if (target != nullptr) {
    v1::JournalMeta::Target& demo = *options->meta.mutable_demo();
    demo.set_port(target->port());
    demo.mutable_process()->set_name(target->process().name);
    demo.mutable_process()->set_pid(target->process().pid);
    demo.mutable_process()->set_started(target->process().started);
  }

  absl::StatusOr<RunResult> result = Conduct(*std::move(options), terminal);
  if (!result.ok()) return absl::InternalError(result.status().message());
  result->rampart_version = RAMPART_VERSION;
  if (target != nullptr) AddTargetCounts(*target, terminal, &*result);
  return result;
}

absl::StatusOr<RunResult> RunAsAsked(const RunFlags& flags, const std::string& wanted,
                                     RunJournal* journal, Terminal& terminal) {
  if (flags.plan.profile == kBreakpointProfile) return RunBreakpoint(flags, wanted, terminal);
  return RunPlan(flags, wanted, {.journal = journal}, terminal);
}

}  // namespace rampart::controller
