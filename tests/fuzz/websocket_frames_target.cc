// A server's frames, cut anywhere; and the frames that we write.
#include <simdjson.h>

#include "agent/protocol/websocket_decoder.h"
#include "agent/protocol/websocket_frame.h"
#include "tests/fuzz/fuzz_target.h"

namespace rampart {
namespace {

using agent::WebsocketDecoder;
using Step = WebsocketDecoder::Step;

constexpr size_t kMaxMessage = 4096;

bool IsText(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

struct Said {
  std::vector<std::string> events;
  size_t taken = 0;  // bytes, up to the last event
  bool over = false;

  bool operator==(const Said&) const = default;
};

Said Decode(const std::vector<std::string_view>& pieces) {
  WebsocketDecoder decoder(kMaxMessage);
  Said said;
  size_t before = 0;
  for (const std::string_view piece : pieces) {
    std::string_view rest = piece;
    for (Step step = Step::kPing; step != Step::kMore;) {
      step = decoder.Feed(&rest);
      const size_t taken = before + piece.size() - rest.size();
      switch (step) {
        case Step::kMore:
          FUZZ_CHECK(rest.empty());
          decoder.Release();  // as who waits for more does
          continue;
        case Step::kMessage:
          FUZZ_CHECK(decoder.message().size() <= kMaxMessage);
          FUZZ_CHECK(decoder.binary() || IsText(decoder.message()));
          said.events.push_back((decoder.binary() ? "binary " : "text ") +
                                std::string(decoder.message()));
          break;
        case Step::kPing:
        case Step::kPong:
          FUZZ_CHECK(decoder.control().size() <= agent::kMaxControlPayloadBytes);
          said.events.push_back((step == Step::kPing ? "ping " : "pong ") +
                                std::string(decoder.control()));
          break;
        case Step::kClose:
          FUZZ_CHECK(IsText(decoder.close_reason()));
          FUZZ_CHECK(decoder.close_code() == agent::kCloseNoCode ||
                     agent::IsSendableCloseCode(decoder.close_code()));
          said.events.push_back("close " + std::to_string(decoder.close_code()) + " " +
                                std::string(decoder.close_reason()));
          said.taken = taken;
          said.over = true;
          return said;
        case Step::kFailed:
          // Where it stops within a payload is not the same, what it says is.
          FUZZ_CHECK(agent::IsSendableCloseCode(decoder.failure_close_code()));
          said.events.push_back(std::to_string(decoder.failure_close_code()) + " " +
                                decoder.failure().detail);
          said.over = true;
          return said;
      }
      said.taken = taken;
    }
    before += piece.size();
  }
  return said;
}

// What a server makes of one whole frame of ours.
std::string Unmasked(std::string_view frame, std::string_view mask) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(frame[at]); };
  FUZZ_CHECK(frame.size() >= 6 && (byte(1) & 0x80) != 0);
  uint64_t size = byte(1) & 0x7F;
  const size_t length_bytes = size == 126 ? 2 : size == 127 ? 8 : 0;
  if (length_bytes > 0) size = 0;
  for (size_t i = 0; i < length_bytes; ++i) size = size << 8 | byte(2 + i);
  const size_t head = 2 + length_bytes + 4;
  FUZZ_CHECK(frame.size() == head + size);
  FUZZ_CHECK(frame.substr(head - 4, 4) == mask);
  std::string payload(frame.substr(head));
  for (size_t i = 0; i < payload.size(); ++i) {
    payload[i] = static_cast<char>(payload[i] ^ mask[i % 4]);
  }
  return payload;
}

}  // namespace

void FuzzWebsocketFrames(std::string_view input) {
  const CutInput cut(input);
  SameHoweverCut(cut, Decode);

  FUZZ_CHECK(agent::IsUtf8(cut.whole) == IsText(cut.whole));
  agent::Utf8Check check;
  bool good = true;
  for (const std::string_view piece : cut.pieces) good = good && check.Take(piece);
  FUZZ_CHECK((good && check.complete()) == IsText(cut.whole));

  if (input.size() < 4) return;
  const std::string_view mask = input.substr(0, 4);
  std::string frame;
  agent::AppendFrame(agent::WebsocketOpcode::kBinary, cut.whole,
                     {static_cast<unsigned char>(mask[0]), static_cast<unsigned char>(mask[1]),
                      static_cast<unsigned char>(mask[2]), static_cast<unsigned char>(mask[3])},
                     &frame);
  FUZZ_CHECK(Unmasked(frame, mask) == cut.whole);

  const std::string closing = agent::ClosePayload(1000, cut.whole);
  FUZZ_CHECK(closing.size() <= agent::kMaxControlPayloadBytes);
  FUZZ_CHECK(!IsText(cut.whole) || IsText(closing.substr(2)));
}

}  // namespace rampart
