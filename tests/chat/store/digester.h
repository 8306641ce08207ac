// Hashes uploaded files in the background.
#ifndef RAMPART_TESTS_CHAT_STORE_DIGESTER_H_
#define RAMPART_TESTS_CHAT_STORE_DIGESTER_H_

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>

#include "tests/chat/store/store.h"

namespace rampart::chat {

// A thread that computes the SHA-256 of files and marks them as processed. Owned by App; Submit is
// thread-safe. What is queued when it ends stays `processing` and is resumed at the next start.
class Digester {
 public:
  static constexpr size_t kMaxQueued = 10000;

  // Begins with the files that the last run left.
  explicit Digester(Store& store);
  ~Digester();

  // False: the queue is full.
  bool Submit(int64_t file_id);

 private:
  void Run();
  void Process(int64_t file_id);

  Store& store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<int64_t> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_STORE_DIGESTER_H_
