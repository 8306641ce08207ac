// What all steps are made of: texts, tags, checks, headers.
#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "agent/user/compiled/compiler.h"
#include "common/script/statements.h"

namespace rampart::agent {

std::string AsTemplate(const std::string& text) {
  return absl::StrReplaceAll(text, {{"${", "$${"}});
}

std::vector<v1::Field> Compiler::Headers(
    const google::protobuf::RepeatedPtrField<v1::Field>& own) const {
  std::vector<v1::Field> headers;
  for (const v1::Field& field : plan_.http().headers()) {
    const bool replaced = std::any_of(own.begin(), own.end(), [&](const v1::Field& other) {
      return absl::EqualsIgnoreCase(other.name(), field.name());
    });
    if (!replaced) headers.push_back(field);
  }
  headers.insert(headers.end(), own.begin(), own.end());
  return headers;
}

HeaderText Compiler::HeadersOf(const std::vector<v1::Field>& headers, const Around& around) {
  HeaderText text;
  std::string lines;
  v1::Position at;
  for (const v1::Field& field : headers) {
    lines += AsTemplate(field.name()) + ": " + field.value() + "\r\n";
    at = field.at();
  }
  text.lines = TextOf(lines, at, around);
  text.count = static_cast<int>(headers.size());
  return text;
}

void Compiler::AddTags(const google::protobuf::RepeatedPtrField<v1::Field>& fields,
                       SampleTags* tags) {
  for (const v1::Field& field : fields) {
    Template value = TextOf(field.value(), field.at(), Around{});
    if (!value.literals.empty() && value.constant()) {
      SetTag(field.name(), value.literals[0], &tags->fixed);
    } else {
      tags->rendered.emplace_back(field.name(), std::move(value));
    }
  }
}

std::vector<CheckCode> Compiler::ChecksOf(
    const google::protobuf::RepeatedPtrField<v1::NamedExpression>& protos, const Around& around) {
  std::vector<CheckCode> checks;
  for (const v1::NamedExpression& proto : protos) {
    Tags tags = around.tags.fixed;
    SetTag("check", proto.name(), &tags);
    checks.push_back(
        {Code(proto.expression(), proto.at(), around), proto.at(), recorder_.Find("checks", tags)});
  }
  return checks;
}

Recordings Compiler::RecordingsOf(
    const google::protobuf::RepeatedPtrField<v1::NamedExpression>& protos, const SampleTags& tags,
    const Around& around) {
  Recordings recordings;
  if (protos.empty()) return recordings;
  recordings.tags = tags;
  for (const v1::NamedExpression& proto : protos) {
    recordings.all.push_back({proto.name(), Code(proto.expression(), proto.at(), around),
                              proto.at(), recorder_.Find(proto.name(), tags.fixed)});
  }
  return recordings;
}

std::vector<NamedCode> Compiler::Named(
    const google::protobuf::RepeatedPtrField<v1::NamedExpression>& protos, const Around& around) {
  std::vector<NamedCode> named;
  for (const v1::NamedExpression& proto : protos) {
    named.push_back({proto.name(), Code(proto.expression(), proto.at(), around), proto.at()});
  }
  return named;
}

void Compiler::Refuse(const v1::Position& at, std::string_view why) {
  status_.Update(absl::InvalidArgumentError(plan_.file() + ":" + std::to_string(at.line()) + ":" +
                                            std::to_string(at.column()) + ": " + std::string(why)));
}

Expression Compiler::Code(const std::string& text, const v1::Position& at, const Around& around) {
  const absl::StatusOr<Expression> compiled = script_.Compile(text);
  if (!compiled.ok()) {
    Refuse(at, std::string(compiled.status().message()));
    return {};
  }
  Look(text, around);
  return *compiled;
}

ScriptStep Compiler::ScriptOf(const std::string& text, const v1::Position& at,
                              const Around& around) {
  const absl::StatusOr<Program> compiled = script_.CompileProgram(text);
  const absl::StatusOr<Statements> statements = ReadStatements(text);
  if (!compiled.ok() || !statements.ok()) {
    Refuse(at, std::string((compiled.ok() ? statements.status() : compiled.status()).message()));
    return {};
  }
  for (const Statements::Name& read : statements->free) LookAt(read.name, around);
  return {*compiled};
}

Template Compiler::TextOf(const std::string& text, const v1::Position& at, const Around& around) {
  absl::StatusOr<Template> compiled = script_.CompileTemplate(text);
  if (!compiled.ok()) {
    Refuse(at, std::string(compiled.status().message()));
    return {};
  }
  Template folded;
  folded.literals.push_back(compiled->literals[0]);
  for (size_t i = 0; i < compiled->expressions.size(); ++i) {
    const auto param = params_.find(compiled->texts[i]);
    if (param != params_.end()) {
      folded.literals.back() += param->second + compiled->literals[i + 1];
      continue;
    }
    Look(compiled->texts[i], around);
    folded.expressions.push_back(compiled->expressions[i]);
    folded.texts.push_back(compiled->texts[i]);
    folded.literals.push_back(compiled->literals[i + 1]);
  }
  return folded;
}

ValueTemplate Compiler::ValueOf(const v1::Value& value, const v1::Position& at,
                                const Around& around) {
  absl::StatusOr<ValueTemplate> compiled = script_.CompileValue(value);
  if (!compiled.ok()) {
    Refuse(at, std::string(compiled.status().message()));
    return {};
  }
  LookValue(value, around);
  return *std::move(compiled);
}

void Compiler::LookValue(const v1::Value& value, const Around& around) {
  if (value.has_string()) Look(value.string(), around);
  for (const v1::Value& item : value.list().items()) LookValue(item, around);
  for (const auto& member : value.object().members()) LookValue(member.value(), around);
}

void Compiler::Look(const std::string& text, const Around& around) {
  for (const std::string& name : UnknownNames(text, {})) LookAt(name, around);
}

void Compiler::LookAt(std::string_view name, const Around& around) {
  if (name == "sent_hash") hashes_.sent = later_hashes_.sent = true;
  if (name == "body_hash") hashes_.body = later_hashes_.body = true;
  if (name == "body_size") measures_bodies_ = true;
  if (name == "cookies") keeps_response_ = true;  // the head: a step's own is always there
  const bool parsed = name == "json" || name == "data" || name == "errors";
  if (name != "body" && name != "headers" && !parsed) return;
  reads_response_ = true;
  if (!parsed || !around.in_message) keeps_response_ = true;
}

}  // namespace rampart::agent
