// IpAddress and AddressBlock: addresses of IPv4 and IPv6 as values.
#ifndef RAMPART_COMMON_NET_IP_ADDRESS_H_
#define RAMPART_COMMON_NET_IP_ADDRESS_H_

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace rampart {

struct IpAddress {
  bool v6 = false;
  std::array<uint8_t, 16> bytes = {};  // IPv4: the first four, then zeros

  constexpr int bits() const { return v6 ? 128 : 32; }
  // As the kernel writes it.
  std::string ToString() const;
  friend auto operator<=>(const IpAddress&, const IpAddress&) = default;
};

// Nothing when it is no numeric address.
std::optional<IpAddress> ParseIpAddress(const std::string& text);

// The addresses that begin with the first `prefix` bits of `first`, whose others are zero.
struct AddressBlock {
  IpAddress first;
  int prefix = 0;

  bool Contains(const IpAddress& address) const;
  bool Contains(const AddressBlock& block) const {
    return block.prefix >= prefix && Contains(block.first);
  }
  friend auto operator<=>(const AddressBlock&, const AddressBlock&) = default;
};

// `10.0.0.0/8`, `fd00::/8`, or an address, which is a block of one. kInvalidArgument names the text
// and what is wrong with it.
absl::StatusOr<AddressBlock> ParseAddressBlock(std::string_view text);

}  // namespace rampart

#endif  // RAMPART_COMMON_NET_IP_ADDRESS_H_
