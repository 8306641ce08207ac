// The `take` step.
#include "agent/user/compiled/compiler.h"
#include "common/plan/variables.h"

namespace rampart::agent {

TakeStep Compiler::TakeOf(const v1::Take& proto, const v1::Position& at) {
  TakeStep step;
  step.taker = taker_;
  step.as = RowName(proto);
  for (int i = 0; i < plan_.feeds_size(); ++i) {
    if (plan_.feeds(i).name() != proto.from()) continue;
    step.feed = static_cast<size_t>(i);
    return step;
  }
  Refuse(at, "there is no feed `" + proto.from() + "`");
  return step;
}

}  // namespace rampart::agent
