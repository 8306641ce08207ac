#include "controller/commands/plan_again.h"

#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "controller/plans/whole_plan.h"

namespace rampart::controller {
namespace {

namespace fs = std::filesystem;

// `PASSWORD, TOKEN`; empty when there are none.
std::string SecretNames(const v1::Plan& plan) {
  std::string names;
  for (const v1::Param& param : plan.params()) {
    if (param.secret()) absl::StrAppend(&names, names.empty() ? "" : ", ", param.name());
  }
  return names;
}

bool IsSecret(const v1::Plan& plan, const std::string& name) {
  for (const v1::Param& param : plan.params()) {
    if (param.secret() && param.name() == name) return true;
  }
  return false;
}

}  // namespace

v1::JournalMeta::Source SourceOf(const std::string& wanted, const PlanOptions& options,
                                 const v1::Plan& plan, bool insecure) {
  v1::JournalMeta::Source source;
  std::error_code error;
  source.set_wanted(fs::exists(wanted, error) ? fs::absolute(wanted).string() : wanted);
  for (const auto& [name, value] : options.params) {
    if (IsSecret(plan, name)) continue;
    v1::JournalMeta::Source::Param& param = *source.add_params();
    param.set_name(name);
    param.set_value(value);
  }
  source.set_profile(options.profile);
  source.set_duration(options.duration);
  source.set_time_scale(options.time_scale);
  source.set_insecure(insecure);
  return source;
}

absl::StatusOr<v1::Plan> PlanAgain(const v1::JournalMeta& meta, const PlanOptions& given) {
  const std::string secrets = SecretNames(meta.plan());
  if (secrets.empty()) return meta.plan();
  const v1::JournalMeta::Source& source = meta.source();
  PlanOptions options;
  for (const v1::JournalMeta::Source::Param& param : source.params()) {
    options.params.emplace_back(param.name(), param.value());
  }
  for (const auto& param : given.params) {
    if (IsSecret(meta.plan(), param.first)) options.params.push_back(param);
  }
  options.profile = source.profile();
  options.duration = source.duration();
  options.time_scale = source.time_scale();
  absl::StatusOr<WholePlan> whole = LoadWholePlan(source.wanted(), options);
  if (!whole.ok()) return whole.status();
  if (source.insecure()) whole->plan.mutable_http()->set_insecure(true);
  // As it was written then: from another folder it may be another name for the same.
  whole->plan.set_file(meta.plan().file());
  if (PlanHash(whole->plan, meta.files()) != meta.plan_hash()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the plan has secrets, which a journal never holds, so it was read again from ",
        source.wanted(),
        ", and it is not what the run began with. Give the secrets as they were "
        "given to `start` (-e NAME=VALUE for any of ",
        secrets, "), and the file as it was"));
  }
  return std::move(whole->plan);
}

}  // namespace rampart::controller
