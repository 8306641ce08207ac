#include "agent/engine/source_addresses.h"

#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace rampart::agent {

SourceAddresses::SourceAddresses(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) {
    const Endpoint endpoint = NumericEndpoint(address);
    (endpoint.address.ss_family == AF_INET6 ? v6_ : v4_).addresses.push_back(endpoint);
  }
}

std::optional<Failure> SourceAddresses::Bind(int fd, sa_family_t family) {
  Family& own = family == AF_INET6 ? v6_ : v4_;
  if (own.addresses.empty()) {
    if (v4_.addresses.empty() && v6_.addresses.empty()) return std::nullopt;
    return Failure{ErrorKind::kSourceAddress, std::string("no source address (--source) is of ") +
                                                  (family == AF_INET6 ? "IPv6" : "IPv4")};
  }
  const Endpoint& source = own.addresses[own.turn];
  own.turn = own.turn + 1 == own.addresses.size() ? 0 : own.turn + 1;
  const int one = 1;
  setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
  if (bind(fd, reinterpret_cast<const sockaddr*>(&source.address), source.size) == 0) {
    return std::nullopt;
  }
  return Failure{
      ErrorKind::kSourceAddress,
      "source address " + source.Host() + ": " +
          (errno == EADDRNOTAVAIL ? "this machine has no such address" : std::strerror(errno))};
}

std::string FaultOfSources(const std::vector<std::string>& addresses) {
  for (const std::string& address : addresses) {
    SourceAddresses one({address});
    const sa_family_t family = NumericEndpoint(address).address.ss_family;
    const int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const std::optional<Failure> failed =
        fd < 0 ? FailureFromErrno(errno, "source address " + address) : one.Bind(fd, family);
    if (fd >= 0) close(fd);
    if (failed) return failed->detail;
  }
  return "";
}

}  // namespace rampart::agent
