#include "tests/chat/api/socket_ledger.h"

#include <boost/json.hpp>

namespace rampart::chat {

std::unique_ptr<SocketLedger::Socket> SocketLedger::Open(std::string_view user,
                                                         std::string_view address) {
  const std::lock_guard lock(mutex_);
  Address& from = addresses_[std::string(address)];
  ++from.opened;
  ++from.open;
  from.heard = Clock::now();
  User& whose = users_[std::string(user)];
  if (whose.open > 0) ++users_twice_;
  if (whose.open++ == 0) ++users_open_;
  return std::unique_ptr<Socket>(
      new Socket(*this, std::string(address), std::string(user), ++whose.sockets));
}

void SocketLedger::Receive(const Socket& socket) {
  const std::lock_guard lock(mutex_);
  Address& from = addresses_[socket.address_];
  ++from.received;
  from.heard = Clock::now();
  if (users_[socket.user_].sockets != socket.turn_) ++stale_messages_;
}

void SocketLedger::Close(const Socket& socket) {
  const std::lock_guard lock(mutex_);
  --addresses_[socket.address_].open;
  if (--users_[socket.user_].open == 0) --users_open_;
}

std::string SocketLedger::ToJson() const {
  const std::lock_guard lock(mutex_);
  const Clock::time_point now = Clock::now();
  boost::json::object addresses;
  for (const auto& [address, counts] : addresses_) {
    const auto quiet = std::chrono::duration_cast<std::chrono::milliseconds>(now - counts.heard);
    addresses[address] = {{"opened", counts.opened},
                          {"open", counts.open},
                          {"received", counts.received},
                          {"quiet_ms", quiet.count()}};
  }
  return boost::json::serialize(boost::json::object{{"addresses", std::move(addresses)},
                                                    {"users_open", users_open_},
                                                    {"users_twice", users_twice_},
                                                    {"stale_messages", stale_messages_}});
}

}  // namespace rampart::chat
