#include "tests/faults/cluster/target.h"

#include <gtest/gtest.h>
#include <simdjson.h>

#include <utility>

namespace rampart::faults {
namespace {

uint64_t Number(simdjson::dom::element json, const char* key) {
  uint64_t number = 0;
  EXPECT_EQ(json[key].get(number), simdjson::SUCCESS) << key;
  return number;
}

}  // namespace

Look::Address Look::Sum(const std::string& without) const {
  Address sum;
  for (const auto& [address, counts] : addresses) {
    if (address == without) continue;
    sum.opened += counts.opened;
    sum.open += counts.open;
    sum.received += counts.received;
  }
  return sum;
}

Target::Target(const std::string& address)
    : chat_(PROGRAM_DIR "/chat", {"--watch-sockets"}, address), thread_([this] {
        while (!ending_) {
          const Time next = Clock::now() + kPeriod;
          Look look = Now();
          {
            const std::lock_guard lock(mutex_);
            looks_.push_back(std::move(look));
            looked_.notify_all();
          }
          std::this_thread::sleep_until(next);
        }
      }) {}

Target::~Target() {
  ending_ = true;
  thread_.join();
}

Look Target::Now() const {
  const std::string answer = chat_.Get("/api/stats/sockets");
  Look look;
  look.at = Clock::now();
  simdjson::dom::parser parser;
  simdjson::dom::element json;
  const size_t body = answer.find("\r\n\r\n");
  if (body == std::string::npos || parser.parse(answer.substr(body + 4)).get(json)) {
    ADD_FAILURE() << "the chat server does not say its counts: " << answer;
    return look;
  }
  look.users_open = Number(json, "users_open");
  look.users_twice = Number(json, "users_twice");
  look.stale_messages = Number(json, "stale_messages");
  simdjson::dom::object addresses;
  EXPECT_EQ(json["addresses"].get(addresses), simdjson::SUCCESS);
  for (const auto& [address, counts] : addresses) {
    look.addresses[std::string(address)] = {Number(counts, "opened"), Number(counts, "open"),
                                            Number(counts, "received"),
                                            static_cast<int64_t>(Number(counts, "quiet_ms"))};
  }
  return look;
}

std::optional<Look> Target::WaitFor(const std::string& what,
                                    const std::function<bool(const Look&)>& holds,
                                    std::chrono::milliseconds patience) {
  const Time give_up = Clock::now() + patience;
  std::unique_lock lock(mutex_);
  const size_t begin = looks_.size();
  for (size_t i = begin; Clock::now() < give_up;) {
    if (i < looks_.size()) {
      if (holds(looks_[i])) return looks_[i];
      ++i;
    } else {
      looked_.wait_until(lock, give_up);
    }
  }
  lock.unlock();
  ADD_FAILURE() << "never within " << patience.count() << " ms: " << what << ". The target says "
                << chat_.Get("/api/stats/sockets");
  return std::nullopt;
}

Look Target::Before(Time time) const {
  const std::lock_guard lock(mutex_);
  Look last;
  for (const Look& look : looks_) {
    if (look.at <= time) last = look;
  }
  return last;
}

std::vector<Look> Target::Since(Time time) const {
  const std::lock_guard lock(mutex_);
  std::vector<Look> found;
  for (const Look& look : looks_) {
    if (look.at >= time) found.push_back(look);
  }
  return found;
}

}  // namespace rampart::faults
