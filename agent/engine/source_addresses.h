// SourceAddresses: what sockets are bound to before they connect.
#ifndef RAMPART_AGENT_ENGINE_SOURCE_ADDRESSES_H_
#define RAMPART_AGENT_ENGINE_SOURCE_ADDRESSES_H_

#include <sys/socket.h>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "agent/engine/failure.h"
#include "agent/engine/resolver.h"

namespace rampart::agent {

// The addresses of one thread's connections, taken in turn. Without any, the kernel chooses. A
// source has so many ports towards one target; each further source has as many again. The port is
// chosen at connect and not at bind, so that it only has to be free towards that target. Owned by a
// Connector, on its thread.
class SourceAddresses {
 public:
  SourceAddresses() = default;
  // Numeric addresses.
  explicit SourceAddresses(const std::vector<std::string>& addresses);

  // Binds `fd`, a socket of this family that is not connected, to the next address.
  std::optional<Failure> Bind(int fd, sa_family_t family);

 private:
  struct Family {
    std::vector<Endpoint> addresses;
    size_t turn = 0;
  };

  Family v4_;
  Family v6_;
};

// What is wrong with the first of these that this machine cannot connect from; empty: nothing.
std::string FaultOfSources(const std::vector<std::string>& addresses);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_ENGINE_SOURCE_ADDRESSES_H_
