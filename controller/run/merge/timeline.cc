#include "controller/run/merge/timeline.h"

#include <algorithm>
#include <utility>

namespace rampart::controller {

size_t Timeline::Point::MemoryBytes() const {
  return sizeof(Point) + http_duration.MemoryBytes() + holdings.capacity() * sizeof(Holding);
}

void Timeline::Add(int agent, const DeltaSums& sums, double users, double ws_open) {
  const int64_t middle = std::max<int64_t>(0, sums.from_ns + (sums.to_ns - sums.from_ns) / 2);
  while (static_cast<size_t>(middle / width_ns_) >= max_points_) JoinPairs();
  const auto at = static_cast<size_t>(middle / width_ns_);
  while (points_.size() <= at) {
    points_.emplace_back();
    bytes_ += points_.back().MemoryBytes();
  }
  Point& point = points_[at];
  bytes_ -= point.MemoryBytes();
  point.iterations += sums.iterations;
  point.http_reqs += sums.http_reqs;
  point.errors += sums.errors;
  point.ws_msgs += sums.ws_msgs;
  point.bytes += sums.bytes;
  point.http_duration.Merge(sums.http_duration);
  const auto number = static_cast<size_t>(agent);
  if (point.holdings.size() <= number) point.holdings.resize(number + 1);
  point.holdings[number] = {users, ws_open, true};
  bytes_ += point.MemoryBytes();
  while (bytes_ > max_bytes_ && points_.size() > 1) JoinPairs();
}

void Timeline::JoinPairs() {
  width_ns_ *= 2;
  std::vector<Point> joined((points_.size() + 1) / 2);
  for (size_t i = 0; i < points_.size(); ++i) {
    Point& from = points_[i];
    Point& into = joined[i / 2];
    if (i % 2 == 0) {
      into = std::move(from);
      continue;
    }
    into.iterations += from.iterations;
    into.http_reqs += from.http_reqs;
    into.errors += from.errors;
    into.ws_msgs += from.ws_msgs;
    into.bytes += from.bytes;
    into.http_duration.Merge(from.http_duration);
    if (into.holdings.size() < from.holdings.size()) into.holdings.resize(from.holdings.size());
    for (size_t agent = 0; agent < from.holdings.size(); ++agent) {
      if (from.holdings[agent].known) into.holdings[agent] = from.holdings[agent];
    }
    from = {};  // at once, so that joining needs no second timeline's memory
  }
  points_ = std::move(joined);
  bytes_ = 0;
  for (const Point& point : points_) bytes_ += point.MemoryBytes();
}

std::vector<TimelinePoint> Timeline::Points() const {
  const double width_s = static_cast<double>(width_ns_) / 1e9;
  // Where an agent's last delta is: from there on it holds nothing, before it what it held last.
  std::vector<size_t> last_point;
  for (size_t i = 0; i < points_.size(); ++i) {
    const auto& holdings = points_[i].holdings;
    if (last_point.size() < holdings.size()) last_point.resize(holdings.size(), 0);
    for (size_t agent = 0; agent < holdings.size(); ++agent) {
      if (holdings[agent].known) last_point[agent] = i;
    }
  }
  std::vector<Holding> held(last_point.size());
  std::vector<TimelinePoint> points;
  points.reserve(points_.size());
  for (size_t i = 0; i < points_.size(); ++i) {
    const Point& point = points_[i];
    TimelinePoint& out = points.emplace_back();
    out.t = static_cast<double>(i) * width_s;
    out.width_s = width_s;
    out.iterations_per_s = point.iterations / width_s;
    out.http_reqs_per_s = point.http_reqs / width_s;
    out.errors_per_s = point.errors / width_s;
    out.ws_msgs_per_s = point.ws_msgs / width_s;
    out.bytes_per_s = point.bytes / width_s;
    out.http_samples = point.http_duration.count();
    out.http_p50_ms = point.http_duration.Percentile(50);
    out.http_p95_ms = point.http_duration.Percentile(95);
    out.http_p99_ms = point.http_duration.Percentile(99);
    for (size_t agent = 0; agent < held.size(); ++agent) {
      if (agent < point.holdings.size() && point.holdings[agent].known) {
        held[agent] = point.holdings[agent];
      } else if (i > last_point[agent]) {
        held[agent] = {};
      }
      out.users += held[agent].users;
      out.ws_active += held[agent].ws_open;
    }
  }
  return points;
}

}  // namespace rampart::controller
