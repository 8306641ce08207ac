#include "controller/run/merge/delta_sums.h"

#include "common/stats/exact_sum.h"

namespace rampart::controller {

Part PartOf(std::string_view metric) {
  if (metric == "iterations") return Part::kIterations;
  if (metric == "interrupted_iterations") return Part::kInterrupted;
  if (metric == "http_reqs") return Part::kHttpReqs;
  if (metric == "http_req_duration") return Part::kHttpDuration;
  if (metric == "ws_msgs_sent" || metric == "ws_msgs_received") return Part::kMessages;
  if (metric == "data_sent" || metric == "data_received") return Part::kBytes;
  return Part::kNone;
}

void AddTo(DeltaSums* sums, Part part, const v1::SeriesDelta& series) {
  if (series.has_trend()) {
    sums->samples += series.trend().count();
    if (part == Part::kHttpDuration) sums->http_duration.Add(series.trend());
  } else if (series.has_rate()) {
    sums->samples += series.rate().total();
  } else if (series.has_counter() && part != Part::kNone) {
    const double count = ExactSum::FromProto(series.counter()).Value();
    switch (part) {
      case Part::kIterations:
        sums->iterations += count;
        break;
      case Part::kInterrupted:
        sums->interrupted += count;
        break;
      case Part::kHttpReqs:
        sums->http_reqs += count;
        break;
      case Part::kMessages:
        sums->ws_msgs += count;
        break;
      case Part::kBytes:
        sums->bytes += count;
        break;
      default:
        break;
    }
  }
}

}  // namespace rampart::controller
