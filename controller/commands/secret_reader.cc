#include "controller/commands/secret_reader.h"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "common/plan/secret_uses.h"

namespace rampart::controller {
namespace {

constexpr std::string_view kEnv = "env:";
constexpr std::string_view kFile = "file:";

absl::StatusOr<std::string> FromEnvironment(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  if (value == nullptr) {
    return absl::NotFoundError("there is no variable " + variable + " in the environment");
  }
  return std::string(value);
}

absl::StatusOr<std::string> FromFile(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             std::fclose);
  if (file == nullptr) return absl::NotFoundError(path + ": " + std::strerror(errno));
  std::string value(kMaxSecretBytes + 3, '\0');  // a line end, and one byte to see that it is more
  value.resize(std::fread(value.data(), 1, value.size(), file.get()));
  if (std::ferror(file.get()) != 0) {
    return absl::NotFoundError(path + ": " + std::strerror(errno));
  }
  if (value.ends_with('\n')) {
    value.pop_back();
    if (value.ends_with('\r')) value.pop_back();
  }
  return value;
}

absl::StatusOr<std::string> ValueOf(std::string_view reference) {
  absl::StatusOr<std::string> value;
  if (reference.starts_with(kEnv)) {
    value = FromEnvironment(std::string(reference.substr(kEnv.size())));
  } else {
    value = FromFile(std::string(reference.substr(kFile.size())));
  }
  if (!value.ok()) return value;
  if (value->empty()) return absl::InvalidArgumentError("it is empty");
  if (value->size() > kMaxSecretBytes) {
    return absl::InvalidArgumentError("it has more than " + std::to_string(kMaxSecretBytes) +
                                      " bytes");
  }
  if (value->find('\0') != value->npos) {
    return absl::InvalidArgumentError("it has a NUL byte in it");
  }
  return value;
}

}  // namespace

absl::StatusOr<google::protobuf::RepeatedPtrField<v1::Secret>> ReadSecrets(
    const std::vector<std::string>& references) {
  if (references.size() > kMaxSecrets) {
    return absl::InvalidArgumentError("--secret: more than " + std::to_string(kMaxSecrets));
  }
  google::protobuf::RepeatedPtrField<v1::Secret> secrets;
  std::vector<std::string> variables;
  for (size_t i = 0; i < references.size(); ++i) {
    const std::string& text = references[i];
    const size_t equals = text.find('=');
    const std::string name = text.substr(0, equals);
    if (equals == text.npos || !IsSecretName(name)) {
      return absl::InvalidArgumentError("--secret number " + std::to_string(i + 1) +
                                        " is no NAME=env:VAR or NAME=file:PATH, with a NAME of "
                                        "letters, digits and _");
    }
    const std::string reference = text.substr(equals + 1);
    if (!reference.starts_with(kEnv) && !reference.starts_with(kFile)) {
      return absl::InvalidArgumentError("--secret " + name +
                                        ": behind the = stands where the value is, env:VAR or "
                                        "file:PATH, not the value");
    }
    for (const v1::Secret& other : secrets) {
      if (other.name() == name) {
        return absl::InvalidArgumentError("--secret " + name + " is there twice");
      }
    }
    absl::StatusOr<std::string> value = ValueOf(reference);
    if (!value.ok()) {
      return absl::InvalidArgumentError("--secret " + name + "=" + reference + ": " +
                                        std::string(value.status().message()));
    }
    v1::Secret& secret = *secrets.Add();
    secret.set_name(name);
    secret.set_value(*std::move(value));
    if (reference.starts_with(kEnv)) variables.push_back(reference.substr(kEnv.size()));
  }
  for (const std::string& variable : variables) unsetenv(variable.c_str());
  return secrets;
}

}  // namespace rampart::controller
