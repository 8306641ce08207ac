// Scope: what expressions can ask for beside the variables that a plan's steps set.
#ifndef RAMPART_AGENT_SCRIPT_SCOPE_H_
#define RAMPART_AGENT_SCRIPT_SCOPE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "agent/engine/failure.h"
#include "agent/protocol/http_client.h"
#include "agent/protocol/http_response.h"
#include "common/script/script.h"

namespace rampart::agent {

// What a step handles: a message of a WebSocket, an event of an event stream or Socket.IO. In the
// frame of the coroutine that handles it.
struct Arrival {
  std::string_view message = {};
  bool is_result = false;  // a GraphQL subscription's: the message's payload has data
  std::optional<std::string_view> event = {};  // of an event stream or Socket.IO
  std::string_view event_id = {};              // of an event stream
  std::optional<std::string_view> args = {};   // of Socket.IO's event or acknowledgement: JSON list
};

// What only an HTTP exchange says.
struct Exchanged {
  HttpTimes times;
  uint64_t body_size = 0;
  std::string_view url;    // empty outside of its step
  std::string sent_hash;   // of what the exchange sent; empty when nobody asks, or it failed
  uint64_t sent_size = 0;  // what sent_hash is of
  std::string body_hash;

  void Clear() {
    times = {};
    body_size = 0;
    url = {};
    sent_hash.clear();
    sent_size = 0;
    body_hash.clear();
  }
};

// One user's. What was exchanged last stays until the next exchange; status 0: no answer. There are
// as many as users: what most of them do not have is behind a pointer.
struct Scope : QuickValues {
  int64_t iteration = 0;  // from 0, counted for each user
  std::string_view scenario;

  double connecting_ms = 0;
  const HttpResponse* response = nullptr;  // null when its body is not kept
  std::unique_ptr<Exchanged> exchanged;    // null: no HTTP yet
  const Arrival* arrival = nullptr;        // while it is handled

  // Changes with response, message and args: what was parsed from older ones is forgotten.
  uint64_t version = 0;

  std::optional<ErrorKind> error;
  bool answers_graphql = false;  // the response: it has data and errors
  bool connected = false;        // a WebSocket's handshake succeeded
  bool has_message = false;      // expressions see the arrival's message

  // For who makes an exchange.
  Exchanged& Exchange() {
    if (exchanged == nullptr) exchanged = std::make_unique<Exchanged>();
    return *exchanged;
  }
};

// Makes the names of a scope for one Script. On the Script's thread.
class ScopeNames final : public DynamicNames {
 public:
  explicit ScopeNames(lua_State* lua) : lua_(lua) {}

  // Expressions from here on see this scope, which must stay until the next Use.
  void Use(const Scope& scope) { scope_ = &scope; }
  const QuickValues* Quick() const override { return scope_; }
  // For Scope::version.
  uint64_t NextVersion() { return ++last_version_; }

  bool Push(lua_State* lua, std::string_view name) override;

 private:
  // Of the scope; an empty one before the first.
  const Exchanged& Exchange() const;
  bool PushJsonOf(std::string_view text);
  // data or errors of a GraphQL answer or result; nothing for null.
  bool PushGraphql(std::string_view name);

  lua_State* lua_;
  const Scope* scope_ = nullptr;
  uint64_t last_version_ = 0;
  // The JSON that was parsed last: a reference in the Lua registry, and what it was parsed from.
  int json_ = -1;
  uint64_t json_version_ = 0;
  const char* json_text_ = nullptr;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_SCRIPT_SCOPE_H_
