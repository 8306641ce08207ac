#include "tests/chat/counters.h"

#include <algorithm>
#include <boost/json.hpp>

namespace rampart::chat {
namespace json = boost::json;

void Counters::CountResponse(unsigned status) { ++http_responses_by_status.at(status); }

void Counters::UncountResponse(unsigned status) { --http_responses_by_status.at(status); }

void Counters::CountSocketOpened() {
  ++ws_connections_opened;
  const uint64_t open = ++ws_connections_open;
  uint64_t peak = ws_connections_peak;
  while (peak < open && !ws_connections_peak.compare_exchange_weak(peak, open)) {
  }
}

std::string Counters::ToJson() const {
  json::object by_status;
  for (size_t status = 0; status < http_responses_by_status.size(); ++status) {
    const uint64_t count = http_responses_by_status[status];
    if (count > 0) by_status[std::to_string(status)] = count;
  }
  json::object all{{"http_requests", http_requests.load()},
                   {"http_requests_total", http_requests_total.load()},
                   {"http_requests_incomplete", http_requests_incomplete.load()},
                   {"http_responses_by_status", std::move(by_status)},
                   {"ws_connections_opened", ws_connections_opened.load()},
                   {"ws_connections_open", ws_connections_open.load()},
                   {"ws_connections_peak", ws_connections_peak.load()},
                   {"ws_messages_received", ws_messages_received.load()},
                   {"ws_messages_sent", ws_messages_sent.load()},
                   {"ws_sockets_overflowed", ws_sockets_overflowed.load()},
                   {"tcp_connections_accepted", tcp_connections_accepted.load()},
                   {"tcp_connections_open", tcp_connections_open.load()},
                   {"tcp_accept_failures", tcp_accept_failures.load()},
                   {"messages_stored", messages_stored.load()},
                   {"files_stored", files_stored.load()},
                   {"files_deleted", files_deleted.load()},
                   {"file_bytes_stored", file_bytes_stored.load()},
                   {"bytes_received", bytes_received.load()},
                   {"bytes_sent", bytes_sent.load()}};
  return json::serialize(all);
}

}  // namespace rampart::chat
