// DeltaProxy: stands between agents and their controller, and repeats, holds back and loses what
// agents measured.
#ifndef RAMPART_TESTS_FAULTS_CLUSTER_DELTA_PROXY_H_
#define RAMPART_TESTS_FAULTS_CLUSTER_DELTA_PROXY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "rampart/v1/fleet.pb.h"

namespace rampart::faults {

// What becomes of a delta that an agent sends.
enum class Trouble {
  kNone,
  kTwice,       // it comes twice
  kOlderAgain,  // an older one comes once more, behind newer ones; then it
  kLost,        // it does not come, and the stream breaks
  kUnknown,     // it comes, and the stream breaks before the agent can know
  kTooEarly,    // it comes before the one before it, which no network does within a stream
};

// Plaintext, on loopback. A stream of an agent is one to the controller: what the one says, or how
// it ends, the other hears.
class DeltaProxy {
 public:
  // What an agent said, each delta as it came first.
  struct Record {
    v1::Hello hello;
    std::map<uint64_t, v1::Delta> deltas;  // by sequence
    uint64_t acknowledged = 0;             // the last that it was told is kept
    uint64_t last_sequence = 0;            // as it said when it drained
    int differing = 0;                     // sent again with other content
    int sent_again = 0;                    // by the agent
    std::string refused;                   // why, if it was
  };
  // Asked for each delta that comes for the first time. On gRPC's threads, one at a time.
  using Decide = std::function<Trouble(const std::string& agent, uint64_t sequence)>;

  DeltaProxy(const std::string& controller, Decide decide);
  ~DeltaProxy();  // ends all streams

  std::string address() const;
  std::map<std::string, Record> records() const;
  std::map<Trouble, int> done() const;

 private:
  class Service;

  std::unique_ptr<Service> service_;
};

// Joins a controller as the agent of `record`, does what it is told, and says what is recorded once
// and in order. Returns when the controller has ended the stream.
void PlayAgent(const std::string& controller, const DeltaProxy::Record& record);

}  // namespace rampart::faults

#endif  // RAMPART_TESTS_FAULTS_CLUSTER_DELTA_PROXY_H_
