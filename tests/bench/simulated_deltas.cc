#include "tests/bench/simulated_deltas.h"

#include <algorithm>
#include <cmath>
#include <random>

#include "agent/stats/recorder.h"
#include "common/stats/metric.h"
#include "rampart/v1/fleet.pb.h"

namespace rampart::bench {
namespace {

// Of each request name, in this order.
constexpr const char* kMetrics[] = {
    "http_req_duration",  "http_req_blocked", "http_req_connecting",        "http_reqs",
    "http_req_sending",   "http_req_waiting", "http_req_intended_duration", "http_req_failed",
    "http_req_receiving", "data_received",
};
constexpr size_t kPerName = std::size(kMetrics);

void AppendVarint(uint64_t value, std::string* out) {
  for (; value >= 0x80; value >>= 7) out->push_back(static_cast<char>(value | 0x80));
  out->push_back(static_cast<char>(value));
}

}  // namespace

SimulatedDeltas::SimulatedDeltas(int series, int requests) {
  const MetricCatalog catalog{v1::Plan()};
  agent::Recorder recorder(catalog);
  agent::DeltaWriter writer;
  std::mt19937_64 random(1);
  uint64_t buckets = 0;
  uint64_t trends = 0;
  const size_t names = (static_cast<size_t>(series) + kPerName - 1) / kPerName;
  const double of_a_name = static_cast<double>(requests) / static_cast<double>(names);
  for (size_t variant = 0; variant < kVariants; ++variant) {
    const double shift = std::uniform_real_distribution<double>(-0.2, 0.2)(random);
    uint64_t durations = 0;
    uint64_t samples = 0;
    for (size_t i = 0; i < static_cast<size_t>(series); ++i) {
      if (i % kPerName == 0) {
        const double drawn = std::uniform_real_distribution<double>(0.5, 1.5)(random) * of_a_name;
        samples = std::max<uint64_t>(1, static_cast<uint64_t>(std::llround(drawn)));
      }
      const char* metric = kMetrics[i % kPerName];
      const agent::SeriesId id = recorder.Find(
          metric, {{"name", "request " + std::to_string(i / kPerName)}, {"status", "200"}});
      const v1::MetricKind kind = catalog.Find(metric)->kind;
      if (kind == v1::COUNTER) {
        recorder.Count(id, static_cast<double>(samples));
      } else if (kind == v1::RATE) {
        for (uint64_t n = 0; n < samples; ++n) recorder.Rate(id, n % 50 == 0);
      } else {
        const double median =
            static_cast<double>(i % kPerName + 1) * 3 + static_cast<double>(i) / 9;
        std::lognormal_distribution<double> latency(std::log(median) + shift, 0.4);
        for (uint64_t n = 0; n < samples; ++n) recorder.Trend(id, latency(random));
        if (i % kPerName == 0) durations += samples;
      }
    }
    agent::Bank* bank = recorder.Swap();
    writer.Drain(0, recorder.keys(), bank);
    recorder.Return(bank);
    v1::AgentHealth health;
    health.set_cpu_seconds(0.4);
    health.set_busiest_thread_cpu(0.4);
    health.set_loop_lag_p99_ms(0.2);
    health.set_loop_lag_max_ms(0.5);
    health.set_resident_bytes(50'000'000);
    v1::Delta delta = writer.Take(0, 0, health);
    delta.clear_sequence();
    if (variant == 0) {
      v1::Delta names;
      names.mutable_names()->Swap(delta.mutable_names());
      names_ = names.SerializeAsString();
    }
    for (const v1::SeriesDelta& one : delta.series()) {
      if (!one.has_trend()) continue;
      Histogram read;
      read.MergeProto(one.trend()).IgnoreError();
      read.ForEachBucket([&buckets](uint32_t, uint64_t) { ++buckets; });
      ++trends;
    }
    bodies_.push_back(delta.SerializeAsString());
    durations_.push_back(durations);
  }
  buckets_a_trend_ = static_cast<double>(buckets) / static_cast<double>(trends);
}

SimulatedDeltas::Message SimulatedDeltas::Say(size_t agent, uint64_t sequence, int64_t from_ns,
                                              int64_t to_ns) const {
  v1::Delta delta;
  delta.set_sequence(sequence);
  delta.set_from_ns(from_ns);
  delta.set_to_ns(to_ns);
  std::string begin = delta.SerializeAsString();
  // Messages that follow one another are one message with the fields of all.
  if (sequence == 1) begin += names_;
  Message message{"", &bodies_[Variant(agent, sequence)]};
  AppendVarint(v1::AgentMessage::kDeltaFieldNumber << 3 | 2, &message.head);
  AppendVarint(begin.size() + message.body->size(), &message.head);
  message.head += begin;
  return message;
}

size_t SimulatedDeltas::mean_bytes() const {
  size_t bytes = 0;
  for (const std::string& body : bodies_) bytes += body.size();
  return bytes / bodies_.size();
}

}  // namespace rampart::bench
