// ScenarioOrder: which scenarios have ended on which agents, and which start after them.
#ifndef RAMPART_CONTROLLER_FLEET_TOGETHER_SCENARIO_ORDER_H_
#define RAMPART_CONTROLLER_FLEET_TOGETHER_SCENARIO_ORDER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

struct ScenarioStart {
  std::string scenario;
  int64_t at_ns = 0;  // the instant on the controller's clock
};

// Owned by the Fleet, for one run. An agent says once of each scenario that it has ended there, and
// again on every new stream; a scenario is started once, and that is told again on every new
// stream, so what comes twice is known already.
class ScenarioOrder {
 public:
  ScenarioOrder(const v1::Plan& plan, size_t agents);

  // One agent more, which has nothing yet.
  void Add();
  // False when there is no such scenario.
  bool Ended(int agent, const std::string& scenario);
  // It has been given more of all scenarios: what it said of their ends is over.
  void GoesOn(int agent);
  // Those that start now that the one before has ended wherever `counts` holds: they have been
  // started with this call. None begins before `earliest_ns`.
  std::vector<ScenarioStart> Start(const std::function<bool(int agent)>& counts, int64_t now_ns,
                                   int64_t earliest_ns);
  const std::vector<ScenarioStart>& started() const { return started_; }

 private:
  struct Scenario {
    std::string name;
    int before = -1;      // the one that it starts after
    int64_t wait_ns = 0;  // from that one's end
    bool started = false;
    std::vector<bool> ended;  // by agent
  };

  std::vector<Scenario> all_;
  std::vector<ScenarioStart> started_;  // of those that start after another
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_FLEET_TOGETHER_SCENARIO_ORDER_H_
