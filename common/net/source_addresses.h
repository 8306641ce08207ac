// Source addresses: the addresses of this machine that connections are to come from.
#ifndef RAMPART_COMMON_NET_SOURCE_ADDRESSES_H_
#define RAMPART_COMMON_NET_SOURCE_ADDRESSES_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace rampart {

// Of one list: a block of IPv4 with 16 free bits.
constexpr size_t kMaxSourceAddresses = 65'536;
// Of one agent: with the kernel's usual range of ports they are over a million connections.
constexpr size_t kMaxSourcesOfAgent = 64;

// Addresses and blocks with commas between: `10.0.0.7,10.0.1.0/28,fd00::/124`. A block stands for
// all of its addresses, one of IPv4 without its network's and its broadcast address (from /30
// down). In the order of the text, as the kernel writes them. kInvalidArgument names the part that
// is wrong: no address, a block with bits behind its prefix, one twice, more than
// kMaxSourceAddresses.
absl::StatusOr<std::vector<std::string>> ParseSourceAddresses(std::string_view text);

// What each of `agents` gets of `addresses`: no address goes to two, and everyone has as many of a
// family as the others, kMaxSourcesOfAgent at most. kInvalidArgument when a family has fewer
// addresses than there are agents.
absl::StatusOr<std::vector<std::vector<std::string>>> DealSourceAddresses(
    const std::vector<std::string>& addresses, size_t agents);

}  // namespace rampart

#endif  // RAMPART_COMMON_NET_SOURCE_ADDRESSES_H_
