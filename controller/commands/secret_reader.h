// ReadSecrets: the values behind --secret.
#ifndef RAMPART_CONTROLLER_COMMANDS_SECRET_READER_H_
#define RAMPART_CONTROLLER_COMMANDS_SECRET_READER_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/repeated_field.h"
#include "rampart/v1/fleet.pb.h"

namespace rampart::controller {

inline constexpr size_t kMaxSecrets = 100;
inline constexpr size_t kMaxSecretBytes = 64 * 1024;

// Each reference is `NAME=env:VAR` or `NAME=file:PATH`; of a file one line end at its end is left
// out. Once, before there are threads: the variables are taken out of this process's environment,
// so that no process that it starts has them. Fails with the reference, never with a value: who
// mistakes one for the other has their secret in the words.
absl::StatusOr<google::protobuf::RepeatedPtrField<v1::Secret>> ReadSecrets(
    const std::vector<std::string>& references);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_COMMANDS_SECRET_READER_H_
