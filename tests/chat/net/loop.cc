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

void Loop::Sweep() {
  const auto time = now();
  for (auto it = connections_.begin(); it != connections_.end();) {
    Connection& connection = *it++;  // closing only cancels: the owner takes it off later
    if (connection.Expired(time)) connection.Close();
  }
  if (stopping_ && (connections_.empty() || time >= stop_at_)) {
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
  for (Connection& connection : connections_) {
    if (connection.shutdown_listener() != nullptr) {
      connection.shutdown_listener()->OnShutdown();
    } else if (connection.idle()) {
      connection.Close();
    }
  }
  sweep_.cancel();  // its handler sweeps at once, and often from now on
}

}  // namespace rampart::chat
