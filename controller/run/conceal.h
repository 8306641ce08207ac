// ConcealSecrets: a result that may be printed.
#ifndef RAMPART_CONTROLLER_RUN_CONCEAL_H_
#define RAMPART_CONTROLLER_RUN_CONCEAL_H_

#include "controller/run/result.h"

namespace rampart::controller {

// In every text of the result that comes from the plan, an agent or the target, the values of the
// plan's secret params are `***`, see Secrets. Whatever report is made of it has none. Pure.
void ConcealSecrets(RunResult* result);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_CONCEAL_H_
