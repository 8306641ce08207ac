#include "agent/protocol/socketio_packet.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

#include "absl/status/status.h"
#include "common/script/json.h"

namespace rampart::agent {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

absl::Status Bad(std::string_view why, std::string_view text) {
  constexpr size_t kShown = 60;
  std::string shown(text.substr(0, kShown));
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return absl::InvalidArgumentError("a Socket.IO packet " + std::string(why) + ": `" + shown + "`");
}

// Takes the digits at the front of `text`. Nothing when there is none; false when they are no
// number of this type.
template <typename Number>
bool TakeNumber(std::string_view* text, std::optional<Number>* number) {
  Number value = 0;
  if (text->empty() || (*text)[0] < '0' || (*text)[0] > '9') return true;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
  if (error != std::errc()) return false;
  *number = value;
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return true;
}

// Calls `use` with the document, whose memory it must not keep.
template <typename Use>
bool WithJson(std::string_view json, Use use) {
  static thread_local simdjson::dom::parser parser;
  const simdjson::padded_string padded(json);
  simdjson::dom::element element;
  return parser.parse(padded).get(element) == simdjson::SUCCESS && use(element);
}

bool IsList(simdjson::dom::element element) { return element.is_array(); }

// What stands behind the first element of a JSON list that is known to be right, and whose first
// element is a string or a number: empty or `,...`, up to the `]` and with it.
std::string_view BehindFirst(std::string_view json) {
  json.remove_prefix(json.find('[') + 1);
  json.remove_prefix(json.find_first_not_of(kBlank));
  size_t end = 0;
  if (json[0] == '"') {
    for (end = 1; json[end] != '"'; ++end) {
      if (json[end] == '\\') ++end;
    }
    ++end;
  } else {
    end = json.find_first_of(",] \t\r\n");
  }
  json.remove_prefix(end);
  json.remove_prefix(json.find_first_not_of(kBlank));
  return json;
}

}  // namespace

absl::StatusOr<SocketioPacket> ParseSocketio(std::string_view text) {
  const std::string_view whole = text;
  if (text.empty() || text[0] < '0' || text[0] > '6') return Bad("of no known type", whole);
  SocketioPacket packet;
  packet.type = static_cast<SocketioType>(text[0]);
  text.remove_prefix(1);
  if (packet.type == SocketioType::kBinaryEvent || packet.type == SocketioType::kBinaryAck) {
    std::optional<uint32_t> count;
    if (!TakeNumber(&text, &count) || !count || *count > SocketioPacket::kMaxAttachments ||
        !text.starts_with('-')) {
      return Bad("with a count of attachments that is none", whole);
    }
    packet.attachments = *count;
    text.remove_prefix(1);
  }
  if (text.starts_with('/')) {
    const size_t comma = std::min(text.find(','), text.size());
    packet.space = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  if (!TakeNumber(&text, &packet.id)) return Bad("with an id over 64 bits", whole);
  packet.json = text;
  return packet;
}

void AppendSocketio(const SocketioPacket& packet, std::string* out) {
  out->push_back('4');
  out->push_back(static_cast<char>(packet.type));
  if (packet.type == SocketioType::kBinaryEvent || packet.type == SocketioType::kBinaryAck) {
    out->append(std::to_string(packet.attachments)).push_back('-');
  }
  if (packet.space != "/") out->append(packet.space).push_back(',');
  if (packet.id) out->append(std::to_string(*packet.id));
  out->append(packet.json);
}

absl::StatusOr<SocketioEvent> ParseSocketioEvent(std::string_view json) {
  SocketioEvent event;
  const bool right = WithJson(json, [&event](simdjson::dom::element element) {
    simdjson::dom::element first;
    if (!element.is_array() || element.at(0).get(first) != simdjson::SUCCESS) return false;
    std::string_view name;
    if (first.get(name) == simdjson::SUCCESS) {
      event.name = name;
    } else if (first.is_number()) {
      event.name = simdjson::minify(first);
    } else {
      return false;
    }
    return true;
  });
  if (!right) return Bad("with an event that is no list that begins with its name", json);
  std::string_view rest = BehindFirst(json);
  if (rest.starts_with(',')) rest.remove_prefix(1);
  event.args.reserve(rest.size() + 1);
  event.args = "[";
  event.args += rest;
  return event;
}

void AppendSocketioEvent(std::string_view name, std::string_view args, std::string* json) {
  json->push_back('[');
  AppendJsonString(name, json);
  args.remove_prefix(args.find('[') + 1);
  const size_t first = args.find_first_not_of(kBlank);
  if (first != std::string_view::npos && args[first] != ']') json->push_back(',');
  json->append(args);
}

absl::Status CheckSocketioList(std::string_view json) {
  if (WithJson(json, IsList)) return absl::OkStatus();
  return Bad("with an acknowledgement that is no list", json);
}

std::string SocketioRefusal(std::string_view json) {
  std::string message;
  WithJson(json, [&message](simdjson::dom::element element) {
    std::string_view text;
    if (element.get(text) == simdjson::SUCCESS ||
        element["message"].get(text) == simdjson::SUCCESS) {
      message = text;
    }
    return true;
  });
  return message.empty() ? "without a reason" : message;
}

}  // namespace rampart::agent
