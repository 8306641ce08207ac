#include "controller/run/merge/timeline_slot.h"

#include <utility>

namespace rampart::controller {

void TimelineSlot::Add(const DeltaSums& sums) {
  iterations_ += sums.iterations;
  http_reqs_ += sums.http_reqs;
  errors_ += sums.errors;
  ws_msgs_ += sums.ws_msgs;
  bytes_ += sums.bytes;
  if (sums.http_duration.count() == 0) return;
  Unpack();
  http_duration_.Merge(sums.http_duration);
}

void TimelineSlot::Join(TimelineSlot later) {
  iterations_ += later.iterations_;
  http_reqs_ += later.http_reqs_;
  errors_ += later.errors_;
  ws_msgs_ += later.ws_msgs_;
  bytes_ += later.bytes_;
  later.Unpack();
  if (later.http_duration_.count() > 0) {
    Unpack();
    http_duration_.Merge(later.http_duration_);
  }
  Settle(later.users_, later.ws_open_);
}

void TimelineSlot::Pack() {
  if (http_duration_.count() == 0) return;
  http_duration_.ToProto(&packed_);
  packed_.mutable_buckets()->shrink_to_fit();
  http_duration_ = Histogram();
}

void TimelineSlot::Unpack() {
  if (packed_.count() == 0) return;
  http_duration_.Add(packed_);
  packed_ = v1::TrendDelta();
}

void TimelineSlot::Hold(size_t agent, Holding held) {
  if (settled_) return;
  if (holdings_.size() <= agent) holdings_.resize(agent + 1);
  holdings_[agent] = held;
}

void TimelineSlot::Settle(double users, double ws_open) {
  settled_ = true;
  users_ = users;
  ws_open_ = ws_open;
  holdings_ = {};
}

TimelinePoint TimelineSlot::Point(double t, double width_s) const {
  Histogram unpacked;
  if (packed_.count() > 0) unpacked.Add(packed_);
  const Histogram& duration = packed_.count() > 0 ? unpacked : http_duration_;
  TimelinePoint point;
  point.t = t;
  point.width_s = width_s;
  point.users = users_;
  point.ws_active = ws_open_;
  point.iterations_per_s = iterations_ / width_s;
  point.http_reqs_per_s = http_reqs_ / width_s;
  point.errors_per_s = errors_ / width_s;
  point.ws_msgs_per_s = ws_msgs_ / width_s;
  point.bytes_per_s = bytes_ / width_s;
  point.http_samples = duration.count();
  point.http_p50_ms = duration.Percentile(50);
  point.http_p95_ms = duration.Percentile(95);
  point.http_p99_ms = duration.Percentile(99);
  return point;
}

size_t TimelineSlot::MemoryBytes() const {
  return sizeof(TimelineSlot) + http_duration_.MemoryBytes() + packed_.buckets().capacity() +
         holdings_.capacity() * sizeof(Holding);
}

}  // namespace rampart::controller
