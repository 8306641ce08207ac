#include "controller/commands/suite.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <set>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "common/plan/secret_uses.h"
#include "common/plan/secrets.h"
#include "controller/commands/output_file.h"
#include "controller/commands/plan_run.h"
#include "controller/plans/built_in_plans.h"
#include "controller/plans/whole_plan.h"
#include "controller/report/suite_report.h"
#include "controller/report/summary_json.h"
#include "controller/report/summary_text.h"
#include "controller/terminal/terminal.h"

namespace rampart::controller {
namespace {

namespace fs = std::filesystem;

constexpr const char* kWorkloads[] = {"websocket-connections", "message-throughput",
                                      "api-endpoints", "file-uploads", "search-queries"};
constexpr const char* kHealth = "health";
constexpr int kFileWidth = 100;  // columns of summary.txt
constexpr int kMaxSameSecond = 100;

using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

struct Planned {
  std::string wanted;
  RunFlags flags;  // with the params that it has
  WholePlan whole;
  std::string folder_name;
};

std::string NameOf(const std::string& param) { return param.substr(0, param.find('=')); }

// The params of a plan, with faults or without.
v1::Plan Declared(const std::string& wanted) {
  const absl::StatusOr<PlanSource> source = FindPlan(wanted);
  return source.ok() ? LoadPlan(source->text, source->file, {}).plan : v1::Plan();
}

RunFlags FlagsFor(const v1::Plan& plan, const RunFlags& all) {
  RunFlags own = all;
  std::erase_if(own.plan.params,
                [&](const std::string& param) { return !HasParam(plan, NameOf(param)); });
  if (own.external_agents) {
    // They were for the agent of the health check, which is started here.
    own.allow_public_targets = false;
    own.allow_targets.clear();
  }
  std::set<std::string> used;
  for (const SecretUse& use : SecretUses(plan)) used.insert(use.name);
  std::erase_if(own.secrets, [&](const std::string& text) { return !used.contains(NameOf(text)); });
  own.secret_values.Clear();
  for (const v1::Secret& secret : all.secret_values) {
    if (used.contains(secret.name())) *own.secret_values.Add() = secret;
  }
  return own;
}

std::string FolderName(const std::string& plan, std::set<std::string>* taken) {
  std::string name;
  for (const char c : plan) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
    name += plain ? c : '_';
  }
  if (name.empty()) name = "plan";
  std::string free = name;
  for (int i = 2; !taken->insert(free).second; ++i) free = name + "-" + std::to_string(i);
  return free;
}

// All plans, or the faults of all of them.
absl::StatusOr<std::vector<Planned>> Prepare(const SuiteFlags& flags) {
  std::vector<std::string> wanted = flags.plans;
  if (wanted.empty()) {
    for (const char* name : kWorkloads) {
      for (const BuiltInPlan& plan : BuiltInPlans()) {
        if (plan.name == name) wanted.emplace_back(name);
      }
    }
  }
  if (absl::StatusOr<PlanOptions> options = PlanOptionsOf(flags.run.plan); !options.ok()) {
    return options.status();
  }
  std::vector<Planned> planned;
  std::string faults;
  std::set<std::string> known;
  std::set<std::string> secrets;
  std::set<std::string> folders;
  for (const std::string& one : wanted) {
    const v1::Plan declared = Declared(one);
    for (const v1::Param& param : declared.params()) known.insert(param.name());
    for (const SecretUse& use : SecretUses(declared)) secrets.insert(use.name);
    RunFlags own = FlagsFor(declared, flags.run);
    absl::StatusOr<WholePlan> whole = LoadWholePlan(one, *PlanOptionsOf(own));
    if (!whole.ok()) {
      const std::string message(whole.status().message());
      faults += message + (message.ends_with('\n') ? "" : "\n");
      continue;
    }
    std::string folder = FolderName(whole->plan.name(), &folders);
    planned.push_back({one, std::move(own), *std::move(whole), std::move(folder)});
  }
  for (const std::string& param : flags.run.plan.params) {
    if (!known.contains(NameOf(param))) {
      faults += "-e " + NameOf(param) + ": none of these plans has such a param\n";
    }
  }
  for (const v1::Secret& secret : flags.run.secret_values) {
    if (!secrets.contains(secret.name())) {
      faults +=
          "--secret " + secret.name() + ": none of these plans uses secret." + secret.name() + "\n";
    }
  }
  if (!faults.empty()) return absl::InvalidArgumentError(faults);
  return planned;
}

// A folder that was not there, by the time.
absl::StatusOr<fs::path> MakeFolder(const std::string& out_dir, absl::Time now) {
  const std::string name = absl::FormatTime("%Y-%m-%dT%H-%M-%SZ", now, absl::UTCTimeZone());
  std::error_code error;
  fs::create_directories(out_dir, error);
  for (int i = 1; !error && i <= kMaxSameSecond; ++i) {
    const fs::path folder = fs::path(out_dir) / (i == 1 ? name : name + "-" + std::to_string(i));
    if (fs::create_directory(folder, error)) return folder;
  }
  return absl::InvalidArgumentError("--out-dir " + out_dir + ": " +
                                    (error ? error.message() : "too many suites at once"));
}

// With what it was changed by, secrets but named.
std::string AsRun(const Planned& planned) {
  std::string how = "# As run: --agents " + std::to_string(planned.flags.plan.agents);
  const PlanFlags& flags = planned.flags.plan;
  if (!flags.profile.empty()) how += " --profile " + flags.profile;
  if (!flags.duration.empty()) how += " --duration " + flags.duration;
  if (flags.time_scale != 1) {
    char scale[32];
    std::snprintf(scale, sizeof(scale), "%g", flags.time_scale);
    how += std::string(" --time-scale ") + scale;
  }
  for (const std::string& given : flags.params) {
    bool secret = false;
    for (const v1::Param& param : planned.whole.plan.params()) {
      secret = secret || (param.secret() && param.name() == NameOf(given));
    }
    how += " -e " + (secret ? NameOf(given) + "=***" : given);
  }
  for (const std::string& reference : planned.flags.secrets) how += " --secret " + reference;
  std::replace(how.begin(), how.end(), '\n', ' ');
  return how + "\n" + planned.whole.source.text;
}

// Nothing when the target is healthy, else the exit code, with words said.
std::optional<int> CheckHealth(const SuiteFlags& flags, const std::vector<Planned>& planned,
                               Terminal& terminal) {
  const Planned* first = nullptr;
  for (const Planned& one : planned) {
    if (first == nullptr && HasParam(one.whole.plan, "API_URL")) first = &one;
  }
  if (first == nullptr) return std::nullopt;  // plans of no such target
  RunFlags health = flags.run;
  health.plan = {};
  health.secrets.clear();
  health.secret_values.Clear();
  for (const v1::Param& param : first->whole.plan.params()) {
    // Under --demo the address is not known yet.
    if (param.name() != "API_URL" || flags.run.demo) continue;
    health.plan.params = {"API_URL=" + param.value().string()};
  }
  // By an agent of its own: those of the suite would come too early.
  health.external_agents = false;
  health.listen = RunFlags().listen;
  health.tls = {};
  terminal.Line("suite: is the target healthy?");
  const File nowhere(std::fopen("/dev/null", "w"), std::fclose);
  if (nowhere == nullptr) return Say(absl::InternalError("/dev/null cannot be opened"));
  Terminal quiet(nowhere.get(), true);
  const absl::StatusOr<RunResult> result = RunPlan(health, kHealth, {}, quiet);
  if (!result.ok()) return Say(result.status());
  if (result->exit_code == ExitCode::kPass) return std::nullopt;
  if (result->verdict == Verdict::kAborted) return Code(ExitCode::kInterrupted);
  std::cerr << "the target is not healthy, so nothing was run: GET API_URL/api/health";
  const Secrets secrets(first->whole.plan);
  if (!health.plan.params.empty()) {
    std::cerr << " with " << secrets.Conceal(health.plan.params.front());
  }
  for (const ErrorEntry& error : result->errors) {
    std::cerr << "\n  " << error.kind << ": " << secrets.Conceal(error.detail);
  }
  for (const std::string& reason : result->reasons) {
    std::cerr << "\n  " << secrets.Conceal(reason);
  }
  std::cerr << "\n";
  return Code(ExitCode::kUnreliable);
}

absl::StatusOr<SuiteRun> RunOne(const Planned& planned, const fs::path& folder,
                                Terminal& terminal) {
  std::error_code error;
  fs::create_directory(folder, error);
  if (error) return absl::InternalError(folder.string() + ": " + error.message());
  if (absl::Status status = WriteFile(folder / "plan.yaml", AsRun(planned)); !status.ok()) {
    return status;
  }
  const File log(std::fopen((folder / "log.txt").c_str(), "w"), std::fclose);
  if (log == nullptr) return absl::InternalError(folder.string() + "/log.txt cannot be written");
  terminal.CopyTo(log.get());
  const absl::StatusOr<RunResult> result =
      RunAsAsked(planned.flags, planned.wanted, nullptr, terminal);
  SuiteRun run;
  if (result.ok()) {
    run = SuiteRunOf(*result);
  } else {
    run.reasons = {std::string(result.status().message())};
    terminal.Line(run.reasons.front());
  }
  terminal.CopyTo(nullptr);
  run.plan = planned.folder_name;
  run.folder = folder.string();
  if (!result.ok()) return run;
  if (absl::Status status = WriteFile(folder / "summary.json", SummaryJson(*result));
      !status.ok()) {
    return status;
  }
  const TextStyle style{.width = kFileWidth};
  if (absl::Status status = WriteFile(folder / "summary.txt", SummaryText(*result, style));
      !status.ok()) {
    return status;
  }
  return run;
}

}  // namespace

