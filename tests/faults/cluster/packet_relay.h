// PacketRelay: lines between network namespaces that can be cut, slow and lossy, each way by
// itself.
#ifndef RAMPART_TESTS_FAULTS_CLUSTER_PACKET_RELAY_H_
#define RAMPART_TESTS_FAULTS_CLUSTER_PACKET_RELAY_H_

#include <atomic>
#include <cstdint>
#include <list>
#include <memory>
#include <queue>
#include <random>
#include <thread>
#include <vector>

namespace rampart::faults {

// What a line's packets meet. May be set on any thread, at any time; it is for packets that come
// after.
struct Line {
  std::atomic<bool> up_cut = false;    // from the agent to the controller
  std::atomic<bool> down_cut = false;  // from the controller to the agent
  std::atomic<int64_t> delay_ns = 0;   // each way
  std::atomic<double> loss = 0;        // share of the packets, each way
};

// A line is two TUN devices, one in a namespace each: what is routed into one is written to the
// other by this relay's thread. Kernels without netem will do. Whoever drops a packet here tells
// nobody, as a broken line does.
class PacketRelay {
 public:
  explicit PacketRelay(uint64_t seed) : random_(seed) {}
  ~PacketRelay();  // closes the devices, which takes them away

  // The devices' descriptors, non-blocking, are its own from now on. Before Start.
  Line& Add(int controller_device, int agent_device);
  void Start();

 private:
  // As many packets wait at the most; more are lost, as in a router.
  static constexpr size_t kMaxWaiting = 100'000;
  static constexpr size_t kMaxPacketBytes = 65'536;

  struct Ends {
    int controller;
    int agent;
    Line line;
  };
  struct Packet {
    int64_t at_ns;
    uint64_t number;  // those of one time keep their order
    int to;
    std::vector<char> bytes;
    bool operator>(const Packet& other) const {
      return at_ns != other.at_ns ? at_ns > other.at_ns : number > other.number;
    }
  };

  void Run();
  void Take(int from, int to, const Line& line, bool cut);

  std::list<Ends> lines_;
  int wake_ = -1;
  std::mt19937_64 random_;
  std::priority_queue<Packet, std::vector<Packet>, std::greater<>> waiting_;
  uint64_t number_ = 0;
  std::thread thread_;
};

}  // namespace rampart::faults

#endif  // RAMPART_TESTS_FAULTS_CLUSTER_PACKET_RELAY_H_
