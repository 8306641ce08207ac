// LoadPlan: a plan file's text into a plan that can run.
#ifndef RAMPART_COMMON_PLAN_LOAD_PLAN_H_
#define RAMPART_COMMON_PLAN_LOAD_PLAN_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/plan/fault.h"
#include "google/protobuf/repeated_field.h"
#include "rampart/v1/fleet.pb.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

struct PlanOptions {
  std::vector<std::pair<std::string, std::string>> params;  // NAME, VALUE: override the plan's
  // Multiplies what the schedule is made of: durations of loads and stages, starts of scenarios.
  // Think times, holds, timeouts and graceful stops stay.
  double time_scale = 1;
  std::string profile = {};   // see profile.h; empty: the plan's own loads
  std::string duration = {};  // of its steady part, as plans write it; empty: the profile's own
  // The names that --secret gives; absent: not known yet, so any name may be asked for.
  std::optional<std::vector<std::string>> secrets = {};
};

struct LoadedPlan {
  v1::Plan plan;  // params and the time scale are in it; to be used only when ok()
  // What it names; LoadPlan reads no files, the controller does (plans/plan_file_reader.h).
  google::protobuf::RepeatedPtrField<v1::PlanFile> files = {};
  Faults faults;

  bool ok() const { return faults.empty(); }
  // One line a fault: `file:line:column: message`.
  std::string FaultText() const;
};

LoadedPlan LoadPlan(std::string_view text, const std::string& file, const PlanOptions& options);

// The same for equal plans with equal files, on every machine: FNV-1a over the plan's deterministic
// bytes, and each file's name and content.
uint64_t PlanHash(const v1::Plan& plan,
                  const google::protobuf::RepeatedPtrField<v1::PlanFile>& files = {});

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_LOAD_PLAN_H_
