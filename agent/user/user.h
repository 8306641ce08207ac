// User: one virtual user: its variables, its connections, and what may end it.
#ifndef RAMPART_AGENT_USER_USER_H_
#define RAMPART_AGENT_USER_USER_H_

#include <cstdint>
#include <memory>

#include "agent/engine/loop.h"
#include "agent/protocol/http_client.h"
#include "agent/user/compiled/compiled_plan.h"
#include "agent/user/thread_context.h"

namespace rampart::agent {

// Of one thread. `scenario` must outlive it.
struct User {
  User(ThreadContext& context, const CompiledScenario& its_scenario, int64_t id)
      : scenario(its_scenario), environment(context.script), connector(context.connector) {
    scope.user_id = id;
    scope.scenario = scenario.name;
  }

  // Made when it is first asked for.
  HttpClient& Http() {
    if (http == nullptr) http = std::make_unique<HttpClient>(connector);
    return *http;
  }

  const CompiledScenario& scenario;
  Scope scope;
  Environment environment;
  Connector& connector;
  std::unique_ptr<HttpClient> http;       // null: neither asked nor given a cookie yet
  std::unique_ptr<ExchangeBuffers> kept;  // the last response, where the plan asks for it later

  // `soft` ends sleeps and holds and lets no step begin; `hard` ends what is in flight.
  Interrupt soft;
  Interrupt hard;
  int64_t due_ns = kNever;       // of the arrival that it serves, until its lateness is known
  int64_t turn_ns = 0;           // when that, which had to wait for a user, got this one
  int64_t lateness_ns = 0;       // of that: due until the first thing that takes time began
  uint64_t contents = 0;         // generated for it so far
  int64_t iterations_left = -1;  // -1: no limit
  uint32_t cuts = 0;             // raised to make a cut that was planned void
  bool stopping = false;         // no new iteration
  bool restart = false;          // was told to start again while it was ending
  bool has_due = false;          // serves an arrival
  bool out_of_rows = false;      // found a feed at its end, and that was counted
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_USER_H_
