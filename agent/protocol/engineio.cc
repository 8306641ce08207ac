#include "agent/protocol/engineio.h"

#include <simdjson.h>

#include <algorithm>

#include "absl/status/status.h"
#include "agent/protocol/url.h"

namespace rampart::agent {
namespace {

constexpr int64_t kMaxPingMs = 24 * 3600 * 1000;

bool HasParameter(std::string_view query, std::string_view name) {
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view one = query.substr(0, end);
    if (one.starts_with(name) && one.substr(name.size()).starts_with('=')) return true;
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return false;
}

}  // namespace

absl::StatusOr<EngineioPacket> ParseEngineio(std::string_view text) {
  if (text.empty()) return absl::InvalidArgumentError("an empty Engine.IO packet");
  if (text[0] < '0' || text[0] > '6') {
    return absl::InvalidArgumentError("an Engine.IO packet of no known type");
  }
  return EngineioPacket{static_cast<EngineioType>(text[0]), text.substr(1)};
}

absl::StatusOr<EngineioOpen> ParseEngineioOpen(std::string_view json) {
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(json);
  simdjson::dom::element open;
  int64_t interval_ms = 0;
  int64_t timeout_ms = 0;
  if (parser.parse(padded).get(open) != simdjson::SUCCESS ||
      open["pingInterval"].get(interval_ms) != simdjson::SUCCESS ||
      open["pingTimeout"].get(timeout_ms) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(
        "an Engine.IO open packet without pingInterval and pingTimeout: is this Socket.IO 3 or "
        "newer?");
  }
  if (interval_ms <= 0 || interval_ms > kMaxPingMs || timeout_ms <= 0 || timeout_ms > kMaxPingMs) {
    return absl::InvalidArgumentError(
        "the pingInterval or pingTimeout of the Engine.IO open packet is not between 1 ms and a "
        "day");
  }
  EngineioOpen result;
  result.ping_interval_ns = interval_ms * 1'000'000;
  result.ping_timeout_ns = timeout_ms * 1'000'000;
  uint64_t max_payload = 0;
  if (open["maxPayload"].get(max_payload) == simdjson::SUCCESS) {
    result.max_payload_bytes = max_payload;
  }
  return result;
}

absl::StatusOr<std::string> SocketioAddress(std::string_view url) {
  const absl::StatusOr<Url> parsed = Url::Parse(url);
  if (!parsed.ok()) return parsed.status();
  const size_t mark = std::min(parsed->target.find('?'), parsed->target.size());
  std::string_view path = parsed->target.substr(0, mark);
  const std::string_view query = parsed->target.substr(std::min(mark + 1, parsed->target.size()));
  if (path.empty() || path == "/") path = "/socket.io/";
  std::string address = (parsed->secure ? "wss://" : "ws://") + std::string(parsed->authority);
  address += path;
  if (!path.ends_with('/')) address += '/';  // as the server's own clients do
  char separator = '?';
  const auto add = [&](std::string_view parameters) {
    if (parameters.empty()) return;
    address += separator;
    address += parameters;
    separator = '&';
  };
  add(query);
  if (!HasParameter(query, "EIO")) add("EIO=4");
  if (!HasParameter(query, "transport")) add("transport=websocket");
  return address;
}

}  // namespace rampart::agent
