#include "agent/engine/resolver.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

namespace rampart::agent {
std::string Endpoint::Host() const {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr, text,
              sizeof(text));
  } else {
    inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr, text,
              sizeof(text));
  }
  return text;
}

std::string Endpoint::ToString() const {
  if (address.ss_family == AF_INET) {
    const in_port_t port = reinterpret_cast<const sockaddr_in*>(&address)->sin_port;
    return Host() + ":" + std::to_string(ntohs(port));
  }
  const in_port_t port = reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port;
  return "[" + Host() + "]:" + std::to_string(ntohs(port));
}

void Endpoint::SetPort(uint16_t port) {
  if (address.ss_family == AF_INET) {
    reinterpret_cast<sockaddr_in*>(&address)->sin_port = htons(port);
  } else {
    reinterpret_cast<sockaddr_in6*>(&address)->sin6_port = htons(port);
  }
}

Endpoint NumericEndpoint(const std::string& host) {
  Endpoint endpoint;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&endpoint.address);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&endpoint.address);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    endpoint.size = sizeof(sockaddr_in);
  } else if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    endpoint.size = sizeof(sockaddr_in6);
  }
  return endpoint;
}

IpAddress Endpoint::Ip() const {
  IpAddress ip;
  if (address.ss_family == AF_INET) {
    std::memcpy(ip.bytes.data(), &reinterpret_cast<const sockaddr_in*>(&address)->sin_addr, 4);
  } else {
    ip.v6 = true;
    std::memcpy(ip.bytes.data(), &reinterpret_cast<const sockaddr_in6*>(&address)->sin6_addr, 16);
  }
  return ip;
}

Resolver::Answer Resolver::AskSystem(const std::string& host) {
  addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  int error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  // AI_ADDRCONFIG leaves loopback out of account: on a host with no other address `localhost` would
  // not resolve with it.
  if (error != 0) {
    hints.ai_flags = 0;
    error = getaddrinfo(host.c_str(), nullptr, &hints, &found);
  }
  if (error != 0) {
    return Failure{ErrorKind::kDns, "resolve " + host + ": " + gai_strerror(error)};
  }
  std::vector<Endpoint> endpoints;
  for (const addrinfo* info = found; info != nullptr; info = info->ai_next) {
    Endpoint endpoint;
    std::memcpy(&endpoint.address, info->ai_addr, info->ai_addrlen);
    endpoint.size = info->ai_addrlen;
    endpoints.push_back(endpoint);
  }
  freeaddrinfo(found);
  return endpoints;
}

Resolver::Resolver(Lookup lookup) : lookup_(std::move(lookup)), thread_([this] { Serve(); }) {}

Resolver::~Resolver() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  asked_.notify_one();
  thread_.join();
}

bool Resolver::Cached(const std::string& host, Answer* answer) {
  const std::lock_guard lock(mutex_);
  const auto found = cache_.find(host);
  if (found == cache_.end() || found->second.good_until_ns < MonotonicNow()) return false;
  *answer = found->second.answer;
  return true;
}

void Resolver::Serve() {
  std::unique_lock lock(mutex_);
  for (;;) {
    asked_.wait(lock, [this] { return stopping_ || !questions_.empty(); });
    if (stopping_) return;
    Question question = std::move(questions_.front());
    questions_.pop_front();
    const auto found = cache_.find(question.host);
    Answer answer;
    if (found != cache_.end() && found->second.good_until_ns >= MonotonicNow()) {
      answer = found->second.answer;  // another user asked for the same name meanwhile
    } else {
      lock.unlock();
      answer = lookup_(question.host);
      lock.lock();
      if (cache_.size() >= kMaxNames) cache_.clear();
      const bool good = std::holds_alternative<std::vector<Endpoint>>(answer);
      cache_[question.host] = {answer, MonotonicNow() + (good ? kKeepNs : kKeepFailureNs)};
    }
    question.answered(std::move(answer));
  }
}

Task<Resolver::Answer> Resolver::Resolve(Loop& loop, std::string host, int64_t deadline_ns,
                                         Interrupt* interrupt) {
  Answer answer;
  if (Cached(host, &answer)) co_return answer;

  // The question outlives a user that gave up, so what they share is on the heap. A lookup ends by
  // making the wait's own interrupt-like flag ready on the loop's thread.
  struct Lookup {
    Answer answer;
    Interrupt done;
  };
  auto lookup = std::make_shared<Lookup>();
  {
    const std::lock_guard lock(mutex_);
    questions_.push_back({host, [lookup, &loop](Answer found) {
                            loop.Post([lookup, found = std::move(found)]() mutable {
                              lookup->answer = std::move(found);
                              lookup->done.Request();
                            });
                          }});
  }
  asked_.notify_one();
  // The user's own interrupt is looked at between short waits: a wait has one interrupt, and this
  // one is taken by the answer.
  while (!lookup->done.requested()) {
    if (interrupt != nullptr && interrupt->requested()) {
      co_return Failure{ErrorKind::kInterrupted, "resolve " + host};
    }
    if (MonotonicNow() >= deadline_ns) {
      co_return Failure{ErrorKind::kTimeout, "resolve " + host + ": no answer in time"};
    }
    co_await loop.SleepUntil(std::min(deadline_ns, MonotonicNow() + kInterruptCheckNs),
                             &lookup->done);
  }
  co_return std::move(lookup->answer);
}

}  // namespace rampart::agent
