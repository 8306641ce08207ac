#include "controller/plans/plan_source.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

#include "absl/status/status.h"
#include "common/plan/yaml_tree.h"
#include "common/script/script.h"
#include "controller/plans/built_in_plans.h"

namespace rampart::controller {
namespace {

absl::StatusOr<PlanSource> ReadPlan(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(path + ": " + std::strerror(errno));
  PlanSource source{path, {}, path.substr(0, path.rfind('/') + 1)};
  // One byte more than a plan may have: its reader says that it is too large.
  source.text.resize(kMaxPlanBytes + 1);
  file.read(source.text.data(), static_cast<std::streamsize>(source.text.size()));
  if (file.bad() || (file.fail() && !file.eof())) {
    return absl::InvalidArgumentError(path + ": " + std::strerror(errno));
  }
  source.text.resize(static_cast<size_t>(file.gcount()));
  return source;
}

}  // namespace

absl::StatusOr<PlanSource> FindPlan(const std::string& wanted) {
  const bool path = wanted.find('/') != std::string::npos || wanted.ends_with(".yaml") ||
                    wanted.ends_with(".yml");
  if (path) return ReadPlan(wanted);
  std::vector<std::string> names;
  std::string list;
  for (const BuiltInPlan& plan : BuiltInPlans()) {
    if (plan.name == wanted) {
      return PlanSource{wanted + ".yaml", std::string(plan.text)};
    }
    names.emplace_back(plan.name);
    list += "\n  " + names.back();
  }
  const std::string near = Nearest(wanted, names);
  return absl::NotFoundError("there is no plan `" + wanted + "`" +
                             (near.empty() ? "" : " (did you mean `" + near + "`?)") +
                             "; the built-in plans are:" + list +
                             "\nor name a file: --plan ./my-plan.yaml");
}

}  // namespace rampart::controller
