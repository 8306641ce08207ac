#include "agent/script/scope.h"

#include <algorithm>
#include <iterator>
#include <lua.hpp>
#include <utility>

#include "agent/protocol/header_text.h"
#include "common/load/nanoseconds.h"
#include "common/script/json.h"

namespace rampart::agent {
namespace {

void PushText(lua_State* lua, std::string_view text) {
  lua_pushlstring(lua, text.data(), text.size());
}

void PushHeaders(lua_State* lua, std::string_view head) {
  lua_newtable(lua);
  while (!head.empty()) {
    const size_t end = std::min(head.find('\n'), head.size());
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(std::min(end + 1, head.size()));
    const size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    PushText(lua, line.substr(0, colon));
    PushText(lua, line.substr(colon + 2));
    lua_rawset(lua, -3);
  }
}

// What the response's Set-Cookie lines give a value.
void PushCookies(lua_State* lua, std::string_view head) {
  static constexpr std::string_view kName = "set-cookie: ";
  lua_newtable(lua);
  while (!head.empty()) {
    std::string_view line = head.substr(0, head.find('\n'));
    head.remove_prefix(std::min(line.size() + 1, head.size()));
    if (!line.starts_with(kName)) continue;
    line.remove_prefix(kName.size());
    line = line.substr(0, line.find(';'));
    const size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    PushText(lua, TrimBlanks(line.substr(0, equals)));
    PushText(lua, TrimBlanks(line.substr(equals + 1)));
    lua_rawset(lua, -3);
  }
}

void PushTimings(lua_State* lua, const HttpTimes& times) {
  const std::pair<const char*, int64_t> parts[] = {
      {"blocked", times.blocked_ns},
      {"connecting", times.connecting_ns},
      {"tls", times.tls_ns},
      {"sending", times.sending_ns},
      {"waiting", times.waiting_ns},
      {"receiving", times.receiving_ns},
      {"duration", times.duration_ns()},
  };
  lua_createtable(lua, 0, static_cast<int>(std::size(parts)));
  for (const auto& [name, ns] : parts) {
    lua_pushnumber(lua, Ms(ns));
    lua_setfield(lua, -2, name);
  }
}

}  // namespace

bool ScopeNames::PushJsonOf(std::string_view text) {
  if (json_version_ != scope_->version || json_text_ != text.data()) {
    luaL_unref(lua_, LUA_REGISTRYINDEX, json_);
    json_ = LUA_REFNIL;
    json_version_ = scope_->version;
    json_text_ = text.data();
    if (PushSharedJson(lua_, text).ok()) json_ = luaL_ref(lua_, LUA_REGISTRYINDEX);
  }
  if (json_ == LUA_REFNIL) return false;
  lua_rawgeti(lua_, LUA_REGISTRYINDEX, json_);
  return true;
}

bool ScopeNames::PushGraphql(std::string_view name) {
  const Scope& scope = *scope_;
  if (scope.has_message ? !scope.arrival->is_result
                        : !scope.answers_graphql || scope.response == nullptr) {
    return false;
  }
  if (!PushJsonOf(scope.has_message ? scope.arrival->message
                                    : std::string_view(scope.response->body))) {
    return false;
  }
  const auto descend = [this](std::string_view key) {
    if (!lua_istable(lua_, -1)) return;
    PushText(lua_, key);
    lua_rawget(lua_, -2);
    lua_remove(lua_, -2);
  };
  if (scope.has_message) descend("payload");
  const bool object = lua_istable(lua_, -1);
  descend(name);
  if (object && !lua_isnil(lua_, -1) && !lua_islightuserdata(lua_, -1)) return true;
  lua_pop(lua_, 1);
  return false;
}

const Exchanged& ScopeNames::Exchange() const {
  static const auto& none = *new Exchanged;
  return scope_->exchanged == nullptr ? none : *scope_->exchanged;
}

bool ScopeNames::Push(lua_State* lua, std::string_view name) {
  if (scope_ == nullptr) return false;
  const Scope& scope = *scope_;
  if (name == "status") {
    lua_pushinteger(lua, scope.status);
  } else if (name == "ok") {
    lua_pushboolean(lua, scope.ok ? 1 : 0);
  } else if (name == "json") {
    if (scope.has_message) return PushJsonOf(scope.arrival->message);
    return scope.response != nullptr && PushJsonOf(scope.response->body);
  } else if (name == "data" || name == "errors") {
    return PushGraphql(name);
  } else if (name == "user") {
    lua_createtable(lua, 0, 1);
    lua_pushinteger(lua, scope.user_id);
    lua_setfield(lua, -2, "id");
  } else if (name == "message") {
    if (!scope.has_message) return false;
    PushText(lua, scope.arrival->message);
  } else if (name == "event" || name == "event_id") {
    if (scope.arrival == nullptr || !scope.arrival->event) return false;
    PushText(lua, name == "event" ? *scope.arrival->event : scope.arrival->event_id);
  } else if (name == "body") {
    if (scope.response == nullptr) return false;
    PushText(lua, scope.response->body);
  } else if (name == "headers") {
    if (scope.response == nullptr) return false;
    PushHeaders(lua, scope.response->head);
  } else if (name == "cookies") {
    if (scope.response == nullptr) return false;
    PushCookies(lua, scope.response->head);
  } else if (name == "body_size") {
    lua_pushinteger(lua, static_cast<lua_Integer>(Exchange().body_size));
  } else if (name == "timings") {
    PushTimings(lua, Exchange().times);
  } else if (name == "duration_ms") {
    lua_pushnumber(lua, scope.duration_ms);
  } else if (name == "error") {
    if (!scope.error) return false;
    PushText(lua, ErrorKindName(*scope.error));
  } else if (name == "sent_hash") {
    if (Exchange().sent_hash.empty()) return false;
    PushText(lua, Exchange().sent_hash);
  } else if (name == "body_hash") {
    if (Exchange().body_hash.empty()) return false;
    PushText(lua, Exchange().body_hash);
  } else if (name == "sent_size") {
    lua_pushinteger(lua, static_cast<lua_Integer>(Exchange().sent_size));
  } else if (name == "iteration") {
    lua_pushinteger(lua, scope.iteration);
  } else if (name == "scenario") {
    PushText(lua, scope.scenario);
  } else if (name == "connected") {
    lua_pushboolean(lua, scope.connected ? 1 : 0);
  } else if (name == "connecting_ms") {
    lua_pushnumber(lua, scope.connecting_ms);
  } else if (name == "args") {
    return scope.arrival != nullptr && scope.arrival->args && PushJsonOf(*scope.arrival->args);
  } else if (name == "url") {
    if (Exchange().url.empty()) return false;
    PushText(lua, Exchange().url);
  } else {
    return false;
  }
  return true;
}

}  // namespace rampart::agent
