#include "controller/commands/flags.h"

#include <unistd.h>

#include <iostream>
#include <utility>

#include "absl/status/status.h"
#include "controller/commands/secret_reader.h"

namespace rampart::controller {

absl::StatusOr<PlanOptions> PlanOptionsOf(const PlanFlags& flags) {
  PlanOptions options;
  options.time_scale = flags.time_scale;
  options.profile = flags.profile;
  options.duration = flags.duration;
  for (size_t i = 0; i < flags.params.size(); ++i) {
    const std::string& text = flags.params[i];
    const size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0) {
      return absl::InvalidArgumentError("-e number " + std::to_string(i + 1) + " is no NAME=VALUE");
    }
    options.params.emplace_back(text.substr(0, equals), text.substr(equals + 1));
  }
  return options;
}

absl::StatusOr<PlanOptions> PlanOptionsOf(const RunFlags& flags) {
  absl::StatusOr<PlanOptions> options = PlanOptionsOf(flags.plan);
  if (!options.ok()) return options;
  std::vector<std::string>& names = options->secrets.emplace();
  for (const v1::Secret& secret : flags.secret_values) names.push_back(secret.name());
  return options;
}

absl::StatusOr<RunFlags> WithSecrets(RunFlags flags) {
  absl::StatusOr<google::protobuf::RepeatedPtrField<v1::Secret>> values =
      ReadSecrets(flags.secrets);
  if (!values.ok()) return values.status();
  flags.secret_values = *std::move(values);
  return flags;
}

std::string ProgramFolder() {
  char path[4096];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
  const std::string self(path, size < 0 ? 0 : static_cast<size_t>(size));
  return self.substr(0, self.rfind('/'));
}

int Code(ExitCode code) { return static_cast<int>(code); }

int Say(const absl::Status& status) {
  const std::string message(status.message());
  std::cerr << message << (message.ends_with('\n') ? "" : "\n");
  const bool bad = absl::IsInvalidArgument(status) || absl::IsNotFound(status);
  return Code(bad ? ExitCode::kBadPlanOrFlags : ExitCode::kInternal);
}

}  // namespace rampart::controller
