#include "agent/protocol/graphql.h"

#include <simdjson.h>

#include <utility>

#include "absl/status/statusor.h"
#include "common/script/json_document.h"

namespace rampart::agent {
namespace {

using simdjson::dom::element;
using Kind = GraphqlAnswer::Kind;
using Type = GraphqlMessage::Type;

// Cut where no character of UTF-8 is torn.
std::string Shortened(std::string_view text) {
  if (text.size() <= kMaxGraphqlErrorBytes) return std::string(text);
  size_t end = kMaxGraphqlErrorBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

std::string MessageOf(element error) {
  std::string_view message;
  if (error["message"].get(message) == simdjson::SUCCESS) return Shortened(message);
  if (error.get(message) == simdjson::SUCCESS) return Shortened(message);
  return "an error without a message";
}

GraphqlAnswer FirstOf(simdjson::dom::array errors) {
  return {Kind::kErrors, MessageOf(*errors.begin())};
}

GraphqlAnswer AnswerOf(element value) {
  if (!value.is_object()) return {Kind::kNone, "no JSON object"};
  // A key that is not there is an element, too: its error says so.
  element errors;
  if (value["errors"].get(errors) == simdjson::SUCCESS && !errors.is_null()) {
    simdjson::dom::array list;
    if (errors.get(list) != simdjson::SUCCESS) return {Kind::kNone, "its `errors` is no list"};
    if (list.begin() != list.end()) return FirstOf(list);
  }
  if (value["data"].error() != simdjson::SUCCESS) {
    return {Kind::kNone, "neither `data` nor `errors` in it"};
  }
  return {Kind::kData, ""};
}

GraphqlMessage Forbidden(std::string why) {
  GraphqlMessage message;
  message.answer.error = std::move(why);
  return message;
}

}  // namespace

GraphqlAnswer ReadGraphqlAnswer(std::string_view body) {
  if (body.empty()) return {Kind::kNone, "its body is empty"};
  const absl::StatusOr<element> parsed = ParseJson(body);
  if (!parsed.ok()) return {Kind::kNone, Shortened(std::string(parsed.status().message()))};
  return AnswerOf(*parsed);
}

GraphqlMessage ReadGraphqlMessage(std::string_view text) {
  const absl::StatusOr<element> parsed = ParseJson(text);
  if (!parsed.ok()) return Forbidden(Shortened(std::string(parsed.status().message())));
  std::string_view type;
  if (!parsed->is_object() || (*parsed)["type"].get(type) != simdjson::SUCCESS) {
    return Forbidden("a message without a `type`");
  }
  GraphqlMessage message;
  if (type == "connection_ack") {
    message.type = Type::kConnectionAck;
    return message;
  }
  if (type == "ping" || type == "pong") {
    message.type = type == "ping" ? Type::kPing : Type::kPong;
    return message;
  }
  const Type of_operation = type == "next"       ? Type::kNext
                            : type == "error"    ? Type::kError
                            : type == "complete" ? Type::kComplete
                                                 : Type::kForbidden;
  if (of_operation == Type::kForbidden) {
    return Forbidden("a message of type `" + Shortened(type) + "`");
  }
  std::string_view id;
  if ((*parsed)["id"].get(id) != simdjson::SUCCESS) {
    return Forbidden("a `" + std::string(type) + "` without an `id`");
  }
  element payload;
  const bool has_payload = (*parsed)["payload"].get(payload) == simdjson::SUCCESS;
  if (of_operation == Type::kNext) {
    message.answer = has_payload ? AnswerOf(payload) : GraphqlAnswer{Kind::kNone, "no payload"};
    if (message.answer.kind == Kind::kNone) {
      return Forbidden("a `next` that is no result: " + message.answer.error);
    }
  } else if (of_operation == Type::kError) {
    simdjson::dom::array errors;
    const bool listed = has_payload && payload.get(errors) == simdjson::SUCCESS;
    message.answer = listed && errors.begin() != errors.end()
                         ? FirstOf(errors)
                         : GraphqlAnswer{Kind::kErrors, "an error without a message"};
  }
  message.type = of_operation;
  message.id = id;
  return message;
}

}  // namespace rampart::agent
