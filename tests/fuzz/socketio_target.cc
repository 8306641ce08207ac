// Packets of Engine.IO and Socket.IO: what is read and written again reads the same.
#include <simdjson.h>

#include "agent/protocol/engineio.h"
#include "agent/protocol/socketio_packet.h"
#include "tests/fuzz/fuzz_target.h"

namespace rampart {
namespace {

using agent::SocketioPacket;

bool IsJson(std::string_view text) {
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  return parser.parse(simdjson::padded_string(text)).get(element) == simdjson::SUCCESS;
}

void CheckEvent(std::string_view json) {
  const auto event = agent::ParseSocketioEvent(json);
  if (!event.ok()) return;
  FUZZ_CHECK(agent::CheckSocketioList(json).ok());
  FUZZ_CHECK(IsJson(event->args) && agent::CheckSocketioList(event->args).ok());
  std::string again;
  agent::AppendSocketioEvent(event->name, event->args, &again);
  const auto parsed = agent::ParseSocketioEvent(again);
  FUZZ_CHECK(parsed.ok());
  FUZZ_CHECK(parsed->name == event->name && parsed->args == event->args);
}

}  // namespace

void FuzzSocketio(std::string_view input) {
  (void)agent::SocketioRefusal(input);
  const auto open = agent::ParseEngineioOpen(input);
  if (open.ok()) FUZZ_CHECK(open->ping_interval_ns > 0 && open->ping_timeout_ns > 0);
  CheckEvent(input);

  const auto outer = agent::ParseEngineio(input);
  if (!outer.ok()) return;
  FUZZ_CHECK(outer->data.size() + 1 == input.size());
  const auto packet = agent::ParseSocketio(outer->data);
  if (!packet.ok()) return;
  FUZZ_CHECK(packet->attachments <= SocketioPacket::kMaxAttachments);
  FUZZ_CHECK(packet->space.starts_with('/'));
  FUZZ_CHECK(packet->space.find(',') == std::string_view::npos);
  CheckEvent(packet->json);
  if (packet->json.starts_with('/')) return;  // no JSON, and a namespace when it is written
  std::string again;
  agent::AppendSocketio(*packet, &again);
  const auto message = agent::ParseEngineio(again);
  FUZZ_CHECK(message.ok() && message->type == agent::EngineioType::kMessage);
  const auto parsed = agent::ParseSocketio(message->data);
  FUZZ_CHECK(parsed.ok());
  FUZZ_CHECK(parsed->type == packet->type && parsed->attachments == packet->attachments);
  FUZZ_CHECK(parsed->space == packet->space && parsed->id == packet->id);
  FUZZ_CHECK(parsed->json == packet->json);
}

}  // namespace rampart
