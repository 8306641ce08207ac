// BreakpointSearch: the highest rate that a target holds, found by a ramp and a few runs after it.
#ifndef RAMPART_COMMON_LOAD_BREAKPOINT_SEARCH_H_
#define RAMPART_COMMON_LOAD_BREAKPOINT_SEARCH_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace rampart {

// What a window of the ramp, or a run at one rate, said. A rate is iterations a second of the whole
// plan. One in which a threshold had no data says nothing: it is not to be handed in.
struct RateOutcome {
  double rate;
  bool held;                // every threshold
  std::string broke_first;  // the threshold, when not held
};

struct Breakpoint {
  double rate = 0;                 // the highest that held; 0: nothing that was tried did
  std::optional<double> broke_at;  // the lowest above it that broke; nothing: the top held
  std::string broke_first;         // there
  bool confirmed = false;          // else the runs ended before the answer was sure
  int runs = 0;                    // after the ramp
};

// Purpose: says which rate to try next, and when enough is known. Pure; a value of whoever conducts
// the runs, in one thread. The ramp of the profile `breakpoint` feeds it first: its timeline cut
// into windows of equal length, each judged by the plan's thresholds on that window's merged data.
// Each rate that Next() names is then run for itself, at a constant rate; its verdict goes to
// Add().
//
// A ramp is at a rate for a moment only, and a run can have bad luck. So the ramp only proposes a
// bracket; a run that contradicts one of its ends takes that end's place. The bracket is bisected
// (geometrically) until its ends are within kTolerance. Then each end must be said twice, the ramp
// counting once; where two runs disagree, a third decides. A lone broken window of the ramp with a
// held one after it is a hiccup.
//
// Invariant: the answer's rate is under its broke_at. There are at most kMaxRuns runs.
class BreakpointSearch {
 public:
  static constexpr double kTolerance = 0.05;
  static constexpr int kMaxRuns = 24;
  // Where nothing held, rates down to this part of the ramp's first are tried.
  static constexpr double kLowestPart = 1.0 / 64;

  // Fails without windows, for rates that are not over 0, and for a ramp that goes down.
  static absl::StatusOr<BreakpointSearch> Make(const std::vector<RateOutcome>& ramp);

  // The rate to run next. Nothing: Answer() is final.
  std::optional<double> Next() const;

  // Fails for a rate other than Next(); then it is not counted.
  absl::Status Add(const RateOutcome& outcome);

  // The best that is known; may be asked for at any time.
  Breakpoint Answer() const;

 private:
  struct Runs {
    int held = 0;
    int broke = 0;
    std::string broke_first;  // in the last that broke
  };
  struct Bracket {
    std::optional<double> held;
    std::optional<double> broke;
  };

  BreakpointSearch() = default;
  Bracket Find() const;
  bool HeldTwice(double rate) const;
  bool BrokeTwice(double rate) const;
  // What is known is enough, however many runs are left.
  bool Settled(const Bracket& bracket) const;

  double lowest_ = 0;
  double top_ = 0;  // of the ramp
  Bracket ramp_;    // what of it is not contradicted
  std::string ramp_broke_first_;
  std::map<double, Runs> runs_;  // by rate
  int run_count_ = 0;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_LOAD_BREAKPOINT_SEARCH_H_
