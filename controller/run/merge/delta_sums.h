// DeltaSums: the few values of one delta that the timeline and the live view are made of.
#ifndef RAMPART_CONTROLLER_RUN_MERGE_DELTA_SUMS_H_
#define RAMPART_CONTROLLER_RUN_MERGE_DELTA_SUMS_H_

#include <cstdint>
#include <string_view>

#include "common/stats/histogram.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::controller {

// Over all series of a metric, whatever their tags.
struct DeltaSums {
  int64_t from_ns = 0;  // on the run's clock
  int64_t to_ns = 0;
  double iterations = 0;   // completed
  double interrupted = 0;  // iterations
  double http_reqs = 0;
  double errors = 0;
  double ws_msgs = 0;       // sent and received
  double bytes = 0;         // sent and received
  uint64_t samples = 0;     // of trends and rates
  Histogram http_duration;  // ms
};

// What a metric counts for.
enum class Part {
  kNone,
  kIterations,
  kInterrupted,
  kHttpReqs,
  kHttpDuration,
  kMessages,
  kBytes,
};
Part PartOf(std::string_view metric);

// Adds what a delta says of one series of a metric of that part. Pure.
void AddTo(DeltaSums* sums, Part part, const v1::SeriesDelta& series);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_MERGE_DELTA_SUMS_H_
