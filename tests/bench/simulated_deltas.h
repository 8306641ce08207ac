// SimulatedDeltas: what an agent that drives a lot of load says each second, as bytes.
#ifndef RAMPART_TESTS_BENCH_SIMULATED_DELTAS_H_
#define RAMPART_TESTS_BENCH_SIMULATED_DELTAS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rampart::bench {

// Seven of ten series are trends of 50 to 200 samples a second, nearly each in a bucket of its own;
// the others are counters and rates. Made once by the agent's own recorder and writer; an agent's
// deltas take turns with kVariants of them, so that to say one costs a bench next to nothing.
class SimulatedDeltas {
 public:
  static constexpr size_t kVariants = 16;

  // Of agents with so many series and so many requests in each delta's second, which are spread
  // evenly over the series' request names.
  SimulatedDeltas(int series, int requests);

  // A v1::AgentMessage with a delta, in two parts that follow one another: the second is the same
  // for many agents. `sequence` from 1: the first names the series.
  struct Message {
    std::string head;
    const std::string* body;
  };
  Message Say(size_t agent, uint64_t sequence, int64_t from_ns, int64_t to_ns) const;

  // In the delta that Say gives: samples of http_req_duration, of all its series.
  uint64_t DurationsIn(size_t agent, uint64_t sequence) const {
    return durations_[Variant(agent, sequence)];
  }
  double buckets_a_trend() const { return buckets_a_trend_; }
  size_t mean_bytes() const;

 private:
  static size_t Variant(size_t agent, uint64_t sequence) { return (agent + sequence) % kVariants; }

  std::string names_;
  std::vector<std::string> bodies_;
  std::vector<uint64_t> durations_;
  double buckets_a_trend_ = 0;
};

}  // namespace rampart::bench

#endif  // RAMPART_TESTS_BENCH_SIMULATED_DELTAS_H_
