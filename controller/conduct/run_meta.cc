#include "controller/conduct/run_meta.h"

#include <filesystem>
#include <utility>

#include "absl/time/clock.h"
#include "common/plan/load_plan.h"
#include "common/plan/secrets.h"
#include "common/tls/stream_identity.h"

namespace rampart::controller {

void AddMeta(const ConductOptions& options, v1::JournalMeta* meta) {
  const FleetOptions& fleet = options.fleet;
  *meta->mutable_plan() = fleet.plan;
  Secrets(fleet.plan).Conceal(meta->mutable_plan());
  meta->set_plan_hash(PlanHash(fleet.plan, fleet.files));
  *meta->mutable_files() = fleet.files;
  meta->set_agents(static_cast<uint32_t>(fleet.agents));
  meta->set_seed(fleet.seed);
  meta->set_epoch(fleet.epoch);
  meta->set_ca_pem(fleet.ca_pem);
  meta->set_join_timeout_ns(fleet.join_timeout_ns);
  meta->set_strict(options.run.strict);
  meta->set_listen(options.service.listen);
  meta->set_insecure_stream(options.service.insecure_stream);
  if (options.service.identity) {
    const TlsFiles& files = options.service.identity->files;
    meta->set_tls_ca(std::filesystem::absolute(files.ca));
    meta->set_tls_certificate(std::filesystem::absolute(files.certificate));
    meta->set_tls_key(std::filesystem::absolute(files.key));
  }
  meta->set_loss_policy(static_cast<uint32_t>(fleet.loss_policy));
  meta->set_least_agents(static_cast<uint32_t>(fleet.least_agents));
  meta->set_launched_agents(!options.agent_program.empty());
}

RunCoreOptions CoreOptionsOf(const v1::JournalMeta& meta, v1::Plan plan, int64_t begun_ns) {
  RunCoreOptions options;
  options.fleet.plan = std::move(plan);
  options.fleet.files = meta.files();
  options.fleet.agents = static_cast<int>(meta.agents());
  options.fleet.seed = meta.seed();
  options.fleet.epoch = meta.epoch();
  options.fleet.ca_pem = meta.ca_pem();
  options.fleet.join_timeout_ns = meta.join_timeout_ns();
  options.fleet.loss_policy = static_cast<LossPolicy>(meta.loss_policy());
  options.fleet.least_agents = static_cast<int>(meta.least_agents());
  options.run.strict = meta.strict();
  options.run.users_stay_away = options.fleet.loss_policy == LossPolicy::kContinue;
  options.begun_ns = begun_ns;
  options.begun_unix_ns = meta.started_unix_ns();
  return options;
}

absl::StatusOr<FleetServiceOptions> ServiceOptionsOf(const v1::JournalMeta& meta) {
  FleetServiceOptions options{.listen = meta.listen()};
  options.insecure_stream = meta.insecure_stream();
  if (meta.tls_certificate().empty()) return options;
  auto identity = ReadStreamIdentity({meta.tls_ca(), meta.tls_certificate(), meta.tls_key()},
                                     StreamRole::kController, absl::Now());
  if (!identity.ok()) return identity.status();
  options.identity = *std::move(identity);
  return options;
}

}  // namespace rampart::controller
