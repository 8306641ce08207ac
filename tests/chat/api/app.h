// What all sessions of one chat server share.
#ifndef RAMPART_TESTS_CHAT_API_APP_H_
#define RAMPART_TESTS_CHAT_API_APP_H_

#include <atomic>
#include <cstdint>
#include <optional>

#include "tests/chat/api/relay.h"
#include "tests/chat/api/socket_ledger.h"
#include "tests/chat/api/tokens.h"
#include "tests/chat/counters.h"
#include "tests/chat/net/hub.h"
#include "tests/chat/options.h"
#include "tests/chat/store/digester.h"
#include "tests/chat/store/store.h"

namespace rampart::chat {

// Owned by Server, outlives every session. Its parts are thread-safe. `store` is open before the
// digester, and so the App, is made.
struct App {
  App(const Options& from_options, Store& opened, Counters& counted)
      : options(from_options), counters(counted), store(opened) {
    if (options.watch_sockets) sockets.emplace();
  }

  const Options options;
  Counters& counters;  // of all processes, when there are several
  Tokens tokens;
  Hub hub;
  std::optional<SocketLedger> sockets;  // under --watch-sockets
  std::optional<Relay> relay;  // in the place of tokens and store, when there are several processes
  Store& store;
  Digester digester{store};
  std::atomic<int64_t> stored_file_bytes{0};  // against kMaxStoredBytes of uploads
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_API_APP_H_
