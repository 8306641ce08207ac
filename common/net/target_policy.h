// TargetPolicy: which addresses an agent connects to.
#ifndef RAMPART_COMMON_NET_TARGET_POLICY_H_
#define RAMPART_COMMON_NET_TARGET_POLICY_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/net/ip_address.h"

namespace rampart {

// Loopback and private addresses, and what its flags add; what never is a target no flag adds
// (docs/decisions/0014). Judges addresses, not names: a name says what its owner wants it to say.
// Immutable and pure.
class TargetPolicy {
 public:
  // They are looked through at every connect.
  static constexpr size_t kMaxBlocks = 256;

  // With no flag.
  TargetPolicy() = default;
  // `allow_public`: --allow-public-targets; `blocks`: what was given to each --allow-target.
  // kInvalidArgument names a block that is none, or that never is a target.
  static absl::StatusOr<TargetPolicy> Make(bool allow_public,
                                           const std::vector<std::string>& blocks);

  // Empty when `address` may be connected to. Else the address, what it is, and the flag that would
  // allow it: `8.8.8.8 is a public address (...)`.
  std::string Refusal(const IpAddress& address) const;

 private:
  bool allow_public_ = false;
  std::vector<AddressBlock> blocks_;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_NET_TARGET_POLICY_H_
