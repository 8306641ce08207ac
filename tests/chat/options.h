// How a chat server is to run: the flags of `chat`, as values.
#ifndef RAMPART_TESTS_CHAT_OPTIONS_H_
#define RAMPART_TESTS_CHAT_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <string>

namespace rampart::chat {

struct Options {
  std::string address = "127.0.0.1";
  uint16_t port = 0;               // 0: any that is free
  std::string data_dir = {};       // empty: a fresh temporary directory, removed at the end
  int threads = 1;                 // one event loop each
  int processes = 1;               // that share the port, each with `threads`; see Relay
  bool allow_user_header = false;  // `X-User-Id: NAME` signs in without a token
  bool watch_sockets = false;      // a SocketLedger is kept
  bool compress = false;           // gzip for answers over 1 KiB when the client accepts it
  std::chrono::milliseconds idle_timeout{75'000};  // of a keep-alive connection between requests
  std::chrono::milliseconds delay{0};              // added to every API answer
  std::string tls_cert = {};                       // PEM files; both or none
  std::string tls_key = {};
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_OPTIONS_H_
