// Coverage: how much of what was measured is known, when agents were lost.
#ifndef RAMPART_CONTROLLER_RUN_COVERAGE_H_
#define RAMPART_CONTROLLER_RUN_COVERAGE_H_

#include <cstdint>
#include <map>

namespace rampart::controller {

// Less is known than this, and the result is no answer.
inline constexpr double kLeastCoverage = 0.99;

// What one lost agent may have measured beyond its last delta.
struct Loss {
  int64_t from_ns = 0;  // on the run's clock: its last delta's end
  int64_t to_ns = 0;    // from then on it certainly measured nothing
  double samples = 0;   // at the most that it ever measured in a second
};

// Owned by a Run. Pure.
class Coverage {
 public:
  void Lose(int agent, Loss loss) { losses_[agent] = loss; }
  // All that it measured has come after all.
  void Return(int agent) { losses_.erase(agent); }

  const Loss* LossOf(int agent) const {
    const auto found = losses_.find(agent);
    return found == losses_.end() ? nullptr : &found->second;
  }
  double missing() const {
    double missing = 0;
    for (const auto& [agent, loss] : losses_) missing += loss.samples;
    return missing;
  }
  // 0..1, with so many samples known.
  double Share(double known) const { return missing() == 0 ? 1 : known / (known + missing()); }
  // Times what is known that is missing.
  double Ratio(double known) const {
    const double all = missing();
    return all == 0 ? 0 : known == 0 ? 1 : all / known;
  }

 private:
  std::map<int, Loss> losses_;  // by agent
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_COVERAGE_H_
