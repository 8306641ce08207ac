// Refusals: what is said of those who knock at the agents' port and may not come in.
#ifndef RAMPART_CONTROLLER_FLEET_REFUSALS_H_
#define RAMPART_CONTROLLER_FLEET_REFUSALS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace rampart::controller {

// For people, of what OpenSSL says of a handshake: `it showed no certificate`. `ca` is the file
// that is trusted.
std::string HandshakeFault(std::string_view openssl, const std::string& ca);

// Somebody may knock a thousand times a second: the same reason is said once in kAgainNs, with how
// often it was heard since. No clock, no lock.
class Refusals {
 public:
  static constexpr int64_t kAgainNs = 10'000'000'000;
  static constexpr size_t kMaxReasons = 64;  // beyond it, reasons are `another`

  // What to say now, if anything.
  std::optional<std::string> Heard(const std::string& why, int64_t now_ns);

 private:
  struct Reason {
    int64_t said_ns;
    uint64_t unsaid = 0;
  };
  std::map<std::string, Reason> reasons_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_REFUSALS_H_
