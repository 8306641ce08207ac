// Transport: a connected byte stream, plain or TLS, for one coroutine at a time.
#ifndef RAMPART_AGENT_ENGINE_TRANSPORT_H_
#define RAMPART_AGENT_ENGINE_TRANSPORT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "agent/engine/failure.h"
#include "agent/engine/resolver.h"
#include "agent/engine/socket.h"
#include "agent/engine/source_addresses.h"
#include "agent/engine/task.h"
#include "agent/engine/tls.h"
#include "common/net/target_policy.h"

namespace rampart::agent {

// What connecting took, in nanoseconds; zero for what there was none of.
struct ConnectTimes {
  int64_t lookup_ns = 0;      // DNS, and everything else before the first packet
  int64_t connecting_ns = 0;  // TCP
  int64_t tls_ns = 0;
};

class Transport {
 public:
  // One step of reading or writing. kBlocked: wait with ToReceive or ToSend, then call again. After
  // kFailed, failure() says why.
  enum class Step : uint8_t { kDone, kBlocked, kClosed, kFailed };
  struct Moved {
    Step step;
    size_t bytes = 0;
  };

  // Takes over `fd`, which must be non-blocking.
  Transport(Loop& loop, int fd) : socket_(loop, fd) {}

  Moved Receive(char* buffer, size_t size);
  Moved Send(std::string_view bytes);
  Waiter ToReceive(int64_t deadline_ns, Interrupt* interrupt) {
    return Waiter(socket_.loop(), &socket_, receive_wants_, deadline_ns, interrupt);
  }
  Waiter ToSend(int64_t deadline_ns, Interrupt* interrupt) {
    return Waiter(socket_.loop(), &socket_, send_wants_, deadline_ns, interrupt);
  }
  // False when Receive would find nothing, known without a system call: what comes is announced.
  // TLS may hold decrypted bytes, of which nobody hears.
  bool MayReceive() const { return secure() || socket_.MayReceive(); }
  // Either of them, for who has something to send while it listens.
  Waiter ToReceiveOrSend(int64_t deadline_ns, Interrupt* interrupt) {
    return Waiter(socket_.loop(), &socket_, receive_wants_ | send_wants_, deadline_ns, interrupt);
  }

  // Sends all of `bytes`, which must stay valid. A failure is kTimeout or kInterrupted where the
  // wait ended so.
  Task<std::optional<Failure>> SendAll(std::string_view bytes, int64_t deadline_ns,
                                       Interrupt* interrupt);

  // False when the peer has closed or has sent something that nobody asked for: not to be used
  // again.
  bool Reusable() const { return !socket_.hung_up(); }

  Failure failure() const { return failure_ ? *failure_ : Failure{ErrorKind::kSystem, ""}; }
  Loop& loop() const { return socket_.loop(); }
  bool secure() const { return ssl_ != nullptr; }
  // Makes the kernel answer with RST instead of keeping the address for a minute after closing.
  void CloseHard();

 private:
  friend class Connector;

  Moved FromSsl(int result, uint8_t* wants);
  Moved Fail(Failure failure);

  Socket socket_;
  uint8_t receive_wants_ = EPOLLIN;
  uint8_t send_wants_ = EPOLLOUT;
  const TlsContext* tls_ = nullptr;  // of ssl_
  SslHandle ssl_;
  std::unique_ptr<Failure> failure_;
};

// A failed or interrupted wait as a Failure; `doing` says what was waited for.
Failure FailureFromWake(Wake wake, std::string_view doing);

// Opens transports for one engine thread. There is no other way to a target, and none past the
// policy.
class Connector {
 public:
  using Result = std::variant<std::unique_ptr<Transport>, Failure>;

  // All must outlive the connector.
  Connector(Loop& loop, Resolver& resolver, const TlsContext& tls, SourceAddresses sources = {},
            TargetPolicy targets = {})
      : loop_(loop),
        resolver_(resolver),
        tls_(tls),
        sources_(std::move(sources)),
        targets_(std::move(targets)) {}

  // Resolves `host`, tries those of its addresses in turn that the policy allows, and makes the TLS
  // handshake when `secure`.
  Task<Result> Connect(const std::string& host, uint16_t port, bool secure, int64_t deadline_ns,
                       Interrupt* interrupt, ConnectTimes* times);

  Loop& loop() const { return loop_; }

 private:
  // kTargetRefused, with the policy's words alone, before there is a socket.
  Task<Result> ConnectTo(Endpoint endpoint, int64_t deadline_ns, Interrupt* interrupt);
  Task<std::optional<Failure>> Handshake(Transport& transport, const std::string& host,
                                         int64_t deadline_ns, Interrupt* interrupt);

  Loop& loop_;
  Resolver& resolver_;
  const TlsContext& tls_;
  SourceAddresses sources_;
  const TargetPolicy targets_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_ENGINE_TRANSPORT_H_
