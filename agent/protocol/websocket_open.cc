// Websocket::Open: the connection and its upgrade.
#include <utility>

#include "agent/protocol/websocket.h"

namespace rampart::agent {

Task<Websocket::Result> Websocket::Upgrade(Connector& connector, const WebsocketRequest& request,
                                           const Url& url, int64_t deadline_ns,
                                           Interrupt* interrupt, HttpResponse* response,
                                           WebsocketTimes* times) {
  if (std::optional<Failure> failed = CheckUpgradeRequest(request, url)) {
    co_return std::move(*failed);
  }
  ConnectTimes connect_times;
  Connector::Result connected = co_await connector.Connect(
      std::string(url.host), url.port, url.secure, deadline_ns, interrupt, &connect_times);
  times->blocked_ns = connect_times.lookup_ns;
  times->connecting_ns = connect_times.connecting_ns;
  times->tls_ns = connect_times.tls_ns;
  if (auto* failed = std::get_if<Failure>(&connected)) co_return std::move(*failed);
  auto transport = std::move(std::get<std::unique_ptr<Transport>>(connected));

  const int64_t asked_ns = MonotonicNow();
  const std::string key = NewWebsocketKey();
  std::string upgrade;
  AppendUpgradeRequest(request, url, key, &upgrade);
  if (auto failed = co_await transport->SendAll(upgrade, deadline_ns, interrupt)) {
    co_return std::move(*failed);
  }
  times->bytes_sent = upgrade.size();

  HttpResponseParser parser;
  // Like the answer to a HEAD: complete with its head, so that a refusal's body is not waited for.
  parser.Begin(response, /*head_request=*/true, /*keep_body=*/false);
  HttpResponseParser::State state = HttpResponseParser::State::kMore;
  std::string_view behind;  // the answer, in the read buffer: nothing suspends from there on
  while (state == HttpResponseParser::State::kMore) {
    char* buffer = connector.loop().read_buffer();
    const Transport::Moved moved = transport->Receive(buffer, Loop::kReadBufferBytes);
    switch (moved.step) {
      case Transport::Step::kDone:
        state = parser.Feed({buffer, moved.bytes});
        behind = {buffer + moved.bytes - parser.unused_bytes(), parser.unused_bytes()};
        times->bytes_received += moved.bytes - behind.size();
        break;
      case Transport::Step::kBlocked: {
        const Wake wake = co_await transport->ToReceive(deadline_ns, interrupt);
        if (wake != Wake::kReady) {
          co_return FailureFromWake(wake, "wait for the answer to the upgrade");
        }
        break;
      }
      case Transport::Step::kClosed:
        state = parser.Finish();
        break;
      case Transport::Step::kFailed:
        co_return transport->failure();
    }
  }
  times->handshake_ns = MonotonicNow() - asked_ns;
  if (state == HttpResponseParser::State::kFailed) co_return parser.failure();
  if (auto failed = CheckUpgradeResponse(*response, key, request.subprotocols)) {
    co_return std::move(*failed);
  }
  co_return std::unique_ptr<Websocket>(
      new Websocket(std::move(transport), response->Header("sec-websocket-protocol"), behind));
}

Task<Websocket::Result> Websocket::Open(Connector& connector, const WebsocketRequest& request,
                                        const Url& url, int64_t deadline_ns, Interrupt* interrupt,
                                        HttpResponse* response, WebsocketTimes* times) {
  *times = {};
  times->started_ns = MonotonicNow();
  response->Clear();
  Result result =
      co_await Upgrade(connector, request, url, deadline_ns, interrupt, response, times);
  times->total_ns = MonotonicNow() - times->started_ns;
  co_return result;
}

}  // namespace rampart::agent
