#include "common/plan/plan_files.h"

#include <utility>

#include "common/plan/each_message.h"

namespace rampart {

std::vector<PlanFileUse> FilesOf(const v1::Plan& plan) {
  std::vector<PlanFileUse> uses;
  for (const v1::Feed& feed : plan.feeds()) {
    if (!feed.file().empty()) uses.push_back({feed.file(), "feed file " + feed.file(), feed.at()});
  }
  ForEachMessage(plan, [&uses](const google::protobuf::Message& message) {
    const auto* part = dynamic_cast<const v1::Part*>(&message);
    if (part == nullptr || part->file().empty()) return;
    uses.push_back({part->file(), "part `" + part->name() + "`: file " + part->file(), part->at()});
  });
  return uses;
}

PlanFiles::PlanFiles(google::protobuf::RepeatedPtrField<v1::PlanFile> files) {
  for (v1::PlanFile& file : files) {
    by_name_.emplace(std::move(*file.mutable_name()), std::move(*file.mutable_content()));
  }
}

const std::string* PlanFiles::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : &found->second;
}

}  // namespace rampart
