// Resolver: host names to addresses, on a thread of its own, with a cache.
#ifndef RAMPART_AGENT_ENGINE_RESOLVER_H_
#define RAMPART_AGENT_ENGINE_RESOLVER_H_

#include <netinet/in.h>
#include <sys/socket.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <variant>
#include <vector>

#include "agent/engine/failure.h"
#include "agent/engine/loop.h"
#include "agent/engine/task.h"
#include "common/net/ip_address.h"

namespace rampart::agent {

// An IPv4 or IPv6 address with its port.
struct Endpoint {
  sockaddr_storage address = {};
  socklen_t size = 0;

  // `127.0.0.1`, `::1`.
  std::string Host() const;
  // `127.0.0.1:80`, `[::1]:80`.
  std::string ToString() const;
  void SetPort(uint16_t port);
  IpAddress Ip() const;
};

// Where `host` is, without asking anybody: a numeric IPv4 or IPv6 address. Size 0 when it is a
// name.
Endpoint NumericEndpoint(const std::string& host);

// The names of one process; thread-safe. Answers are kept for kKeepNs, failures for kKeepFailureNs,
// so that ten thousand users ask once.
class Resolver {
 public:
  static constexpr int64_t kKeepNs = 60'000'000'000;
  static constexpr int64_t kKeepFailureNs = 1'000'000'000;
  static constexpr size_t kMaxNames = 10'000;
  static constexpr int64_t kInterruptCheckNs = 20'000'000;

  using Answer = std::variant<std::vector<Endpoint>, Failure>;
  // Blocks until it knows.
  using Lookup = std::function<Answer(const std::string& host)>;

  explicit Resolver(Lookup lookup = AskSystem);
  ~Resolver();

  // getaddrinfo(3).
  static Answer AskSystem(const std::string& host);

  // Waits for the answer on the caller's loop, which must outlive the Resolver. The endpoints' port
  // is 0.
  Task<Answer> Resolve(Loop& loop, std::string host, int64_t deadline_ns, Interrupt* interrupt);

 private:
  struct Entry {
    Answer answer;
    int64_t good_until_ns;
  };
  struct Question {
    std::string host;
    std::function<void(Answer)> answered;
  };

  bool Cached(const std::string& host, Answer* answer);
  void Serve();

  const Lookup lookup_;
  std::mutex mutex_;
  std::condition_variable asked_;
  std::deque<Question> questions_;                // guarded by mutex_
  std::unordered_map<std::string, Entry> cache_;  // guarded by mutex_
  bool stopping_ = false;                         // guarded by mutex_
  std::thread thread_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_ENGINE_RESOLVER_H_
