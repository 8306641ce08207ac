// Plan files: every fault has a place in the text, and a plan without one can be run: an agent
// compiles it and the controller can say what it would do.
#include <algorithm>
#include <memory>

#include "agent/stats/recorder.h"
#include "agent/user/compiled/compiled_plan.h"
#include "common/plan/load_plan.h"
#include "common/plan/plan_files.h"
#include "controller/plans/plan_sheet.h"
#include "controller/report/text/text_style.h"
#include "tests/fuzz/fuzz_target.h"

namespace rampart {

void FuzzPlan(std::string_view input) {
  const LoadedPlan loaded = LoadPlan(input, "plan.yaml", {});
  const LoadedPlan again = LoadPlan(input, "plan.yaml", {});
  FUZZ_CHECK(again.FaultText() == loaded.FaultText());
  const auto lines = static_cast<uint32_t>(std::count(input.begin(), input.end(), '\n') +
                                           std::count(input.begin(), input.end(), '\r')) +
                     1;
  for (const Fault& fault : loaded.faults.all()) {
    FUZZ_CHECK(fault.line <= lines);
    FUZZ_CHECK(!fault.message.empty());
  }
  if (!loaded.ok()) return;
  FUZZ_CHECK(PlanHash(again.plan) == PlanHash(loaded.plan));
  // As it travels to the agents.
  v1::Plan sent;
  FUZZ_CHECK(sent.ParseFromString(loaded.plan.SerializeAsString()));
  FUZZ_CHECK(PlanHash(sent) == PlanHash(loaded.plan));

  FUZZ_CHECK(!controller::PlanSheet(loaded.plan, {}, 3, controller::TextStyle{}).empty());
  if (!FilesOf(loaded.plan).empty()) return;  // which are not here
  Script script(1);
  const MetricCatalog catalog(sent);
  agent::Recorder recorder(catalog);
  const auto compiled = agent::Compile(sent, std::make_shared<const PlanFiles>(), script, recorder);
  FUZZ_CHECK(compiled.ok());
}

}  // namespace rampart
