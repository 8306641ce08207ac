#include "common/plan/load_plan.h"

#include <cmath>
#include <memory>
#include <optional>

#include "common/plan/decoder.h"
#include "common/plan/profile.h"
#include "common/plan/secret_uses.h"
#include "common/plan/secrets.h"
#include "common/plan/units.h"
#include "common/plan/validation.h"
#include "common/plan/yaml_tree.h"
#include "common/script/script.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"

namespace rampart {
namespace {

// A value given on the command line has the type that it would have in the file.
YamlNode ScalarNode(const std::string& text) {
  YamlNode node;
  node.kind = YamlNode::Kind::kScalar;
  node.scalar = text;
  return node;
}

void Override(const PlanOptions& options, const Expand& expand, v1::Plan* params, Faults* faults) {
  for (const auto& [name, text] : options.params) {
    v1::Param* found = nullptr;
    std::string names;
    for (v1::Param& param : *params->mutable_params()) {
      if (param.name() == name) found = &param;
      names += (names.empty() ? "" : ", ") + param.name();
    }
    if (found == nullptr) {
      faults->Add(0, 0,
                  "-e " + name + ": the plan has no such param" +
                      (names.empty() ? "" : "; it has " + names));
      continue;
    }
    found->mutable_value()->Clear();
    Decode(ScalarNode(text), expand, found->mutable_value(), faults);
  }
}

void Scale(double factor, google::protobuf::Duration* duration) {
  const double ns = (static_cast<double>(duration->seconds()) * 1e9 + duration->nanos()) * factor;
  const auto scaled = static_cast<int64_t>(std::llround(ns));
  duration->set_seconds(scaled / 1'000'000'000);
  duration->set_nanos(static_cast<int32_t>(scaled % 1'000'000'000));
}

// Every Duration under a load, whatever its model, but the graceful ones.
void ScaleAll(double factor, google::protobuf::Message* message) {
  const auto* reflection = message->GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  reflection->ListFields(*message, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (field->name() == "graceful_ramp_down") continue;
    if (field->is_repeated()) {
      for (int i = 0; i < reflection->FieldSize(*message, field); ++i) {
        ScaleAll(factor, reflection->MutableRepeatedMessage(message, field, i));
      }
      continue;
    }
    google::protobuf::Message* part = reflection->MutableMessage(message, field);
    if (auto* duration = dynamic_cast<google::protobuf::Duration*>(part)) {
      Scale(factor, duration);
    } else {
      ScaleAll(factor, part);
    }
  }
}

void Shape(const PlanOptions& options, v1::Plan* plan, Faults* faults) {
  if (options.profile.empty()) {
    if (!options.duration.empty()) {
      faults->Add(0, 0, "--duration is the steady part of a profile: it needs --profile");
    }
    return;
  }
  std::optional<int64_t> steady_ns;
  if (!options.duration.empty()) {
    const absl::StatusOr<int64_t> parsed = ParseDuration(options.duration);
    if (!parsed.ok()) {
      return faults->Add(0, 0, "--duration: " + std::string(parsed.status().message()));
    }
    steady_ns = *parsed;
  }
  const absl::Status status = ApplyProfile(options.profile, steady_ns, plan);
  if (!status.ok()) faults->Add(0, 0, std::string(status.message()));
}

LoadedPlan Read(std::string_view text, const std::string& file, const PlanOptions& options) {
  LoadedPlan loaded;
  Faults& faults = loaded.faults;
  loaded.plan.set_file(file);
  const std::unique_ptr<YamlNode> root = ReadYaml(text, &faults);
  if (root == nullptr) return loaded;

  // Params first: everything else that is read at load time may use them.
  const Expand literal = [](std::string_view with_dollar) {
    return absl::StatusOr<std::string>(std::string(with_dollar));
  };
  v1::Plan params;
  for (size_t i = 0; root->kind == YamlNode::Kind::kMap && i < root->map_size(); ++i) {
    if (root->key(i).scalar != "params") continue;
    Faults again;  // the same faults are found once more below
    YamlNode only;
    only.kind = YamlNode::Kind::kMap;
    only.items.push_back(std::make_unique<YamlNode>(ScalarNode("params")));
    only.items.push_back(std::move(root->items[2 * i + 1]));
    Decode(only, literal, &params, &again);
    root->items[2 * i + 1] = std::move(only.items[1]);
  }
  Override(options, literal, &params, &faults);
  Script script(0);
  for (const v1::Param& param : params.params()) script.SetShared(param.name(), param.value());
  const Environment nobody(script);
  const Expand expand = [&](std::string_view with_dollar) -> absl::StatusOr<std::string> {
    const auto compiled = script.CompileTemplate(with_dollar);
    if (!compiled.ok()) return compiled.status();
    for (const std::string& expression : compiled->texts) {
      if (!AsksForSecret(expression)) continue;
      return absl::InvalidArgumentError("`" + std::string(with_dollar) +
                                        "`: a secret is known only while the plan runs, and this "
                                        "text is read when it loads");
    }
    std::string out;
    if (absl::Status status = script.Render(*compiled, nobody, &out); !status.ok()) {
      return absl::InvalidArgumentError("`" + std::string(with_dollar) +
                                        "`: " + std::string(status.message()) +
                                        " (only params are known when the plan loads)");
    }
    return out;
  };
  Decode(*root, expand, &loaded.plan, &faults);
  loaded.plan.mutable_params()->Swap(params.mutable_params());
  loaded.plan.set_file(file);
  if (faults.empty() && !v1::Plan().ParseFromString(loaded.plan.SerializeAsString())) {
    faults.Add(0, 0, "what a `-e` or a `${...}` puts into the plan is not UTF-8");
    return loaded;
  }

  if (faults.empty()) Shape(options, &loaded.plan, &faults);
  if (!(options.time_scale > 0) || !std::isfinite(options.time_scale)) {
    faults.Add(0, 0, "the time scale must be a number over 0");
    return loaded;
  }
  for (v1::Scenario& scenario : *loaded.plan.mutable_scenarios()) {
    if (options.time_scale == 1) break;
    ScaleAll(options.time_scale, scenario.mutable_load());
    if (scenario.has_start()) Scale(options.time_scale, scenario.mutable_start());
  }
  // A part that could not be read would only bring faults that are none.
  if (!faults.empty()) return loaded;
  Validate(loaded.plan, &faults);
  ValidateSecrets(loaded.plan, options.secrets, &faults);
  return loaded;
}

}  // namespace

std::string LoadedPlan::FaultText() const {
  std::string text;
  for (const Fault& fault : faults.all()) text += fault.Format(plan.file()) + "\n";
  return text;
}

LoadedPlan LoadPlan(std::string_view text, const std::string& file, const PlanOptions& options) {
  LoadedPlan loaded = Read(text, file, options);
  const Secrets secrets(loaded.plan);
  loaded.faults.Rewrite([&](std::string message) { return secrets.Conceal(std::move(message)); });
  return loaded;
}

uint64_t PlanHash(const v1::Plan& plan,
                  const google::protobuf::RepeatedPtrField<v1::PlanFile>& files) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    plan.SerializeToCodedStream(&coded);
  }
  uint64_t hash = 14'695'981'039'346'656'037u;
  const auto add = [&hash](std::string_view text) {
    for (const char c : text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 1'099'511'628'211u;
    }
  };
  add(bytes);
  for (const v1::PlanFile& file : files) {
    // With the sizes, so that no byte can move from one to the next unseen.
    add("\n" + std::to_string(file.name().size()) + " " + std::to_string(file.content().size()));
    add(file.name());
    add(file.content());
  }
  return hash;
}

}  // namespace rampart
