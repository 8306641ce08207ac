#include "controller/run/merge/delta_sums.h"

#include <string>

namespace rampart::controller {

DeltaSums SumDelta(const v1::Delta& delta, const SeriesStore& read) {
  DeltaSums sums;
  sums.from_ns = delta.from_ns();
  sums.to_ns = delta.to_ns();
  for (const auto& series : read.all()) {
    const std::string& metric = series->metric;
    const SeriesValue& value = series->value;
    switch (value.kind) {
      case v1::TREND:
        sums.samples += value.trend.count();
        if (metric == "http_req_duration") sums.http_duration.Merge(value.trend);
        break;
      case v1::RATE:
        sums.samples += value.total;
        break;
      case v1::COUNTER:
        if (metric == "iterations") {
          sums.iterations += value.counter.Value();
        } else if (metric == "interrupted_iterations") {
          sums.interrupted += value.counter.Value();
        } else if (metric == "http_reqs") {
          sums.http_reqs += value.counter.Value();
        } else if (metric == "ws_msgs_sent" || metric == "ws_msgs_received") {
          sums.ws_msgs += value.counter.Value();
        } else if (metric == "data_sent" || metric == "data_received") {
          sums.bytes += value.counter.Value();
        }
        break;
      default:
        break;
    }
  }
  for (const v1::ErrorCount& error : delta.errors()) {
    sums.errors += static_cast<double>(error.count());
  }
  return sums;
}

}  // namespace rampart::controller
