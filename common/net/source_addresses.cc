#include "common/net/source_addresses.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rampart {
namespace {

struct Address {
  int family = AF_INET;
  std::array<unsigned char, 16> bytes = {};  // IPv4: the first four

  int bits() const { return family == AF_INET ? 32 : 128; }

  std::string ToString() const {
    char text[INET6_ADDRSTRLEN] = "";
    inet_ntop(family, bytes.data(), text, sizeof(text));
    return text;
  }
  void Increment() {
    for (auto at = static_cast<size_t>(bits() / 8); at-- > 0;) {
      if (++bytes[at] != 0) return;
    }
  }
  bool AllZeroAfter(int prefix) const {
    for (int bit = prefix; bit < bits(); ++bit) {
      if ((bytes[static_cast<size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0) return false;
    }
    return true;
  }
};

std::optional<Address> ParseAddress(const std::string& text) {
  Address address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) return address;
  address.family = AF_INET6;
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

std::optional<int> ParsePrefix(std::string_view text, int bits) {
  int prefix = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, prefix);
  if (error != std::errc() || stop != end || prefix < 1 || prefix > bits) return std::nullopt;
  return prefix;
}

absl::Status Wrong(std::string_view part, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("`", std::string(part), "` ", std::string(why)));
}

absl::Status AddPart(std::string_view part, std::vector<std::string>* addresses) {
  const size_t slash = part.find('/');
  std::optional<Address> address = ParseAddress(std::string(part.substr(0, slash)));
  if (!address) return Wrong(part, "is no IP address, nor a block like 127.0.1.0/28");
  if (slash == part.npos) {
    addresses->push_back(address->ToString());
    return absl::OkStatus();
  }
  const std::optional<int> prefix = ParsePrefix(part.substr(slash + 1), address->bits());
  if (!prefix) {
    return Wrong(part, absl::StrCat("has no prefix from 1 to ", address->bits(), " behind its /"));
  }
  if (!address->AllZeroAfter(*prefix)) {
    return Wrong(part, "has bits set behind its prefix: name the block's first address");
  }
  const int free_bits = address->bits() - *prefix;
  if (free_bits > 16) {
    return Wrong(part, absl::StrCat("has more than ", kMaxSourceAddresses,
                                    " addresses: a smaller block will do"));
  }
  size_t count = size_t{1} << free_bits;
  if (address->family == AF_INET && free_bits >= 2) {
    address->Increment();
    count -= 2;
  }
  for (; count > 0; --count, address->Increment()) addresses->push_back(address->ToString());
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
