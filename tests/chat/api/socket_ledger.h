// SocketLedger: which client addresses and which users have WebSockets, and which are still heard.
#ifndef RAMPART_TESTS_CHAT_API_SOCKET_LEDGER_H_
#define RAMPART_TESTS_CHAT_API_SOCKET_LEDGER_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rampart::chat {

// For tests of agents that fail: did one that was cut off fall silent, and was a user ever on two
// agents at once? A user is whom the upgrade's X-User-Id names, signed in or not. Kept only under
// --watch-sockets, for good. Thread-safe.
class SocketLedger {
 public:
  using Clock = std::chrono::steady_clock;

  // One socket, open while this lives; the ledger outlives it.
  class Socket {
   public:
    ~Socket() { ledger_.Close(*this); }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    // A message came on it.
    void Received() { ledger_.Receive(*this); }

   private:
    friend class SocketLedger;
    Socket(SocketLedger& ledger, std::string address, std::string user, uint64_t turn)
        : ledger_(ledger), address_(std::move(address)), user_(std::move(user)), turn_(turn) {}

    SocketLedger& ledger_;
    const std::string address_;
    const std::string user_;
    const uint64_t turn_;  // of the user's sockets
  };

  std::unique_ptr<Socket> Open(std::string_view user, std::string_view address);

  // {addresses: {ADDRESS: {opened, open, received, quiet_ms}}, users_open, users_twice,
  // stale_messages}. `quiet_ms`: since it opened a socket or said something. `users_twice`: how
  // often a user opened a socket while one of its own was open. `stale_messages`: that came on a
  // socket that is not its user's newest.
  std::string ToJson() const;

 private:
  struct Address {
    uint64_t opened = 0;
    uint64_t open = 0;
    uint64_t received = 0;
    Clock::time_point heard;
  };
  struct User {
    uint64_t sockets = 0;  // ever
    uint64_t open = 0;
  };

  void Receive(const Socket& socket);
  void Close(const Socket& socket);

  mutable std::mutex mutex_;
  std::map<std::string, Address> addresses_;
  std::unordered_map<std::string, User> users_;
  uint64_t users_open_ = 0;
  uint64_t users_twice_ = 0;
  uint64_t stale_messages_ = 0;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_API_SOCKET_LEDGER_H_
