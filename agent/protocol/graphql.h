// What GraphQL servers say: answers over HTTP, and the messages of graphql-transport-ws. Pure; only
// looked at, so that nobody pays for values that no expression asks for.
#ifndef RAMPART_AGENT_PROTOCOL_GRAPHQL_H_
#define RAMPART_AGENT_PROTOCOL_GRAPHQL_H_

#include <cstdint>
#include <string>
#include <string_view>

namespace rampart::agent {

// Of a server's words, what a message for a person holds.
inline constexpr size_t kMaxGraphqlErrorBytes = 300;

// Whether an answer is what was asked for.
struct GraphqlAnswer {
  enum class Kind : uint8_t {
    kData,
    kErrors,  // one or more; `error` is the message of the first
    kNone,    // no answer at all; `error` says why
  };
  Kind kind = Kind::kNone;
  std::string error;
};

GraphqlAnswer ReadGraphqlAnswer(std::string_view body);

inline constexpr std::string_view kGraphqlSubprotocol = "graphql-transport-ws";
// The id of the only operation on a connection.
inline constexpr const char* kGraphqlSubscription = "1";

// A message of the server. `answer` is that of a kNext's payload; of a kError its error.
struct GraphqlMessage {
  enum class Type : uint8_t {
    kConnectionAck,
    kPing,
    kPong,
    kNext,
    kError,
    kComplete,
    kForbidden,  // none that the protocol knows; answer.error says why
  };
  Type type = Type::kForbidden;
  std::string id;
  GraphqlAnswer answer;
};

GraphqlMessage ReadGraphqlMessage(std::string_view text);

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_GRAPHQL_H_
