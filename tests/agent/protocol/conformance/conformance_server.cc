#include "tests/agent/protocol/conformance/conformance_server.h"

#include <algorithm>
#include <boost/asio/write.hpp>
#include <cstdint>

namespace rampart::agent {
namespace {

namespace asio = boost::asio;

constexpr size_t kMaxWrites = 1000;  // of a chopped case

void Write(BoostTcp::socket& socket, std::string_view bytes, Cut cut) {
  socket.set_option(BoostTcp::no_delay(true));
  const size_t piece = cut == Cut::kWhole ? bytes.size() : 1 + bytes.size() / kMaxWrites;
  // A client that has seen enough has gone: what it said before is still to be read.
  boost::system::error_code error;
  while (!bytes.empty() && !error) {
    asio::write(socket, asio::buffer(bytes.substr(0, piece)), error);
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
}

std::string_view OpcodeName(unsigned opcode) {
  switch (opcode) {
    case kText:
      return "text";
    case kBinary:
      return "binary";
    case kClose:
      return "close";
    case kPing:
      return "ping";
    case kPong:
      return "pong";
    default:
      return "";
  }
}

}  // namespace

std::string Shown(std::string_view payload) {
  constexpr size_t kShown = 64;
  const bool alike = !payload.empty() && payload.find_first_not_of(payload[0]) == payload.npos;
  if (payload.size() <= kShown || !alike) return std::string(payload);
  return std::to_string(payload.size()) + " x " + std::string(1, payload[0]);
}

ConformanceCase Right(std::string number, std::string name, const std::string& frames,
                      std::vector<std::string> events, std::vector<std::string> seen) {
  events.push_back("closed 1000");
  seen.push_back("close 1000");
  return {std::move(number), std::move(name), frames + CloseFrame(1000), std::move(events),
          std::move(seen)};
}

ConformanceCase Wrong(std::string number, std::string name, std::string bytes, int code,
                      std::vector<std::string> before) {
  std::vector<std::string> events = before;
  events.push_back(code == kCloseTooLarge ? "failed message_too_large"
                                          : "failed websocket_protocol");
  before.push_back("close " + std::to_string(code));
  return {std::move(number), std::move(name), std::move(bytes), std::move(events),
          std::move(before)};
}

bool ClientFrames::Forbidden(const std::string& why) {
  lines_.push_back("forbidden: " + why);
  closed_ = true;
  return false;
}

void ClientFrames::Take(std::string_view bytes) {
  bytes_.append(bytes);
  while (TakeFrame()) {
  }
}

bool ClientFrames::TakeFrame() {
  const auto byte = [this](size_t at) { return static_cast<unsigned char>(bytes_[at]); };
  if (closed_ || bytes_.size() < 2) return false;
  const unsigned opcode = byte(0) & 0x0F;
  if ((byte(0) & 0x70) != 0) return Forbidden("reserved bits");
  if ((byte(0) & kFin) == 0) return Forbidden("a fragment, which our client never sends");
  if (OpcodeName(opcode).empty()) return Forbidden("opcode " + std::to_string(opcode));
  if ((byte(1) & 0x80) == 0) return Forbidden("a frame without a mask");
  uint64_t size = byte(1) & 0x7F;
  const size_t length_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (opcode >= kClose && length_bytes > 0) return Forbidden("a long control frame");
  const size_t head_bytes = 2 + length_bytes + 4;
  if (bytes_.size() < head_bytes) return false;
  if (length_bytes > 0) {
    size = 0;
    for (size_t i = 0; i < length_bytes; ++i) size = size << 8 | byte(2 + i);
    if (size <= (length_bytes == 2 ? 125u : 0xFFFFu)) return Forbidden("a length in a long form");
  }
  if (bytes_.size() - head_bytes < size) return false;
  std::string payload = bytes_.substr(head_bytes, size);
  for (size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ bytes_[head_bytes - 4 + i % 4]);
  }
  bytes_.erase(0, head_bytes + size);
  std::string line(OpcodeName(opcode));
  if (opcode == kClose) {
    closed_ = true;
    if (payload.size() == 1) return Forbidden("a Close frame of one byte");
    if (payload.size() >= 2) {
      const auto code = [&payload](size_t i) { return static_cast<unsigned char>(payload[i]); };
      line += " " + std::to_string(code(0) << 8 | code(1));
      payload.erase(0, 2);
    }
  }
  if (!payload.empty()) line += " " + Shown(payload);
  lines_.push_back(std::move(line));
  return true;
}

std::vector<std::string> ServeCase(const ConformanceCase& conformance_case, Cut cut,
                                   BoostTcp::socket& socket) {
  const std::string granted = GrantUpgrade(ReadUpgrade(socket));
  Write(socket, granted + conformance_case.sent, cut);
  ClientFrames frames;
  std::vector<char> piece(64 * 1024);
  boost::system::error_code error;
  for (bool ended = false;;) {
    const size_t got = socket.read_some(asio::buffer(piece), error);
    if (error) break;
    frames.Take({piece.data(), got});
    if (frames.closed() && !ended) {
      ended = true;
      boost::system::error_code gone;
      socket.shutdown(BoostTcp::socket::shutdown_send, gone);
    }
  }
  std::vector<std::string> seen = frames.lines();
  if (frames.left_bytes() > 0) {
    seen.push_back("and " + std::to_string(frames.left_bytes()) + " bytes that are no frame");
  }
  return seen;
}

void ServeHandshake(const HandshakeCase& handshake, Cut cut, BoostTcp::socket& socket) {
  constexpr std::string_view kAccept = "{accept}";
  std::string answer = handshake.answer;
  const std::string accept = WebsocketAcceptFor(ReadUpgrade(socket));
  for (size_t at; (at = answer.find(kAccept)) != std::string::npos;) {
    answer.replace(at, kAccept.size(), accept);
  }
  Write(socket, answer, cut);
  ReadToEnd(socket);
}

}  // namespace rampart::agent
