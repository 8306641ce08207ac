#include "common/net/source_addresses.h"

#include <algorithm>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/net/ip_address.h"

namespace rampart {
namespace {

void Increment(IpAddress* address) {
  for (auto at = static_cast<size_t>(address->bits() / 8); at-- > 0;) {
    if (++address->bytes[at] != 0) return;
  }
}

absl::Status Wrong(std::string_view part, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("`", std::string(part), "` ", std::string(why)));
}

absl::Status AddPart(std::string_view part, std::vector<std::string>* addresses) {
  const absl::StatusOr<AddressBlock> block = ParseAddressBlock(part);
  if (!block.ok()) return block.status();
  IpAddress address = block->first;
  const int free_bits = address.bits() - block->prefix;
  if (free_bits > 16) {
    return Wrong(part, absl::StrCat("has more than ", kMaxSourceAddresses,
                                    " addresses: a smaller block will do"));
  }
  size_t count = size_t{1} << free_bits;
  if (!address.v6 && free_bits >= 2) {
    Increment(&address);
    count -= 2;
  }
  for (; count > 0; --count, Increment(&address)) addresses->push_back(address.ToString());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<std::string>> ParseSourceAddresses(std::string_view text) {
  std::vector<std::string> addresses;
  for (;;) {
    const size_t comma = text.find(',');
    if (absl::Status status = AddPart(text.substr(0, comma), &addresses); !status.ok()) {
      return status;
    }
    if (addresses.size() > kMaxSourceAddresses) {
      return absl::InvalidArgumentError(
          absl::StrCat("these are more than ", kMaxSourceAddresses, " addresses: fewer will do"));
    }
    if (comma == text.npos) break;
    text.remove_prefix(comma + 1);
  }
  std::set<std::string_view> seen;
  for (const std::string& address : addresses) {
    if (!seen.insert(address).second) return Wrong(address, "is there twice");
  }
  return addresses;
}

absl::StatusOr<std::vector<std::vector<std::string>>> DealSourceAddresses(
    const std::vector<std::string>& addresses, size_t agents) {
  std::vector<std::vector<std::string>> dealt(agents);
  for (const bool v6 : {false, true}) {
    std::vector<std::string> family;
    for (const std::string& address : addresses) {
      if ((address.find(':') != address.npos) == v6) family.push_back(address);
    }
    if (family.empty()) continue;
    if (family.size() < agents) {
      return absl::InvalidArgumentError(
          absl::StrCat("there are ", family.size(), v6 ? " IPv6" : " IPv4", " addresses for ",
                       agents, " agents: each needs one that no other has"));
    }
    const size_t each = std::min(family.size() / agents, kMaxSourcesOfAgent);
    for (size_t agent = 0; agent < agents; ++agent) {
      const auto first = family.begin() + static_cast<std::ptrdiff_t>(agent * each);
      dealt[agent].insert(dealt[agent].end(), first, first + static_cast<std::ptrdiff_t>(each));
    }
  }
  return dealt;
}

}  // namespace rampart
