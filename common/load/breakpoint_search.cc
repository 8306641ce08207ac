#include "common/load/breakpoint_search.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"

namespace rampart {

absl::StatusOr<BreakpointSearch> BreakpointSearch::Make(const std::vector<RateOutcome>& ramp) {
  if (ramp.empty()) return absl::InvalidArgumentError("the ramp has no window with data");
  BreakpointSearch search;
  double before = 0;
  for (const RateOutcome& window : ramp) {
    if (!(window.rate > 0) || !std::isfinite(window.rate)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a window of the ramp has the rate ", window.rate, ", not one over 0"));
    }
    if (window.rate < before) {
      return absl::InvalidArgumentError(
          absl::StrCat("the ramp goes down, from ", before, "/s to ", window.rate, "/s"));
    }
    before = window.rate;
  }
  search.lowest_ = ramp.front().rate * kLowestPart;
  search.top_ = ramp.back().rate;
  for (size_t i = 0; i < ramp.size(); ++i) {
    const bool hiccup = i + 1 < ramp.size() && ramp[i + 1].held;
    if (ramp[i].held || hiccup) continue;
    search.ramp_.broke = ramp[i].rate;
    search.ramp_broke_first_ = ramp[i].broke_first;
    break;
  }
  for (const RateOutcome& window : ramp) {
    if (search.ramp_.broke && window.rate >= *search.ramp_.broke) break;
    if (window.held) search.ramp_.held = window.rate;
  }
  return search;
}

BreakpointSearch::Bracket BreakpointSearch::Find() const {
  Bracket bracket;
  bracket.broke = ramp_.broke;
  for (const auto& [rate, runs] : runs_) {
    // As many held as broke: the next run decides; until then it is no rate to build on.
    if (runs.broke < runs.held) continue;
    bracket.broke = std::min(rate, bracket.broke.value_or(rate));
    break;
  }
  const auto under = [&](double rate) { return !bracket.broke || rate < *bracket.broke; };
  if (ramp_.held && under(*ramp_.held)) bracket.held = ramp_.held;
  for (const auto& [rate, runs] : runs_) {
    if (runs.held > runs.broke && under(rate)) {
      bracket.held = std::max(rate, bracket.held.value_or(rate));
    }
  }
  return bracket;
}

bool BreakpointSearch::HeldTwice(double rate) const {
  const auto runs = runs_.find(rate);
  return (runs == runs_.end() ? 0 : runs->second.held) + (ramp_.held == rate ? 1 : 0) >= 2;
}

bool BreakpointSearch::BrokeTwice(double rate) const {
  const auto runs = runs_.find(rate);
  return (runs == runs_.end() ? 0 : runs->second.broke) + (ramp_.broke == rate ? 1 : 0) >= 2;
}

bool BreakpointSearch::Settled(const Bracket& bracket) const {
  if (!bracket.broke) return bracket.held >= top_ && HeldTwice(*bracket.held);
  if (!BrokeTwice(*bracket.broke)) return false;
  if (!bracket.held) return *bracket.broke / 2 < lowest_;
  return *bracket.broke <= *bracket.held * (1 + kTolerance) && HeldTwice(*bracket.held);
}

std::optional<double> BreakpointSearch::Next() const {
  const Bracket bracket = Find();
  if (run_count_ >= kMaxRuns || Settled(bracket)) return std::nullopt;
  if (!bracket.broke) {
    // Only the ramp's end can be missing on this side: it held, or a run took its word back.
    return *bracket.held < top_ ? std::min(2 * *bracket.held, top_) : top_;
  }
  const double broke = *bracket.broke;
  const auto runs = runs_.find(broke);
  if (runs != runs_.end() && runs->second.held == runs->second.broke) return broke;
  if (!bracket.held) return broke / 2 < lowest_ ? broke : broke / 2;
  const double held = *bracket.held;
  if (broke > held * (1 + kTolerance)) return std::sqrt(held * broke);
  return BrokeTwice(broke) ? held : broke;
}

absl::Status BreakpointSearch::Add(const RateOutcome& outcome) {
  const std::optional<double> asked = Next();
  if (!asked) return absl::FailedPreconditionError("the breakpoint is found: no run is wanted");
  if (outcome.rate != *asked) {
    return absl::InvalidArgumentError(
        absl::StrCat("a run at ", outcome.rate, "/s was not asked for, but one at ", *asked, "/s"));
  }
  ++run_count_;
  Runs& runs = runs_[outcome.rate];
  if (outcome.held) {
    ++runs.held;
    if (ramp_.broke && outcome.rate >= *ramp_.broke) ramp_.broke.reset();
  } else {
    ++runs.broke;
    runs.broke_first = outcome.broke_first;
    if (ramp_.held && outcome.rate <= *ramp_.held) ramp_.held.reset();
  }
  return absl::OkStatus();
}

Breakpoint BreakpointSearch::Answer() const {
  const Bracket bracket = Find();
  Breakpoint answer;
  answer.rate = bracket.held.value_or(0);
  answer.broke_at = bracket.broke;
  if (bracket.broke) {
    const auto runs = runs_.find(*bracket.broke);
    answer.broke_first = runs == runs_.end() ? ramp_broke_first_ : runs->second.broke_first;
  }
  answer.confirmed = Settled(bracket);
  answer.runs = run_count_;
  return answer;
}

}  // namespace rampart
