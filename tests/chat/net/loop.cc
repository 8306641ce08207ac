#include "tests/chat/net/loop.h"

#include <boost/asio/post.hpp>

namespace rampart::chat {
namespace {

constexpr std::chrono::milliseconds kSweepPeriod{500};
constexpr std::chrono::milliseconds kShutdownPoll{20};
constexpr std::chrono::seconds kShutdownTimeout{2};

}  // namespace

Loop::Loop(Counters& counters)
    : counters_(counters),
      scratch_(std::make_unique<char[]>(kScratchBytes)),
      context_(1),
      sweep_(context_) {}

void Loop::Run() {
  Sweep();
  context_.run();
}

void Loop::Forget(Connection& connection) {
  auto& list = connection.expires() ? expiring_ : lasting_;
  list.erase(list.iterator_to(connection));
}

void Loop::GotDeadline(Connection& connection) {
  lasting_.erase(lasting_.iterator_to(connection));
  expiring_.push_back(connection);
}

void Loop::LostDeadline(Connection& connection) {
  expiring_.erase(expiring_.iterator_to(connection));
  lasting_.push_back(connection);
}

void Loop::Sweep() {
  const auto time = now();
  for (auto it = expiring_.begin(); it != expiring_.end();) {
    Connection& connection = *it++;  // closing only cancels: the owner takes it off later
    if (connection.Expired(time)) connection.Close();
  }
  if (stopping_ && ((expiring_.empty() && lasting_.empty()) || time >= stop_at_)) {
    context_.stop();
    return;
  }
  sweep_.expires_after(stopping_ ? kShutdownPoll : kSweepPeriod);
  sweep_.async_wait([this](error_code) { Sweep(); });
}

void Loop::BeginShutdown() {
  asio::post(context_, [this] { ShutDown(); });
}

void Loop::ShutDown() {
  if (stopping_) return;
  stopping_ = true;
  stop_at_ = now() + kShutdownTimeout;
  // Who lasts may get a deadline by it, and goes to the other list.
  for (auto* list : {&expiring_, &lasting_}) {
    for (auto it = list->begin(); it != list->end();) {
      Connection& connection = *it++;
      if (connection.shutdown_listener() != nullptr) {
        connection.shutdown_listener()->OnShutdown();
      } else if (connection.idle()) {
        connection.Close();
      }
    }
  }
  sweep_.cancel();  // its handler sweeps at once, and often from now on
}

}  // namespace rampart::chat
