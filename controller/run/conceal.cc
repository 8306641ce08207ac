#include "controller/run/conceal.h"

#include <string>
#include <utility>

#include "common/plan/secrets.h"

namespace rampart::controller {

void ConcealSecrets(RunResult* result) {
  const Secrets secrets(result->plan);
  const auto conceal = [&](std::string* text) { *text = secrets.Conceal(std::move(*text)); };
  secrets.Conceal(&result->reasons);
  secrets.Conceal(&result->unreliable_reasons);
  for (const auto& series : result->series.all()) {
    for (auto& [key, value] : series->tags) conceal(&value);
  }
  for (ThresholdOutcome& threshold : result->thresholds) conceal(&threshold.metric);
  for (CheckResult& check : result->checks) {
    conceal(&check.name);
    conceal(&check.group);
  }
  for (AgentResult& agent : result->agents) {
    conceal(&agent.why);
    secrets.Conceal(&agent.bottleneck);
  }
  for (ErrorEntry& error : result->errors) {
    conceal(&error.detail);
    conceal(&error.step);
  }
  secrets.Conceal(&result->plan);
}

}  // namespace rampart::controller
