// A WebSocket server that costs little: it upgrades whoever asks and answers pings.
#ifndef RAMPART_TESTS_BENCH_IDLE_SERVER_H_
#define RAMPART_TESTS_BENCH_IDLE_SERVER_H_

#include <openssl/ssl.h>

namespace rampart::bench {

// Serves the listening socket for ever. `tls` null: ws, else wss.
[[noreturn]] void ServeIdleWebsockets(int listener, SSL_CTX* tls);

}  // namespace rampart::bench

#endif  // RAMPART_TESTS_BENCH_IDLE_SERVER_H_
