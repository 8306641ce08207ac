// The controller's program: its commands and flags.
#include <sys/resource.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <clocale>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "common/plan/load_plan.h"
#include "common/plan/profile.h"
#include "controller/conduct/conductor.h"
#include "controller/demo/demo_target.h"
#include "controller/plans/built_in_plans.h"
#include "controller/plans/plan_file_reader.h"
#include "controller/plans/plan_source.h"
#include "controller/report/summary_json.h"
#include "controller/report/summary_text.h"
#include "controller/terminal/terminal.h"

namespace rampart::controller {
namespace {

constexpr const char* kVersion = RAMPART_VERSION;
constexpr int kMaxAgents = 1'000;
constexpr int kMaxThreads = 256;

int Code(ExitCode code) { return static_cast<int>(code); }

int Bad(const std::string& message) {
  std::cerr << message << (message.ends_with('\n') ? "" : "\n");
  return Code(ExitCode::kBadPlanOrFlags);
}

std::string ProgramFolder() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  const std::string self(path, size < 0 ? 0 : static_cast<size_t>(size));
  return self.substr(0, self.rfind('/'));
}

struct StartFlags {
  std::string plan;
  int agents = 1;
  int threads = 1;
  std::vector<std::string> params;  // NAME=VALUE
  std::string profile;
  std::string duration;
  double time_scale = 1;
  bool demo = false;
  std::string listen = "127.0.0.1:0";
  bool external_agents = false;
  bool allow_remote = false;
  int join_timeout_s = 60;
  bool insecure = false;
  std::string ca_file;
  bool strict = false;
  bool plain = false;
  std::vector<std::string> out;
  std::optional<uint64_t> seed;
};

// What flags change of a plan; false when a param is no `NAME=VALUE`.
bool MakePlanOptions(const StartFlags& flags, PlanOptions* options, std::string* why) {
  options->time_scale = flags.time_scale;
  options->profile = flags.profile;
  options->duration = flags.duration;
  for (const std::string& text : flags.params) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      *why = "-e " + text + ": write -e NAME=VALUE";
      return false;
    }
    options->params.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return true;
}

absl::StatusOr<LoadedPlan> Load(const std::string& wanted, const PlanOptions& options) {
  absl::StatusOr<PlanSource> source = FindPlan(wanted);
  if (!source.ok()) return source.status();
  LoadedPlan loaded = LoadPlan(source->text, source->file, options);
  ReadPlanFiles(source->folder, &loaded);
  return loaded;
}

bool HasParam(const v1::Plan& plan, const std::string& name) {
  for (const v1::Param& param : plan.params()) {
    if (param.name() == name) return true;
  }
  return false;
}

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

// False, with words on stderr, when the file cannot be written.
bool WriteOut(const std::string& path, const RunResult& result) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << SummaryJson(result);
  file.close();
  if (file) return true;
  std::cerr << "--out " << path << ": cannot be written\n";
  return false;
}

