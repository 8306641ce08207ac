// Flags: what the command line said.
#ifndef RAMPART_CONTROLLER_COMMANDS_FLAGS_H_
#define RAMPART_CONTROLLER_COMMANDS_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/plan/load_plan.h"
#include "common/tls/stream_identity.h"
#include "controller/run/exit_code.h"

namespace rampart::controller {

// Of every command that loads plans.
struct PlanFlags {
  std::vector<std::string> params;  // NAME=VALUE
  std::string profile;
  std::string duration;
  double time_scale = 1;
  int agents = 1;
};

// Of every command that runs them.
struct RunFlags {
  PlanFlags plan;
  std::vector<std::string> secrets;  // NAME=env:VAR, NAME=file:PATH
  google::protobuf::RepeatedPtrField<v1::Secret> secret_values = {};  // theirs: ReadSecrets
  int threads = 1;
  std::string sources;  // addresses and blocks, dealt over the agents; empty: the kernel chooses
  // What the agents connect to beside loopback and private addresses.
  bool allow_public_targets = false;
  std::vector<std::string> allow_targets;
  bool demo = false;
  std::string listen = "127.0.0.1:0";
  bool external_agents = false;
  TlsFlags tls;  // of the stream
  bool insecure_stream = false;
  int join_timeout_s = 60;
  bool insecure = false;
  std::string ca_file;
  bool strict = false;
  std::string loss_policy = "rebalance";  // abort, continue
  int min_agents = 1;                     // that have to be left
  bool plain = false;
  std::optional<uint64_t> seed;
};

// Fails for a param that is no NAME=VALUE. What it says does not repeat it: it may be a secret.
absl::StatusOr<PlanOptions> PlanOptionsOf(const PlanFlags& flags);
// The same for a run, which knows its secrets.
absl::StatusOr<PlanOptions> PlanOptionsOf(const RunFlags& flags);
// Reads what the secrets refer to, once for all runs of the command.
absl::StatusOr<RunFlags> WithSecrets(RunFlags flags);

// Where the programs of this build are.
std::string ProgramFolder();

// Words on stderr, and their exit code: that of a bad plan or flag for everything that a person can
// set right (InvalidArgument, NotFound), else that of an internal failure.
int Say(const absl::Status& status);
int Code(ExitCode code);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_FLAGS_H_
