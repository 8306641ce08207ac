// PlanFiles: the files that a plan names (its feeds', its multipart parts'), as they were read.
#ifndef RAMPART_COMMON_PLAN_PLAN_FILES_H_
#define RAMPART_COMMON_PLAN_PLAN_FILES_H_

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "google/protobuf/repeated_field.h"
#include "rampart/v1/fleet.pb.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// A place of a plan that names a file.
struct PlanFileUse {
  std::string name;  // as the plan writes it
  std::string what;  // for messages: `feed file users.csv`
  v1::Position at;
};

// In the order of the plan; a file that is named twice is there twice.
std::vector<PlanFileUse> FilesOf(const v1::Plan& plan);

// One a process, shared by all its threads; does not change.
class PlanFiles {
 public:
  static constexpr size_t kMaxFiles = 1'000;
  // All together: they travel in one message with the plan, and such a message is limited.
  static constexpr size_t kMaxBytes = size_t{32} << 20;

  PlanFiles() = default;
  explicit PlanFiles(google::protobuf::RepeatedPtrField<v1::PlanFile> files);

  // The content of the file with this name, as the plan writes it; stays as long as this. Null
  // when the plan names no such file.
  const std::string* Find(std::string_view name) const;

 private:
  std::map<std::string, std::string, std::less<>> by_name_;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_PLAN_FILES_H_
