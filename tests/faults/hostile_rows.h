// The rows of the hostile target: how it behaves, and what users that meet it count.
#ifndef RAMPART_TESTS_FAULTS_HOSTILE_ROWS_H_
#define RAMPART_TESTS_FAULTS_HOSTILE_ROWS_H_

#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "tests/faults/hostile_server.h"
#include "tests/support/engine_runner.h"

namespace rampart::agent {

struct HostileRow {
  enum class Scheme { kHttp, kHttps, kWs };
  enum class Shown { kNone, kExpired, kWrongHost, kSelfSigned };  // certificate

  std::string name;
  std::string error;  // the name of the class that every failure has
  Behaviour behave;
  Scheme scheme = Scheme::kHttp;
  Shown shown = Shown::kNone;
  bool keeps_body = false;  // the plan looks at it
  // Fewer where each takes a share of the thread that nobody can take from it: bytes that have to
  // be read, signatures that have to be verified.
  int users = 20;
  int iterations = 3;

  // Where it is the timeout that has to come it comes soon; else a busy machine must not bring it.
  const char* timeout() const { return error == "timeout" ? "200ms" : "100s"; }
};

inline std::ostream& operator<<(std::ostream& out, const HostileRow& row) {
  return out << row.name;
}

const std::vector<HostileRow>& HostileRows();

// A row's target and the one that behaves well, and users of one engine thread for both. Before any
// other thread of the process: see HostileServer.
class HostileCase {
 public:
  explicit HostileCase(const HostileRow& row);

  const EnginePlace& place() const { return place_; }
  // Users with these loads, each in turn at its target and 50 ms at rest; an empty one: none.
  std::string Plan(const std::string& hostile_load, const std::string& healthy_load) const;

 private:
  const HostileRow& row_;
  EnginePlace place_;
  std::unique_ptr<Certificate> certificate_;
  std::unique_ptr<HostileServer> server_;
};

}  // namespace rampart::agent

#endif  // RAMPART_TESTS_FAULTS_HOSTILE_ROWS_H_
