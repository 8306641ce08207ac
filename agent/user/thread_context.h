// ThreadContext: what all users of one engine thread share.
#ifndef RAMPART_AGENT_USER_THREAD_CONTEXT_H_
#define RAMPART_AGENT_USER_THREAD_CONTEXT_H_

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agent/engine/loop.h"
#include "agent/engine/transport.h"
#include "agent/protocol/http_response.h"
#include "agent/protocol/multipart_body.h"
#include "agent/script/scope.h"
#include "agent/stats/recorder.h"
#include "agent/user/compiled/step_parts.h"
#include "agent/user/pause.h"
#include "agent/user/walk/meeting.h"
#include "common/script/script.h"

namespace rampart::agent {

class FeedCursors;

// The run's clock: 0 is the agreed start. Any thread.
class RunClock {
 public:
  void Begin(int64_t start_ns) { start_ns_.store(start_ns, std::memory_order_relaxed); }
  // -1 until the start is known.
  int64_t Now() const { return At(MonotonicNow()); }
  int64_t At(int64_t monotonic_ns) const {
    const int64_t start_ns = start_ns_.load(std::memory_order_relaxed);
    return start_ns == kNever ? -1 : monotonic_ns - start_ns;
  }

 private:
  std::atomic<int64_t> start_ns_ = kNever;
};

// How well a thread kept to the schedule since it was last asked.
struct ThreadHealth {
  static constexpr int64_t kLateNs = 10'000'000;

  uint64_t late_starts = 0;
  int64_t late_max_ns = 0;
  Histogram loop_lag_ms;

  void Started(int64_t late_ns) {
    if (late_ns <= kLateNs) return;
    ++late_starts;
    late_max_ns = std::max(late_max_ns, late_ns);
  }
};

// What one exchange needs while it lasts.
struct ExchangeBuffers {
  std::string url;
  std::string headers;
  std::string body;
  std::string location;
  MultipartBody multipart;
  HttpResponse response;
};

// Buffers that are used again: there are as many as there were exchanges at a time.
class BufferPool {
 public:
  static constexpr size_t kMaxKept = 256;
  static constexpr size_t kMaxKeptBytes = 64 * 1024;  // larger ones are given back to the heap

  std::unique_ptr<ExchangeBuffers> Take() {
    if (free_.empty()) return std::make_unique<ExchangeBuffers>();
    std::unique_ptr<ExchangeBuffers> buffers = std::move(free_.back());
    free_.pop_back();
    return buffers;
  }
  void Return(std::unique_ptr<ExchangeBuffers> buffers) {
    if (buffers == nullptr || free_.size() >= kMaxKept) return;
    if (buffers->response.body.capacity() + buffers->body.capacity() > kMaxKeptBytes) return;
    free_.push_back(std::move(buffers));
  }

 private:
  std::vector<std::unique_ptr<ExchangeBuffers>> free_;
};

struct ThreadContext {
  Loop& loop;
  Connector& connector;
  Script& script;
  ScopeNames& names;
  Recorder& recorder;
  const RunClock& clock;
  Pause& pause;
  FeedCursors* feeds = nullptr;  // set when the plan is known
  bool keeps_response = false;
  HashUses hashes = {};  // that any step has to make
  bool measures_bodies = false;
  SeriesId vus = 0;
  SeriesId vus_max = 0;
  ThreadHealth health = {};
  BufferPool buffers = {};
  std::vector<std::unique_ptr<Meeting>> meetings = {};  // as RendezvousOf numbers them
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_THREAD_CONTEXT_H_
