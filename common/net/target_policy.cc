#include "common/net/target_policy.h"

#include <algorithm>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rampart {
namespace {

struct Range {
  AddressBlock block;
  const char* what;  // `it is ...`
};

constexpr AddressBlock V4(std::array<uint8_t, 4> first, int prefix) {
  return {{false, {first[0], first[1], first[2], first[3]}}, prefix};
}
constexpr AddressBlock V6(std::array<uint8_t, 16> first, int prefix) {
  return {{true, first}, prefix};
}

constexpr const char* kMetadata = "a cloud's metadata service";

constexpr Range kNever[] = {
    {V4({0}, 8), "no address of any machine"},
    {V4({169, 254}, 16), "link-local, where clouds keep their metadata"},
    {V4({100, 100, 100, 200}, 32), kMetadata},
    {V4({168, 63, 129, 16}, 32), kMetadata},
    {V4({192, 0, 0, 192}, 32), kMetadata},
    {V4({224}, 4), "multicast"},
    {V4({255, 255, 255, 255}, 32), "broadcast"},
    {V6({}, 128), "no address of any machine"},
    {V6({0xfe, 0x80}, 10), "link-local"},
    // What an instance of AWS asks: ::254 for metadata, ::23 for a pod's credentials.
    {V6({0xfd, 0x00, 0x0e, 0xc2}, 32), kMetadata},
    {V6({0xfd, 0x20, 0x00, 0xce, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54}, 128), kMetadata},
    {V6({0xfd, 0x00, 0x00, 0xc1, 0, 0, 0, 0, 0, 0, 0, 0, 0xa9, 0xfe, 0xa9, 0xfe}, 128), kMetadata},
    {V6({0xfd, 0x00, 0x00, 0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x42}, 128), kMetadata},
    {V6({0xff}, 8), "multicast"},
};

constexpr AddressBlock kAllowed[] = {
    V4({127}, 8),      V4({10}, 8),
    V4({172, 16}, 12), V4({192, 168}, 16),
    V4({100, 64}, 10), V6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 128),
    V6({0xfc}, 7),
};

// The last 32 bits are an IPv4 address, which is where a packet ends up: mapped (RFC 4291), and
// that which NAT64 translates (RFC 6052).
constexpr AddressBlock kCarryV4[] = {
    V6({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff}, 96),
    V6({0x00, 0x64, 0xff, 0x9b}, 96),
};

bool AnyContains(const auto& blocks, const IpAddress& address) {
  return std::any_of(std::begin(blocks), std::end(blocks),
                     [&](const AddressBlock& block) { return block.Contains(address); });
}

IpAddress Carried(const IpAddress& address) {
  if (!AnyContains(kCarryV4, address)) return address;
  IpAddress carried;
  std::copy_n(address.bytes.begin() + 12, 4, carried.bytes.begin());
  return carried;
}

}  // namespace

absl::StatusOr<TargetPolicy> TargetPolicy::Make(bool allow_public,
                                                const std::vector<std::string>& blocks) {
  if (blocks.size() > kMaxBlocks) {
    return absl::InvalidArgumentError(absl::StrCat("--allow-target ", blocks.size(),
                                                   " times is too often: ", kMaxBlocks,
                                                   " blocks at most, so name larger ones"));
  }
  TargetPolicy policy;
  policy.allow_public_ = allow_public;
  for (const std::string& text : blocks) {
    const absl::StatusOr<AddressBlock> block = ParseAddressBlock(text);
    if (!block.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("--allow-target: ", block.status().message()));
    }
    for (const Range& never : kNever) {
      if (!never.block.Contains(*block)) continue;
      return absl::InvalidArgumentError(
          absl::StrCat("--allow-target: `", text, "` is ", never.what, ": never a target"));
    }
    policy.blocks_.push_back(*block);
  }
  return policy;
}

std::string TargetPolicy::Refusal(const IpAddress& address) const {
  const IpAddress judged = Carried(address);
  for (const Range& never : kNever) {
    if (!never.block.Contains(judged)) continue;
    return absl::StrCat(address.ToString(), " is ", never.what,
                        " (never a target, whatever the flags)");
  }
  if (allow_public_ || AnyContains(kAllowed, judged) || AnyContains(blocks_, judged)) return "";
  return absl::StrCat(address.ToString(), " is a public address (--allow-target ",
                      judged.ToString(), " or --allow-public-targets would allow it)");
}

}  // namespace rampart
