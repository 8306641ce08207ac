#include "agent/engine/failure.h"

#include <cerrno>
#include <cstring>

namespace rampart::agent {

std::string_view ErrorKindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInterrupted:
      return "interrupted";
    case ErrorKind::kTimeout:
      return "timeout";
    case ErrorKind::kDns:
      return "dns";
    case ErrorKind::kTargetRefused:
      return "target_refused";
    case ErrorKind::kConnectionRefused:
      return "connection_refused";
    case ErrorKind::kConnectionReset:
      return "connection_reset";
    case ErrorKind::kConnectionClosed:
      return "connection_closed";
    case ErrorKind::kUnreachable:
      return "unreachable";
    case ErrorKind::kPortsExhausted:
      return "ports_exhausted";
    case ErrorKind::kSourceAddress:
      return "source_address";
    case ErrorKind::kDescriptorsExhausted:
      return "descriptors_exhausted";
    case ErrorKind::kTlsHandshake:
      return "tls_handshake";
    case ErrorKind::kTlsCertificate:
      return "tls_certificate";
    case ErrorKind::kTls:
      return "tls";
    case ErrorKind::kBadUrl:
      return "bad_url";
    case ErrorKind::kBadRequest:
      return "bad_request";
    case ErrorKind::kBadResponse:
      return "bad_response";
    case ErrorKind::kHeaderTooLarge:
      return "header_too_large";
    case ErrorKind::kBodyTooLarge:
      return "body_too_large";
    case ErrorKind::kBadEncoding:
      return "bad_encoding";
    case ErrorKind::kTooManyRedirects:
      return "too_many_redirects";
    case ErrorKind::kWebsocketHandshake:
      return "websocket_handshake";
    case ErrorKind::kWebsocketProtocol:
      return "websocket_protocol";
    case ErrorKind::kMessageTooLarge:
      return "message_too_large";
    case ErrorKind::kScript:
      return "script";
    case ErrorKind::kPlan:
      return "plan";
    case ErrorKind::kHttpStatus:
      return "http_status";
    case ErrorKind::kGraphql:
      return "graphql";
    case ErrorKind::kSocketio:
      return "socketio";
    case ErrorKind::kSse:
      return "sse";
    case ErrorKind::kFeed:
      return "feed";
    case ErrorKind::kRendezvous:
      return "rendezvous";
    case ErrorKind::kSystem:
      return "system";
  }
  return "unknown";
}

Failure FailureFromErrno(int error, std::string_view doing) {
  const std::string detail = std::string(doing) + ": " + std::strerror(error);
  switch (error) {
    case ECONNREFUSED:
      return {ErrorKind::kConnectionRefused, detail};
    case ECONNRESET:
    case EPIPE:
      return {ErrorKind::kConnectionReset, detail};
    case ETIMEDOUT:
      return {ErrorKind::kTimeout, detail};
    case ENETUNREACH:
    case EHOSTUNREACH:
    case ENETDOWN:
      return {ErrorKind::kUnreachable, detail};
    case EADDRNOTAVAIL:
    case EADDRINUSE:
      return {
          ErrorKind::kPortsExhausted,
          detail +
              " (no free source port towards this address: use more source addresses (--sources "
              "of the controller, --source of an agent) or a wider "
              "net.ipv4.ip_local_port_range)"};
    case EMFILE:
    case ENFILE:
      return {ErrorKind::kDescriptorsExhausted,
              detail + " (raise the limit of open files or use more agents)"};
    default:
      return {ErrorKind::kSystem, detail};
  }
}

}  // namespace rampart::agent