int Start(const StartFlags& flags) {
  PlanOptions plan_options;
  std::string why;
  if (!MakePlanOptions(flags, &plan_options, &why)) return Bad(why);
  for (const std::string& path : flags.out) {
    if (!path.ends_with(".json")) return Bad("--out " + path + ": only .json can be written");
  }
  absl::StatusOr<LoadedPlan> loaded = Load(flags.plan, plan_options);
  if (!loaded.ok()) return Bad(std::string(loaded.status().message()));
  if (!loaded->ok()) return Bad(loaded->FaultText());

  Terminal terminal(stderr, flags.plain);
  std::unique_ptr<DemoTarget> target;
  if (flags.demo) {
    absl::StatusOr<std::unique_ptr<DemoTarget>> started =
        DemoTarget::Start(ProgramFolder() + "/chat",
                          [&terminal](const std::string& line) { terminal.Line("chat: " + line); });
    if (!started.ok()) {
      std::cerr << started.status().message() << "\n";
      return Code(ExitCode::kInternal);
    }
    target = *std::move(started);
    PointTo(*target, loaded->plan, &plan_options);
    loaded = Load(flags.plan, plan_options);
    if (!loaded.ok()) return Bad(std::string(loaded.status().message()));
    if (!loaded->ok()) return Bad(loaded->FaultText());
  }

  ConductOptions options;
  options.fleet.plan = loaded->plan;
  options.fleet.files = std::move(loaded->files);
  if (flags.insecure) options.fleet.plan.mutable_http()->set_insecure(true);
  if (!flags.ca_file.empty()) {
    absl::StatusOr<std::string> pem = ReadFile(flags.ca_file);
    if (!pem.ok()) return Bad("--ca-file: " + std::string(pem.status().message()));
    options.fleet.ca_pem = *std::move(pem);
  }
  options.fleet.agents = flags.agents;
  std::random_device random;
  options.fleet.seed =
      flags.seed ? *flags.seed : (static_cast<uint64_t>(random()) << 32) | random();
  options.fleet.epoch = 1;
  options.fleet.join_timeout_ns = int64_t{flags.join_timeout_s} * kSecondNs;
  options.service.listen = flags.listen;
  options.service.allow_remote = flags.allow_remote;
  options.run.strict = flags.strict;
  options.agent_threads = flags.threads;
  if (!flags.external_agents) options.agent_program = ProgramFolder() + "/agent";
  terminal.Line("plan " + loaded->plan.name() + " on " + std::to_string(flags.agents) +
                (flags.agents == 1 ? " agent" : " agents") + ", seed " +
                std::to_string(options.fleet.seed));

  absl::StatusOr<RunResult> result = Conduct(std::move(options), terminal);
  if (!result.ok()) {
    std::cerr << result.status().message() << "\n";
    return Code(ExitCode::kInternal);
  }
  result->rampart_version = kVersion;
  if (target != nullptr) {
    absl::StatusOr<std::vector<TargetCount>> counts = target->Compare(*result);
    if (counts.ok()) {
      result->target_counts = *std::move(counts);
    } else {
      std::cerr << counts.status().message() << "\n";
    }
  }
  std::cout << SummaryText(*result, terminal.style()) << std::flush;
  bool written = true;
  for (const std::string& path : flags.out) written = WriteOut(path, *result) && written;
  if (!written) return Code(ExitCode::kInternal);
  return Code(result->exit_code);
}

int ListPlans() {
  for (const BuiltInPlan& plan : BuiltInPlans()) {
    const LoadedPlan loaded = LoadPlan(plan.text, std::string(plan.name), {});
    std::cout << plan.name << std::string(plan.name.size() < 24 ? 24 - plan.name.size() : 1, ' ')
              << loaded.plan.description() << "\n";
    for (const v1::Param& param : loaded.plan.params()) {
      std::cout << "    -e " << param.name() << "=...  " << param.description() << "\n";
    }
  }
  std::cout << "\nprofiles, for any of them: --profile NAME [--duration D]\n";
  for (const Profile& profile : Profiles()) {
    std::cout << "  " << profile.name << std::string(22 - profile.name.size(), ' ')
              << profile.description << "\n";
  }
  return 0;
}

int ShowPlan(const std::string& wanted) {
  const absl::StatusOr<PlanSource> source = FindPlan(wanted);
  if (!source.ok()) return Bad(std::string(source.status().message()));
  std::cout << source->text;
  return 0;
}

int CheckPlans(const std::vector<std::string>& wanted, const StartFlags& flags) {
  PlanOptions options;
  std::string why;
  if (!MakePlanOptions(flags, &options, &why)) return Bad(why);
  int code = 0;
  for (const std::string& one : wanted) {
    const absl::StatusOr<LoadedPlan> loaded = Load(one, options);
    if (!loaded.ok()) {
      code = Bad(std::string(loaded.status().message()));
    } else if (!loaded->ok()) {
      code = Bad(loaded->FaultText());
    } else {
      std::cout << loaded->plan.file() << ": fine, " << loaded->plan.scenarios_size()
                << (loaded->plan.scenarios_size() == 1 ? " scenario" : " scenarios") << ", "
                << loaded->plan.thresholds_size() << " thresholds\n";
    }
  }
  return code;
}

