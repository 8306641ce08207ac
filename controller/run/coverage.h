// Coverage: how much of what was measured is known, when agents were lost.
#ifndef RAMPART_CONTROLLER_RUN_COVERAGE_H_
#define RAMPART_CONTROLLER_RUN_COVERAGE_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>

namespace rampart::controller {

// Less is known than this, and the result is no answer.
inline constexpr double kLeastCoverage = 0.99;

// What one lost agent may have measured beyond its last delta.
struct Loss {
  int64_t from_ns = 0;       // on the run's clock: its last delta's end
  int64_t to_ns = 0;         // from then on it certainly measured nothing
  double samples_per_s = 0;  // the most that it ever measured; 0: it did not say

  double seconds() const { return std::max<double>(0, static_cast<double>(to_ns - from_ns) / 1e9); }
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
  // Samples. Who did not say how much it measures measured no more than `most_per_s`, which is the
  // most of any.
  static double MissingOf(const Loss& loss, double most_per_s) {
    return std::ceil(loss.seconds() * (loss.samples_per_s > 0 ? loss.samples_per_s : most_per_s));
  }
  double Missing(double most_per_s) const {
    double missing = 0;
    for (const auto& [agent, loss] : losses_) missing += MissingOf(loss, most_per_s);
    return missing;
  }

 private:
  std::map<int, Loss> losses_;  // by agent
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_COVERAGE_H_
