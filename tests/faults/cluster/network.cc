#include "tests/faults/cluster/network.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "tests/support/process.h"

namespace rampart::faults {
namespace {

constexpr const char* kIp = "/sbin/ip";

int ThisSpace() { return open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC); }

int NewSpace() {
  EXPECT_EQ(unshare(CLONE_NEWNET), 0) << strerror(errno);
  return ThisSpace();
}

void Enter(int space) { EXPECT_EQ(setns(space, CLONE_NEWNET), 0) << strerror(errno); }

// `ip` with these words.
void Ip(const std::string& line) {
  std::vector<std::string> words = {kIp};
  for (size_t at = 0; at < line.size();) {
    const size_t end = std::min(line.find(' ', at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end + 1;
  }
  Process process(words);
  EXPECT_EQ(process.Wait(), 0) << "ip " << line << ": " << process.text();
}

// A TUN device in this thread's namespace.
int Device(const std::string& name) {
  const int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  ifreq request = {};
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  name.copy(request.ifr_name, IFNAMSIZ - 1);
  EXPECT_EQ(ioctl(device, TUNSETIFF, &request), 0) << name << ": " << strerror(errno);
  return device;
}

}  // namespace

std::string Network::Missing() {
  if (geteuid() != 0) return "network namespaces need root";
  if (access(kIp, X_OK) != 0) return std::string("there is no ") + kIp + " (package iproute2)";
  if (access("/dev/net/tun", R_OK | W_OK) != 0) return "there is no /dev/net/tun";
  return "";
}

Network::Network(int agents) : before_(ThisSpace()), hub_(NewSpace()) {
  Ip("link set lo up");
  Ip(std::string("address add ") + kController + "/32 dev lo");
  Ip(std::string("address add ") + kTarget + "/32 dev lo");
  for (int number = 1; number <= agents; ++number) AddMachine(number);
  relay_.Start();
}

Network::~Network() {
  Enter(before_);
  for (const Machine& machine : machines_) close(machine.space);
  close(hub_);
  close(before_);
}

void Network::AddMachine(int number) {
  const std::string n = std::to_string(number);
  const int space = NewSpace();
  const int agent_device = Device("stream");
  Ip("link set lo up");
  Ip("address add 10.99." + n + ".2/24 dev stream");
  Ip("link set stream up");
  Ip(std::string("route add ") + kController + "/32 via 10.99." + n + ".1");
  Enter(hub_);
  const int controller_device = Device("stream" + n);
  Ip("address add 10.99." + n + ".1/24 dev stream" + n);
  Ip("link set stream" + n + " up");
  Ip("link add data" + n + " type veth peer name data");
  Ip("link set data netns /proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(space));
  Ip("address add 10.98." + n + ".1/24 dev data" + n);
  Ip("link set data" + n + " up");
  Enter(space);
  Ip("address add 10.98." + n + ".2/24 dev data");
  Ip("link set data up");
  Ip(std::string("route add ") + kTarget + "/32 via 10.98." + n + ".1");
  Enter(hub_);
  machines_.push_back({space, &relay_.Add(controller_device, agent_device)});
}

void Network::On(int number, const std::function<void()>& what) const {
  Enter(machines_.at(static_cast<size_t>(number - 1)).space);
  what();
  Enter(hub_);
}

}  // namespace rampart::faults