// What changes a plan: for running and for checking it.
void AddPlanFlags(CLI::App& app, StartFlags* flags) {
  app.add_option("-e,--param", flags->params, "NAME=VALUE: overrides a param of the plan")
      ->allow_extra_args(false);
  app.add_option("--profile", flags->profile, "a load instead of the plan's own: see `plans list`");
  app.add_option("--duration", flags->duration, "of the profile's steady part: 30m, 4h");
  app.add_option("--time-scale", flags->time_scale,
                 "multiplies the schedule's durations; think times stay");
}

void AddStart(CLI::App& app, StartFlags* flags) {
  app.add_option("--plan", flags->plan, "a built-in plan's name, or a file")->required();
  AddPlanFlags(app, flags);
  app.add_option("--agents", flags->agents, "agent processes that the load is split over")
      ->check(CLI::Range(1, kMaxAgents));
  app.add_option("--threads", flags->threads, "engine threads of each agent started here")
      ->check(CLI::Range(1, kMaxThreads));
  app.add_flag("--demo", flags->demo, "start the reference chat server and run against it");
  app.add_flag("--strict", flags->strict, "an unreliable result exits with 113");
  app.add_option("--out", flags->out, "write the summary: FILE.json")->allow_extra_args(false);
  app.add_flag("--insecure", flags->insecure, "do not verify the target's TLS certificates");
  app.add_option("--ca-file", flags->ca_file,
                 "PEM: trusted for the target instead of the system's");
  app.add_option("--seed", flags->seed, "of the run's random draws");
  app.add_option("--listen", flags->listen, "HOST:PORT for the agents");
  app.add_flag("--external-agents", flags->external_agents,
               "start no agents here: wait for those that dial");
  app.add_flag("--allow-remote", flags->allow_remote,
               "let --listen be another address than loopback; the stream is not encrypted");
  app.add_option("--join-timeout", flags->join_timeout_s, "seconds to wait for the agents")
      ->check(CLI::Range(1, 86'400));
  app.add_flag("--plain", flags->plain, "a line every 10 s instead of the live view");
}

int Main(int argc, char** argv) {
  std::setlocale(LC_CTYPE, "");
  CLI::App app{
      "Rampart's controller: one load plan over many agents, one answer.\n"
      "Exit codes: 0 pass, 99 thresholds failed, 104 bad plan or flags, 105 interrupted,\n"
      "113 invalid (or, with --strict, unreliable), 1 internal."};
  app.name("controller");
  app.set_version_flag("--version", std::string("rampart ") + kVersion);
  app.require_subcommand(1);
  StartFlags flags;
  CLI::App* start = app.add_subcommand("start", "run a plan");
  AddStart(*start, &flags);
  CLI::App* plans = app.add_subcommand("plans", "what can be run");
  plans->require_subcommand(1);
  CLI::App* list = plans->add_subcommand("list", "the built-in plans and their params");
  CLI::App* show = plans->add_subcommand("show", "print a plan's text");
  std::string shown;
  show->add_option("plan", shown, "a built-in plan's name, or a file")->required();
  CLI::App* check = plans->add_subcommand("check", "find every fault of a plan without running it");
  std::vector<std::string> checked;
  check->add_option("plan", checked, "built-in plans' names, or files")->required();
  AddPlanFlags(*check, &flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : Code(ExitCode::kBadPlanOrFlags);
  }
  if (*start) return Start(flags);
  if (*list) return ListPlans();
  if (*show) return ShowPlan(shown);
  return CheckPlans(checked, flags);
}

}  // namespace
}  // namespace rampart::controller

int main(int argc, char** argv) { return rampart::controller::Main(argc, argv); }
