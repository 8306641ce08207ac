#include "tests/faults/cluster/packet_relay.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace rampart::faults {
namespace {

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace

PacketRelay::~PacketRelay() {
  if (thread_.joinable()) {
    const uint64_t one = 1;
    [[maybe_unused]] const ssize_t wrote = write(wake_, &one, sizeof(one));
    thread_.join();
    close(wake_);
  }
  for (const Ends& ends : lines_) {
    close(ends.controller);
    close(ends.agent);
  }
}

Line& PacketRelay::Add(int controller_device, int agent_device) {
  Ends& ends = lines_.emplace_back();
  ends.controller = controller_device;
  ends.agent = agent_device;
  return ends.line;
}

void PacketRelay::Start() {
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  thread_ = std::thread([this] { Run(); });
}

void PacketRelay::Run() {
  std::vector<pollfd> polled = {{wake_, POLLIN, 0}};
  for (const Ends& ends : lines_) {
    polled.push_back({ends.controller, POLLIN, 0});
    polled.push_back({ends.agent, POLLIN, 0});
  }
  while (polled[0].revents == 0) {
    while (!waiting_.empty() && waiting_.top().at_ns <= Now()) {
      const Packet& packet = waiting_.top();
      // One that does not fit into the device's queue is lost.
      [[maybe_unused]] const ssize_t wrote =
          write(packet.to, packet.bytes.data(), packet.bytes.size());
      waiting_.pop();
    }
    timespec timeout = {1, 0};
    if (!waiting_.empty()) {
      const int64_t left_ns = std::max<int64_t>(0, waiting_.top().at_ns - Now());
      timeout = {left_ns / 1'000'000'000, left_ns % 1'000'000'000};
    }
    ppoll(polled.data(), polled.size(), &timeout, nullptr);
    size_t i = 1;
    for (const Ends& ends : lines_) {
      if (polled[i++].revents != 0) {
        Take(ends.controller, ends.agent, ends.line, ends.line.down_cut);
      }
      if (polled[i++].revents != 0) {
        Take(ends.agent, ends.controller, ends.line, ends.line.up_cut);
      }
    }
  }
}

void PacketRelay::Take(int from, int to, const Line& line, bool cut) {
  std::vector<char> bytes(kMaxPacketBytes);
  const ssize_t got = read(from, bytes.data(), bytes.size());
  if (got <= 0 || cut || waiting_.size() >= kMaxWaiting) return;
  if (std::uniform_real_distribution<>()(random_) < line.loss) return;
  bytes.resize(static_cast<size_t>(got));
  waiting_.push({Now() + line.delay_ns, number_++, to, std::move(bytes)});
}

}  // namespace rampart::faults
