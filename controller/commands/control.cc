#include "controller/commands/control.h"

#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "common/plan/units.h"
#include "controller/commands/flags.h"
#include "controller/control/control_address.h"
#include "controller/control/control_client.h"
#include "controller/journal/run_directory.h"
#include "rampart/v1/control.pb.h"

namespace rampart::controller {
namespace {

namespace fs = std::filesystem;

// That folder's run goes on.
bool GoesOn(const fs::path& folder) {
  const absl::StatusOr<ControlAddress> address = ControlAddress::Of(folder);
  return address.ok() && address->Answers();
}

absl::StatusOr<std::string> FolderOfRun(const std::string& run) {
  std::error_code error;
  if (run.find('/') != std::string::npos || (!run.empty() && fs::is_directory(run, error))) {
    return run;
  }
  const absl::StatusOr<std::string> parent = RunDirectory::DefaultParent();
  if (!parent.ok()) return parent.status();
  if (!run.empty()) {
    const fs::path folder = fs::path(*parent) / run;
    if (fs::is_directory(folder, error)) return folder.string();
    return absl::NotFoundError(absl::StrCat("there is no run ", run, " here or in ", *parent));
  }
  std::vector<std::string> running;
  for (const fs::directory_entry& entry : fs::directory_iterator(*parent, error)) {
    if (GoesOn(entry.path())) running.push_back(entry.path().string());
  }
  if (running.size() == 1) return running[0];
  std::string which;
  for (const std::string& one : running) absl::StrAppend(&which, "\n  ", one);
  if (running.empty()) {
    return absl::NotFoundError(absl::StrCat(
        "no run goes on in ", *parent, ": give the folder of the one that is meant (--run-dir)"));
  }
  return absl::InvalidArgumentError(absl::StrCat("say which run is meant:", which));
}

int AskFor(const std::string& run, const v1::ControlRequest& request) {
  const absl::StatusOr<std::string> folder = FolderOfRun(run);
  if (!folder.ok()) return Say(folder.status());
  const absl::StatusOr<std::string> done = AskRun(*folder, request);
  if (!done.ok()) return Say(done.status());
  std::printf("%s\n", done->c_str());
  return 0;
}

}  // namespace

int PauseRun(const std::string& run) {
  v1::ControlRequest request;
  request.mutable_pause();
  return AskFor(run, request);
}

int ResumeRun(const ResumeFlags& flags) {
  const absl::StatusOr<std::string> folder = FolderOfRun(flags.run_dir);
  if (!folder.ok()) return Say(folder.status());
  if (GoesOn(*folder)) {
    v1::ControlRequest request;
    request.mutable_resume();
    const absl::StatusOr<std::string> done = AskRun(*folder, request);
    if (!done.ok()) {
      return Say(absl::InvalidArgumentError(
          absl::StrCat(*folder, ": its controller is still there: ", done.status().message())));
    }
    std::printf("%s\n", done->c_str());
    return 0;
  }
  ResumeFlags there = flags;
  there.run_dir = *folder;
  return Resume(there);
}

int ScaleRun(const std::string& run, const ScaleFlags& flags) {
  v1::ControlRequest request;
  v1::ControlRequest::Scale& scale = *request.mutable_scale();
  scale.set_scenario(flags.scenario);
  if (flags.users.has_value() == !flags.rate.empty()) {
    return Say(absl::InvalidArgumentError("say either --users N or --rate R"));
  }
  if (flags.users) {
    if (*flags.users < 0) return Say(absl::InvalidArgumentError("--users: at least 0"));
    scale.set_users(*flags.users);
  } else {
    const absl::StatusOr<v1::Rate> rate = ParseRate(flags.rate);
    if (!rate.ok()) {
      return Say(absl::InvalidArgumentError(
          absl::StrCat("--rate ", flags.rate, ": ", rate.status().message())));
    }
    *scale.mutable_rate() = *rate;
  }
  const absl::StatusOr<int64_t> over_ns = ParseDuration(flags.over);
  if (!over_ns.ok() || *over_ns < 0) {
    return Say(absl::InvalidArgumentError(absl::StrCat(
        "--over ", flags.over, ": ",
        over_ns.ok() ? "it is not negative" : std::string(over_ns.status().message()))));
  }
  scale.mutable_over()->set_seconds(*over_ns / 1'000'000'000);
  scale.mutable_over()->set_nanos(static_cast<int32_t>(*over_ns % 1'000'000'000));
  return AskFor(run, request);
}

int StopRun(const std::string& run, bool now) {
  v1::ControlRequest request;
  request.mutable_stop()->set_now(now);
  return AskFor(run, request);
}

}  // namespace rampart::controller
