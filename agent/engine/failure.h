// Why something did not work, in a class that is counted and words for a person.
#ifndef RAMPART_AGENT_ENGINE_FAILURE_H_
#define RAMPART_AGENT_ENGINE_FAILURE_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace rampart::agent {

enum class ErrorKind : uint8_t {
  kInterrupted,    // the run or the user was stopped
  kTimeout,        // nothing in time; the detail says what was waited for
  kDns,            // the name did not resolve
  kTargetRefused,  // no address that this agent connects to: TargetPolicy
  kConnectionRefused,
  kConnectionReset,
  kConnectionClosed,      // the peer closed where an answer was due
  kUnreachable,           // no route, network down
  kPortsExhausted,        // no free source port towards this address (EADDRNOTAVAIL, EADDRINUSE)
  kSourceAddress,         // a source address that this machine does not have, or of another family
  kDescriptorsExhausted,  // the process has no free descriptor (EMFILE)
  kTlsHandshake,
  kTlsCertificate,
  kTls,  // after the handshake
  kBadUrl,
  kBadRequest,   // the request cannot be sent as written: a header with a line break, ...
  kBadResponse,  // not HTTP, or HTTP that contradicts itself
  kHeaderTooLarge,
  kBodyTooLarge,
  kBadEncoding,  // a compressed body that does not decompress
  kTooManyRedirects,
  kWebsocketHandshake,  // the server did not upgrade
  kWebsocketProtocol,   // a frame that RFC 6455 forbids
  kMessageTooLarge,
  kScript,      // an expression of the plan failed
  kPlan,        // a `fail` step
  kHttpStatus,  // a status that the step does not expect
  kGraphql,     // a GraphQL answer with errors, or none at all
  kSocketio,    // what Socket.IO or Engine.IO forbids, or a namespace that refused
  kSse,         // an answer that is no event stream
  kFeed,        // a feed without a row left
  kRendezvous,  // the others did not come in time
  kSystem,      // another error of the operating system
};

// Stable, lower case with underscores: `connection_refused`. Reports and the `error` tag use it.
std::string_view ErrorKindName(ErrorKind kind);

struct Failure {
  ErrorKind kind;
  std::string detail;
};

// What `error` (an errno value) means while `doing` ("connect to 127.0.0.1:80").
Failure FailureFromErrno(int error, std::string_view doing);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_ENGINE_FAILURE_H_
