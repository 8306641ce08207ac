// ReadChecks: the checks of a run, from the series of the metric `checks`.
#ifndef RAMPART_CONTROLLER_RUN_CHECKS_H_
#define RAMPART_CONTROLLER_RUN_CHECKS_H_

#include <vector>

#include "common/stats/series.h"
#include "controller/run/result.h"

namespace rampart::controller {

// One a (group, name), whatever the other tags; sorted by both. Series that were folded because
// there were too many have no name and are one check `other`. Pure.
std::vector<CheckResult> ReadChecks(const SeriesStore& series);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_CHECKS_H_
