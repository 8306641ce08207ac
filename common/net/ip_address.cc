#include "common/net/ip_address.h"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <charconv>
#include <cstring>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rampart {
namespace {

bool BitOf(const IpAddress& address, int bit) {
  return (address.bytes[static_cast<size_t>(bit / 8)] >> (7 - bit % 8) & 1) != 0;
}

std::optional<int> ParsePrefix(std::string_view text, int bits) {
  int prefix = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, prefix);
  if (error != std::errc() || stop != end || prefix < 0 || prefix > bits) return std::nullopt;
  return prefix;
}

absl::Status Wrong(std::string_view text, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("`", std::string(text), "` ", std::string(why)));
}

}  // namespace

std::string IpAddress::ToString() const {
  char text[INET6_ADDRSTRLEN] = "";
  inet_ntop(v6 ? AF_INET6 : AF_INET, bytes.data(), text, sizeof(text));
  return text;
}

std::optional<IpAddress> ParseIpAddress(const std::string& text) {
  IpAddress address;
  if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) return address;
  address.v6 = true;
  if (inet_pton(AF_INET6, text.c_str(), address.bytes.data()) == 1) return address;
  return std::nullopt;
}

bool AddressBlock::Contains(const IpAddress& address) const {
  if (address.v6 != first.v6) return false;
  const auto whole = static_cast<size_t>(prefix / 8);
  if (std::memcmp(address.bytes.data(), first.bytes.data(), whole) != 0) return false;
  for (int bit = prefix / 8 * 8; bit < prefix; ++bit) {
    if (BitOf(address, bit) != BitOf(first, bit)) return false;
  }
  return true;
}

absl::StatusOr<AddressBlock> ParseAddressBlock(std::string_view text) {
  const size_t slash = text.find('/');
  const std::optional<IpAddress> address = ParseIpAddress(std::string(text.substr(0, slash)));
  if (!address) return Wrong(text, "is no IP address, nor a block like 127.0.1.0/28");
  AddressBlock block{*address, address->bits()};
  if (slash == text.npos) return block;
  const std::optional<int> prefix = ParsePrefix(text.substr(slash + 1), address->bits());
  if (!prefix) {
    return Wrong(text, absl::StrCat("has no prefix from 0 to ", address->bits(), " behind its /"));
  }
  block.prefix = *prefix;
  for (int bit = block.prefix; bit < address->bits(); ++bit) {
    if (BitOf(*address, bit)) {
      return Wrong(text, "has bits set behind its prefix: name the block's first address");
    }
  }
  return block;
}

}  // namespace rampart
