// ConcealSecrets: a result, and how a run stands, that may be printed.
#ifndef RAMPART_CONTROLLER_RUN_CONCEAL_H_
#define RAMPART_CONTROLLER_RUN_CONCEAL_H_

#include "common/plan/secrets.h"
#include "controller/run/result.h"

namespace rampart::controller {

// In every text that comes from the plan, an agent or the target, secret values are `***`, see
// Secrets. Whatever is made of it to be shown has none. Pure.
void ConcealSecrets(const Secrets& secrets, RunResult* result);
void ConcealSecrets(const Secrets& secrets, RunProgress* progress);

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_CONCEAL_H_
