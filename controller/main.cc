// The controller's program: its commands and flags.
#include <CLI/CLI.hpp>
#include <clocale>
#include <string>
#include <vector>

#include "controller/commands/certs.h"
#include "controller/commands/control.h"
#include "controller/commands/flags.h"
#include "controller/commands/plans.h"
#include "controller/commands/resume.h"
#include "controller/commands/run_journal.h"
#include "controller/commands/start.h"
#include "controller/commands/suite.h"

namespace rampart::controller {
namespace {

constexpr int kMaxAgents = 1'000;
constexpr int kMaxThreads = 256;

// What changes a plan: for running and for checking it.
void AddPlanFlags(CLI::App& app, PlanFlags* flags) {
  app.add_option("-e,--param", flags->params, "NAME=VALUE: overrides a param of the plan")
      ->allow_extra_args(false);
  app.add_option("--profile", flags->profile, "a load instead of the plan's own: see `plans list`");
  app.add_option("--duration", flags->duration, "of the profile's steady part: 30m, 4h");
  app.add_option("--time-scale", flags->time_scale,
                 "multiplies the schedule's durations; think times stay");
  app.add_option("--agents", flags->agents, "agent processes that the load is split over")
      ->check(CLI::Range(1, kMaxAgents));
}

// Of the stream between controller and agents.
void AddTlsFlags(CLI::App& app, RunFlags* flags) {
  TlsFlags* tls = &flags->tls;
  app.add_option_function<std::vector<std::string>>(
         "--tls",
         [tls](const std::vector<std::string>& given) {
           tls->folder = given.empty() ? "" : given[0];
         },
         "DIR: TLS on the agents' stream, with ca.pem, controller.pem and controller-key.pem of "
         "this folder; without DIR ~/.config/rampart/certs: see `certs init`")
      ->expected(0, 1);
  app.add_option("--tls-cert", tls->files.certificate, "PEM: the controller's certificate");
  app.add_option("--tls-key", tls->files.key, "PEM: its key");
  app.add_option("--tls-ca", tls->files.ca, "PEM: the CA of the agents' certificates");
  app.add_flag("--insecure-stream", flags->insecure_stream,
               "let --listen be another address than loopback without TLS");
}

void AddRunFlags(CLI::App& app, RunFlags* flags) {
  AddPlanFlags(app, &flags->plan);
  app.add_option(
         "--secret", flags->secrets,
         "NAME=env:VAR or NAME=file:PATH: a value that the plan has as secret.NAME; printed "
         "nowhere; may be repeated")
      ->allow_extra_args(false);
  app.add_option("--threads", flags->threads, "engine threads of each agent started here")
      ->check(CLI::Range(1, kMaxThreads));
  app.add_option("--sources", flags->sources,
                 "ADDRESS[,BLOCK/PREFIX...]: this machine's addresses that connections to the "
                 "target come from, dealt over the agents started here");
  app.add_flag("--allow-public-targets", flags->allow_public_targets,
               "let agents started here connect to any address, not only to loopback and private "
               "ones; metadata services and link-local addresses stay refused");
  app.add_option("--allow-target", flags->allow_targets,
                 "ADDRESS or BLOCK/PREFIX: let them connect to these public addresses too; may be "
                 "repeated")
      ->allow_extra_args(false);
  app.add_flag("--demo", flags->demo, "start the reference chat server and run against it");
  app.add_option("--loss-policy", flags->loss_policy,
                 "when an agent is lost: `rebalance` starts its users again on the others, "
                 "`continue` goes on without them, `abort` ends the run")
      ->check(CLI::IsMember({"rebalance", "continue", "abort"}))
      ->capture_default_str();
  app.add_option("--min-agents", flags->min_agents, "with fewer left the run ends")
      ->check(CLI::Range(1, kMaxAgents));
  app.add_flag("--strict", flags->strict, "an unreliable result exits with 113");
  app.add_flag("--insecure", flags->insecure, "do not verify the target's TLS certificates");
  app.add_option("--ca-file", flags->ca_file,
                 "PEM: trusted for the target instead of the system's");
  app.add_option("--seed", flags->seed, "of the run's random draws");
  app.add_option("--listen", flags->listen, "HOST:PORT for the agents");
  app.add_flag("--external-agents", flags->external_agents,
               "start no agents here: wait for those that dial");
  AddTlsFlags(app, flags);
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
  app.set_version_flag("--version", "rampart " RAMPART_VERSION);
  app.require_subcommand(1);
  CLI::App* start = app.add_subcommand("start", "run a plan");
  RunFlags run;
  std::string plan;
  std::vector<std::string> out;
  start->add_option("--plan", plan, "a built-in plan's name, or a file")->required();
  AddRunFlags(*start, &run);
  start->add_option("--out", out, "write the summary: FILE.json")->allow_extra_args(false);
  JournalFlags journal;
  CLI::Option* run_dir = start->add_option(
      "--run-dir", journal.run_dir,
      "where the run's journal is kept; by default a new folder in ~/.local/state/rampart/runs");
  start->add_flag("--no-journal", journal.off, "a controller that is killed loses its run")
      ->excludes(run_dir);
  start->add_flag("--keep-journal", journal.keep, "also when the report is written");
  std::string run_meant;
  const auto add_run = [](CLI::App& command, std::string* meant) {
    command.add_option("RUN", *meant,
                       "its folder, or that folder's name; without, the only run that goes on");
  };
  CLI::App* pause = app.add_subcommand("pause", "let a running load stand still");
  add_run(*pause, &run_meant);
  CLI::App* resume = app.add_subcommand(
      "resume", "go on with a run that is paused, or whose controller was killed");
  ResumeFlags resumed;
  add_run(*resume, &resumed.run_dir);
  resume->add_option("-e,--param", resumed.params, "NAME=VALUE: secrets that `start` was given")
      ->allow_extra_args(false);
  resume->add_flag("--plain", resumed.plain, "a line every 10 s instead of the live view");
  CLI::App* scale = app.add_subcommand("scale", "give a running load another level");
  ScaleFlags scaled;
  add_run(*scale, &run_meant);
  CLI::Option* users = scale->add_option("--users", scaled.users, "that the scenario then has");
  scale->add_option("--rate", scaled.rate, "of its iterations: 500/s")->excludes(users);
  scale->add_option("--over", scaled.over, "from the level it has")->capture_default_str();
  scale->add_option("--scenario", scaled.scenario, "which, where several could be meant");
  CLI::App* stop = app.add_subcommand("stop",
                                      "end a run in order: its teardown runs, and it is "
                                      "judged");
  bool stop_now = false;
  add_run(*stop, &run_meant);
  stop->add_flag("--now", stop_now, "without the graceful stops of what runs");
  CLI::App* suite =
      app.add_subcommand("suite", "run the workloads one after another, with one answer");
  SuiteFlags suite_flags;
  suite->add_option("--plans", suite_flags.plans, "instead of the workloads: A,B or files")
      ->delimiter(',')
      ->allow_extra_args(false);
  suite->add_option("--out-dir", suite_flags.out_dir, "where the folder with the results is made");
  bool keep_going = true;
  suite->add_flag("--keep-going", keep_going, "after a failure; it always does");
  AddRunFlags(*suite, &suite_flags.run);
  CLI::App* plans = app.add_subcommand("plans", "what can be run");
  plans->require_subcommand(1);
  CLI::App* list = plans->add_subcommand("list", "the built-in plans and their params");
  CLI::App* show = plans->add_subcommand("show", "print a plan's text");
  std::string shown;
  show->add_option("plan", shown, "a built-in plan's name, or a file")->required();
  CLI::App* check = plans->add_subcommand("check", "every fault of a plan, or what it would do");
  std::vector<std::string> checked;
  check->add_option("plan", checked, "built-in plans' names, or files")->required();
  PlanFlags check_flags;
  AddPlanFlags(*check, &check_flags);
  CLI::App* schema = plans->add_subcommand("schema", "a JSON Schema of plan files, for editors");
  CLI::App* certs =
      app.add_subcommand("certs", "certificates for TLS between controller and agents");
  certs->require_subcommand(1);
  CLI::App* init =
      certs->add_subcommand("init", "make a CA for development, and certificates of it");
  CertsFlags certs_flags;
  init->add_option("--dir", certs_flags.dir, "where to; else ~/.config/rampart/certs");
  init->add_option("--host", certs_flags.hosts,
                   "NAME_OR_IP that agents dial, beside localhost, 127.0.0.1 and ::1");
  init->add_option("--agents", certs_flags.agents,
                   "NAME...: a certificate of its own for each, beside the common one")
      ->delimiter(',');
  init->add_option("--days", certs_flags.days, "until they expire")
      ->check(CLI::Range(1, kMaxCertificateDays))
      ->capture_default_str();
  init->add_flag("--force", certs_flags.force, "overwrite what is there");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : Code(ExitCode::kBadPlanOrFlags);
  }
  if (*start) return Start(run, journal, plan, out);
  if (*pause) return PauseRun(run_meant);
  if (*resume) return ResumeRun(resumed);
  if (*scale) return ScaleRun(run_meant, scaled);
  if (*stop) return StopRun(run_meant, stop_now);
  if (*suite) return RunSuite(suite_flags);
  if (*list) return ListPlans();
  if (*show) return ShowPlan(shown);
  if (*schema) return ShowPlanSchema();
  if (*init) return InitCerts(certs_flags);
  return CheckPlans(checked, check_flags);
}

}  // namespace
}  // namespace rampart::controller

int main(int argc, char** argv) { return rampart::controller::Main(argc, argv); }
