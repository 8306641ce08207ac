// SimulatedAgent: what an agent measures and sends, without a network and a clock.
#ifndef RAMPART_TESTS_CONTROLLER_RUN_SIMULATED_AGENT_H_
#define RAMPART_TESTS_CONTROLLER_RUN_SIMULATED_AGENT_H_

#include <cstdint>
#include <string_view>

#include "agent/stats/recorder.h"
#include "common/stats/metric.h"
#include "rampart/v1/plan.pb.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::controller {

inline constexpr int64_t kSecond = 1'000'000'000;

// The agent's own recorder and writer, on one thread.
class SimulatedAgent {
 public:
  explicit SimulatedAgent(const v1::Plan& plan) : catalog_(plan), recorder_(catalog_) {}
  SimulatedAgent(const SimulatedAgent&) = delete;

  void Record(std::string_view metric, const Tags& tags, double value, int64_t now_ns = 0) {
    recorder_.Record(recorder_.Find(metric, tags), value, now_ns);
  }
  agent::Recorder& recorder() { return recorder_; }

  // What was recorded since the last flush, as it comes over the wire.
  v1::Delta Flush(int64_t from_ns, int64_t to_ns, const v1::AgentHealth& health = {}) {
    agent::Bank* bank = recorder_.Swap();
    writer_.Drain(0, recorder_.keys(), bank);
    recorder_.Return(bank);
    const std::string bytes = writer_.Take(from_ns, to_ns, health).SerializeAsString();
    v1::Delta delta;
    delta.ParseFromString(bytes);
    return delta;
  }
  // Second `n` of the load, from 0.
  v1::Delta FlushSecond(int64_t n, const v1::AgentHealth& health = {}) {
    return Flush(n * kSecond, (n + 1) * kSecond, health);
  }

 private:
  MetricCatalog catalog_;
  agent::Recorder recorder_;
  agent::DeltaWriter writer_;
};

}  // namespace rampart::controller

#endif  // RAMPART_TESTS_CONTROLLER_RUN_SIMULATED_AGENT_H_