int RunSuite(const SuiteFlags& given) {
  const absl::StatusOr<RunFlags> run_flags = WithSecrets(given.run);
  if (!run_flags.ok()) return Say(run_flags.status());
  SuiteFlags flags = given;
  flags.run = *run_flags;
  absl::StatusOr<std::vector<Planned>> planned = Prepare(flags);
  if (!planned.ok()) return Say(planned.status());
  Terminal terminal(stderr, flags.run.plain);
  if (const std::optional<int> code = CheckHealth(flags, *planned, terminal)) return *code;
  const absl::Time now = absl::Now();
  const absl::StatusOr<fs::path> folder = MakeFolder(flags.out_dir, now);
  if (!folder.ok()) return Say(folder.status());

  SuiteResult suite;
  suite.rampart_version = RAMPART_VERSION;
  suite.started_unix_ns = absl::ToUnixNanos(now);
  suite.folder = folder->string();
  for (size_t i = 0; i < planned->size(); ++i) {
    const Planned& one = (*planned)[i];
    const bool over = !suite.runs.empty() && suite.runs.back().verdict == Verdict::kAborted;
    if (over) {
      suite.not_run.push_back(one.folder_name);
      continue;
    }
    terminal.Line("suite: " + std::to_string(i + 1) + " of " + std::to_string(planned->size()) +
                  ", " + one.folder_name);
    absl::StatusOr<SuiteRun> run = RunOne(one, *folder / one.folder_name, terminal);
    if (!run.ok()) return Say(run.status());
    const std::string_view verdict = run->verdict ? VerdictText(*run->verdict) : "ERROR";
    terminal.Line("suite: " + one.folder_name + ": " + std::string(verdict));
    suite.runs.push_back(*std::move(run));
  }
  terminal.Finish();
  std::cout << SuiteText(suite, terminal.style()) << std::flush;
  if (absl::Status status = WriteFile(*folder / "suite.json", SuiteJson(suite)); !status.ok()) {
    return Say(status);
  }
  return Code(SuiteExitCode(suite));
}

}  // namespace rampart::controller
