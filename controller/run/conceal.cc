#include "controller/run/conceal.h"

#include <string>
#include <utility>

namespace rampart::controller {

void ConcealSecrets(const Secrets& secrets, RunResult* result) {
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

void ConcealSecrets(const Secrets& secrets, RunProgress* progress) {
  if (secrets.empty()) return;
  const auto conceal = [&](std::string* text) { *text = secrets.Conceal(std::move(*text)); };
  conceal(&progress->plan);
  conceal(&progress->stage);
  for (ThresholdOutcome& threshold : progress->thresholds) conceal(&threshold.metric);
}

}  // namespace rampart::controller
