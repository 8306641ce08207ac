// Network: machines for a cluster's processes, made of network namespaces.
#ifndef RAMPART_TESTS_FAULTS_CLUSTER_NETWORK_H_
#define RAMPART_TESTS_FAULTS_CLUSTER_NETWORK_H_

#include <functional>
#include <string>
#include <vector>

#include "tests/faults/cluster/packet_relay.h"

namespace rampart::faults {

// While it lives, this thread, and what it starts, is on a machine with the controller and the
// target. Each agent has a machine of its own with two lines:
//
//     controller 10.99.0.1 ---- a Line that tests break ---- 10.99.N.2  agent N, from 1
//     target     10.98.0.1 ---- veth, always whole --------- 10.98.N.2
//
// The namespaces have no names: the kernel takes them away with the last process and descriptor,
// however the test ends. Needs root, TUN and `ip`.
class Network {
 public:
  static constexpr const char* kController = "10.99.0.1";
  static constexpr const char* kTarget = "10.98.0.1";
  // From where the target sees agent `number`.
  static std::string AddressOf(int number) { return "10.98." + std::to_string(number) + ".2"; }

  // Empty, or why there can be none here.
  static std::string Missing();

  explicit Network(int agents);
  ~Network();  // this thread is back where it was
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  // Calls `what` with this thread on the machine of agent `number`.
  void On(int number, const std::function<void()>& what) const;
  Line& LineOf(int number) { return *machines_.at(static_cast<size_t>(number - 1)).line; }

 private:
  struct Machine {
    int space;  // its namespace's descriptor
    Line* line;
  };

  void AddMachine(int number);

  int before_ = -1;  // namespaces' descriptors
  int hub_ = -1;
  PacketRelay relay_{1};
  std::vector<Machine> machines_;
};

}  // namespace rampart::faults

#endif  // RAMPART_TESTS_FAULTS_CLUSTER_NETWORK_H_
