#include "controller/run/merge/timeline.h"

#include <algorithm>
#include <utility>

namespace rampart::controller {

template <typename F>
void Timeline::Change(TimelineSlot* slot, F change) {
  bytes_ -= slot->MemoryBytes();
  change(slot);
  bytes_ += slot->MemoryBytes();
}

void Timeline::Add(int agent, const DeltaSums& sums, double users, double ws_open) {
  const int64_t middle = std::max<int64_t>(0, sums.from_ns + (sums.to_ns - sums.from_ns) / 2);
  const auto number = static_cast<size_t>(agent);
  if (last_middle_.size() <= number) {
    last_middle_.resize(number + 1, -1);
    held_.resize(number + 1);
  }
  last_middle_[number] = std::max(last_middle_[number], middle);
  Extend(middle);
  Change(&SlotAt(middle), [&](TimelineSlot* slot) {
    slot->Add(sums);
    slot->Hold(number, {static_cast<float>(users), static_cast<float>(ws_open), true});
    if (middle < seconds().end_ns() - kOpenSeconds * kSecondNs) slot->Pack();
  });
  KeepLimits();
}

TimelineSlot& Timeline::SlotAt(int64_t ns) {
  Tier& tier = ns >= seconds().begin_ns ? seconds() : ns >= tens().begin_ns ? tens() : minutes();
  return tier.slots[static_cast<size_t>((ns - tier.begin_ns) / tier.width_ns)];
}

void Timeline::Extend(int64_t to_ns) {
  while (seconds().end_ns() <= to_ns) {
    seconds().slots.emplace_back();
    bytes_ += seconds().slots.back().MemoryBytes();
    const size_t count = seconds().slots.size();
    if (count > static_cast<size_t>(kOpenSeconds)) {
      Change(&seconds().slots[count - 1 - static_cast<size_t>(kOpenSeconds)],
             [](TimelineSlot* slot) { slot->Pack(); });
    }
    KeepLimits();
  }
}

void Timeline::KeepLimits() {
  const auto ten = static_cast<size_t>(tens().width_ns / seconds().width_ns);
  const auto minute = static_cast<size_t>(minutes().width_ns / tens().width_ns);
  if (seconds().slots.size() >= limits_.seconds + ten) Fold(&seconds(), &tens());
  if (tens().slots.size() >= limits_.ten_seconds + minute) Fold(&tens(), &minutes());
  while (minutes().slots.size() > limits_.minutes) JoinPairs();
  while (bytes_ > limits_.bytes) {
    if (seconds().slots.size() >= kFewestSlots + ten) {
      Fold(&seconds(), &tens());
    } else if (tens().slots.size() >= kFewestSlots + minute) {
      Fold(&tens(), &minutes());
    } else if (minutes().slots.size() > 1) {
      JoinPairs();
    } else {
      return;  // little, whatever the agents send
    }
  }
}

void Timeline::Fold(Tier* from, Tier* into) {
  TimelineSlot* last = nullptr;
  do {
    if (from == &seconds()) Settle();
    bytes_ -= from->slots.front().MemoryBytes();
    // One that is not whole yet, from before its width was doubled, takes more.
    const auto at = static_cast<size_t>((from->begin_ns - into->begin_ns) / into->width_ns);
    if (into->slots.size() <= at) {
      into->slots.resize(at + 1);
      bytes_ += into->slots.back().MemoryBytes();
    }
    last = &into->slots[at];
    Change(last, [&](TimelineSlot* slot) { slot->Join(std::move(from->slots.front())); });
    from->slots.pop_front();
    from->begin_ns += from->width_ns;
  } while (from->begin_ns % into->width_ns != 0);
  Change(last, [](TimelineSlot* slot) { slot->Pack(); });
}

void Timeline::JoinPairs() {
  Tier& tier = minutes();
  std::deque<TimelineSlot> joined;
  for (size_t i = 0; i < tier.slots.size(); ++i) {
    if (i % 2 == 0) {
      joined.push_back(std::move(tier.slots[i]));
      continue;
    }
    joined.back().Join(std::move(tier.slots[i]));
    joined.back().Pack();
  }
  tier.width_ns *= 2;
  tier.slots = std::move(joined);
  bytes_ = 0;
  for (const Tier& one : tiers_) {
    for (const TimelineSlot& slot : one.slots) bytes_ += slot.MemoryBytes();
  }
}

void Timeline::HeldIn(const TimelineSlot& slot, int64_t begin_ns,
                      std::vector<Holding>* held) const {
  for (size_t agent = 0; agent < held->size(); ++agent) {
    if (agent < slot.holdings().size() && slot.holdings()[agent].known) {
      (*held)[agent] = slot.holdings()[agent];
    } else if (begin_ns > last_middle_[agent]) {
      // Until its last delta an agent holds what it held before, after that nothing.
      (*held)[agent] = {};
    }
  }
}

void Timeline::Settle() {
  TimelineSlot& slot = seconds().slots.front();
  HeldIn(slot, seconds().begin_ns, &held_);
  double users = 0;
  double ws_open = 0;
  for (const Holding& held : held_) {
    users += held.users;
    ws_open += held.ws_open;
  }
  Change(&slot, [&](TimelineSlot* oldest) { oldest->Settle(users, ws_open); });
}

std::vector<TimelinePoint> Timeline::Points() const {
  std::vector<TimelinePoint> points;
  std::vector<Holding> held = held_;
  for (size_t t = 0; t < tiers_.size(); ++t) {
    const Tier& tier = tiers_[t];
    for (size_t i = 0; i < tier.slots.size(); ++i) {
      const TimelineSlot& slot = tier.slots[i];
      const int64_t begin_ns = tier.begin_ns + static_cast<int64_t>(i) * tier.width_ns;
      int64_t end_ns = begin_ns + tier.width_ns;
      // The last one of a width may not be whole.
      if (t + 1 < tiers_.size()) end_ns = std::min(end_ns, tiers_[t + 1].begin_ns);
      TimelinePoint& point = points.emplace_back(slot.Point(
          static_cast<double>(begin_ns) / 1e9, static_cast<double>(end_ns - begin_ns) / 1e9));
      if (slot.settled()) continue;
      HeldIn(slot, begin_ns, &held);
      for (const Holding& one : held) {
        point.users += one.users;
        point.ws_active += one.ws_open;
      }
    }
  }
  return points;
}

}  // namespace rampart::controller
