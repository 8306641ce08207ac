// What the chat server counts, so that a load test's own counts can be compared for equality.
#ifndef RAMPART_TESTS_CHAT_COUNTERS_H_
#define RAMPART_TESTS_CHAT_COUNTERS_H_

#include <array>
#include <atomic>
#include <cstdint>
#include <string>

namespace rampart::chat {

// The server's own counts since its start, as `GET /api/stats` shows them. Owned by App, written by
// every loop thread, read at any time. Each count is exact; a snapshot of all of them is consistent
// when the server is quiet.
//
// Whatever a client can know of has been counted before the client can know it: answers and
// messages are counted when they are handed to the socket, just before the write, and taken back if
// the write fails. So a client that has read an answer finds it in a later `GET /api/stats`.
struct Counters {
  using Count = std::atomic<uint64_t>;

  // Requests that were read completely, body included: all but /api/stats with what is below it,
  // /api/health and WebSocket upgrades that succeeded.
  Count http_requests{0};
  // The same with /api/stats, /api/health and successful upgrades.
  Count http_requests_total{0};
  // Requests that were answered (400, 413, 431) before they had been read completely; not in the
  // two counts above. A connection that ends within a request without an answer counts nowhere.
  Count http_requests_incomplete{0};
  // Answers by status to what `http_requests` and `http_requests_incomplete` count. Their sum is
  // below the sum of these two by the requests in flight and the answers that could not be written.
  std::array<Count, 600> http_responses_by_status{};

  Count ws_connections_opened{0};  // answered with 101
  Count ws_connections_open{0};    // of these: the closing handshake is not done, the socket lives
  Count ws_connections_peak{0};    // the largest ws_connections_open ever
  Count ws_messages_received{0};   // complete text or binary messages; fragments count as one
  // Text messages handed to sockets. What was queued when a client's Close arrived is sent before
  // the Close reply: so for a client that reads up to that reply, this is what it received. After a
  // connection that broke, what the kernel took and the client never read is in here, too.
  Count ws_messages_sent{0};
  Count ws_sockets_overflowed{0};  // closed since they read too slowly: queue full

  Count tcp_connections_accepted{0};
  Count tcp_connections_open{0};
  Count tcp_accept_failures{0};  // e.g. out of file descriptors; accepting resumes after a pause

  Count messages_stored{0};  // by POST, by WebSocket and in bulk
  Count files_stored{0};
  Count files_deleted{0};
  Count file_bytes_stored{0};  // of all that files_stored counts, deleted or not
  Count bytes_received{0};     // HTTP and WebSocket with headers and frames, without TLS
  Count bytes_sent{0};

  void CountResponse(unsigned status);
  void UncountResponse(unsigned status);
  void CountSocketOpened();

  std::string ToJson() const;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_COUNTERS_H_
