#include "controller/conduct/run_meta.h"

#include <utility>

#include "common/plan/load_plan.h"
#include "common/plan/secrets.h"

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
  meta->set_allow_remote(options.service.allow_remote);
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
  options.run.strict = meta.strict();
  options.begun_ns = begun_ns;
  options.begun_unix_ns = meta.started_unix_ns();
  return options;
}

FleetServiceOptions ServiceOptionsOf(const v1::JournalMeta& meta) {
  return {.listen = meta.listen(), .allow_remote = meta.allow_remote()};
}

}  // namespace rampart::controller
