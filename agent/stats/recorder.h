// Recorder: what one engine thread measures. DeltaWriter: what an agent sends of it.
#ifndef RAMPART_AGENT_STATS_RECORDER_H_
#define RAMPART_AGENT_STATS_RECORDER_H_

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "common/plan/secrets.h"
#include "common/stats/metric.h"
#include "common/stats/series.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::agent {

using SeriesId = uint32_t;

// What was measured between two flushes.
struct Bank {
  struct Slot {
    SeriesValue value;
    bool touched = false;
  };
  std::vector<std::unique_ptr<Slot>> slots;  // by SeriesId
  std::vector<SeriesId> touched;             // since the bank was last drained
  using ErrorKey = std::tuple<std::string, std::string, std::string>;  // kind, detail, step
  std::map<ErrorKey, v1::ErrorCount> errors;
  uint64_t other_samples = 0;  // over the limit of series
};

// Of one thread, without locks: a flush swaps two banks, and another thread drains the full one
// while this one fills the other. Recording into a series costs no search and, once its pages
// exist, no memory.
class Recorder {
 public:
  static constexpr size_t kMaxSeries = 10'000;
  static constexpr size_t kMaxErrors = 200;

  struct Key {
    const MetricInfo* metric;
    Tags tags;
  };

  // `catalog` must outlive the recorder. What it gives away has none of the secrets in it.
  explicit Recorder(const MetricCatalog& catalog, Secrets secrets = {});

  // The number of a series, for the life of the recorder. The metric must be in the catalog. Past
  // kMaxSeries: the metric's `other` series.
  SeriesId Find(std::string_view metric, const Tags& tags);

  void Count(SeriesId series, double n = 1) {
    SeriesValue& value = Touch(series);
    value.counter.Add(n);
    value.total = 1;
  }
  void Rate(SeriesId series, bool held) {
    SeriesValue& value = Touch(series);
    value.trues += held ? 1 : 0;
    ++value.total;
  }
  void Trend(SeriesId series, double sample) { Touch(series).trend.Record(sample); }
  void GaugeSet(SeriesId series, double to, int64_t now_ns);
  void GaugeAdd(SeriesId series, double change, int64_t now_ns);
  // By the series' kind. False when a trend or gauge is given NaN or infinity.
  bool Record(SeriesId series, double value, int64_t now_ns);

  void Error(std::string_view kind, std::string_view detail, std::string_view step,
             const v1::Position& at, int64_t now_ns);

  // Gives the full bank away; null while the other bank has not come back.
  Bank* Swap();
  // The drained bank, from the owner's thread again.
  void Return(Bank* bank) { spare_ = bank; }

  // The keys of all series by SeriesId; they are only ever added to, and read by the draining
  // thread through the copy that Swap's caller makes.
  const std::deque<Key>& keys() const { return keys_; }

 private:
  // In line, and the rare case out of it: some fifteen times a request.
  [[gnu::always_inline]] SeriesValue& Touch(SeriesId series) {
    Bank::Slot& slot = *active_->slots[series];
    if (!slot.touched) [[unlikely]] {
      slot.touched = true;
      active_->touched.push_back(series);
    }
    return slot.value;
  }

  const MetricCatalog& catalog_;
  const Secrets secrets_;
  Bank banks_[2];
  Bank* active_ = &banks_[0];
  Bank* spare_ = &banks_[1];
  std::deque<Key> keys_;
  std::deque<Gauge> gauges_;  // by SeriesId: gauges keep their value over flushes
  std::unordered_map<std::string, SeriesId> by_name_;
};

// Gathers the threads' banks into deltas. On one thread.
class DeltaWriter {
 public:
  // Adds a bank that a recorder has given away, and empties it. `keys` are that recorder's.
  void Drain(int thread, const std::deque<Recorder::Key>& keys, Bank* bank);

  // What was added since the last call, as the next delta: sequences begin with 1.
  v1::Delta Take(int64_t from_ns, int64_t to_ns, const v1::AgentHealth& health);

  uint64_t next_sequence() const { return sequence_ + 1; }

 private:
  struct Series {
    Recorder::Key key;
    SeriesValue value;
    std::vector<Gauge> gauges;  // by thread
    bool touched = false;
    bool named = false;
  };

  uint64_t sequence_ = 0;
  std::deque<Series> series_;  // by the number on the wire
  std::unordered_map<std::string, uint32_t> by_name_;
  std::vector<std::vector<uint32_t>> numbers_;  // by thread and SeriesId
  std::map<Bank::ErrorKey, v1::ErrorCount> errors_;
  uint64_t other_samples_ = 0;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_STATS_RECORDER_H_
