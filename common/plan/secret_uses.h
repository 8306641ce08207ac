// Which of the values that --secret gives a plan asks for.
#ifndef RAMPART_COMMON_PLAN_SECRET_USES_H_
#define RAMPART_COMMON_PLAN_SECRET_USES_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/plan/fault.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {

// The table that expressions see.
inline constexpr std::string_view kSecretTable = "secret";

struct SecretUse {
  std::string name;
  v1::Position at;  // of the first place
};

// Each name once, in the order of the plan.
std::vector<SecretUse> SecretUses(const v1::Plan& plan);

// Names that are used otherwise than as `secret.NAME`; and, where it is known which are `given`,
// those that are missing and those that nobody asks for.
void ValidateSecrets(const v1::Plan& plan, const std::optional<std::vector<std::string>>& given,
                     Faults* faults);

// Whether a template, read when the plan loads, asks for one.
bool AsksForSecret(std::string_view lua);

// A letter or `_`, then letters, digits and `_`, and no word of Lua's.
bool IsSecretName(std::string_view name);

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_SECRET_USES_H_
