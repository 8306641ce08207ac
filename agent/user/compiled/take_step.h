// TakeStep: a `take` step, compiled.
#ifndef RAMPART_AGENT_USER_COMPILED_TAKE_STEP_H_
#define RAMPART_AGENT_USER_COMPILED_TAKE_STEP_H_

#include <cstddef>
#include <string>

namespace rampart::agent {

struct TakeStep {
  size_t feed = 0;   // its number in the plan
  size_t taker = 0;  // see common/feed/feed_share.h
  std::string as;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_COMPILED_TAKE_STEP_H_
