#include "controller/run/checks.h"

#include <map>
#include <string>
#include <utility>

namespace rampart::controller {

std::vector<CheckResult> ReadChecks(const SeriesStore& series) {
  std::map<std::pair<std::string, std::string>, CheckResult> by_name;
  for (const auto& one : series.all()) {
    if (one->metric != "checks" || one->value.empty()) continue;
    std::string name = "other";
    std::string group;
    for (const auto& [key, value] : one->tags) {
      if (key == "check") name = value;
      if (key == "group") group = value;
    }
    CheckResult& check = by_name[{group, name}];
    check.name = name;
    check.group = group;
    check.passes += one->value.trues;
    check.fails += one->value.total - one->value.trues;
  }
  std::vector<CheckResult> checks;
  for (auto& [key, check] : by_name) checks.push_back(std::move(check));
  return checks;
}

}  // namespace rampart::controller
