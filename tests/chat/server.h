// The chat server as a whole.
#ifndef RAMPART_TESTS_CHAT_SERVER_H_
#define RAMPART_TESTS_CHAT_SERVER_H_

#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/ssl/context.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/chat/api/app.h"
#include "tests/chat/net/loop.h"
#include "tests/chat/options.h"

namespace rampart::chat {

// Where it is to listen.
absl::StatusOr<asio::ip::tcp::endpoint> EndpointOf(const Options& options);

// What a server knows that is one of several processes.
struct OneOfSeveral {
  int number;  // from 0
  Relay::Key key;
  Counters* counters;  // of all of them
};

// Listens, accepts, and spreads connections over its loops in turn. Owned by main or by a test.
// Start, then Run on one thread; Stop may be called from any. Destroyed after Run has returned.
// Errors are for a person: a taken port, a data folder or certificate that cannot be used.
class Server {
 public:
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Options& options,
                                                       const OneOfSeveral* place = nullptr);
  ~Server();

  uint16_t port() const { return port_; }
  Counters& counters() { return app_->counters; }

  // Serves until Stop, this thread and options.threads - 1 more.
  void Run();
  // Ends orderly: WebSockets get a Close, answers under way are finished, writes are committed.
  void Stop();
  // SIGTERM and SIGINT stop it.
  void StopOnSignals();

 private:
  using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;

  // A folder that was made for this server, and goes with it.
  struct TemporaryFolder {
    ~TemporaryFolder();
    std::string path;
  };

  explicit Server(const OneOfSeveral* place) : shares_port_(place != nullptr) {}
  absl::Status OpenStore(Options& options);
  absl::Status LoadTls(const Options& options);
  absl::Status Listen(const Options& options);
  Awaitable<void> Accept();
  void ArmTick();
  void Tick();

  Counters own_counters_;
  const bool shares_port_;
  TemporaryFolder temporary_;
  Store store_;
  std::unique_ptr<App> app_;
  std::optional<asio::ssl::context> tls_;
  std::vector<std::unique_ptr<Loop>> loops_;
  std::unique_ptr<Acceptor> acceptor_;
  std::unique_ptr<asio::signal_set> signals_;
  std::unique_ptr<Timer> tick_;
  std::atomic<bool> tick_due_{false};
  uint16_t port_ = 0;
};

}  // namespace rampart::chat

#endif  // RAMPART_TESTS_CHAT_SERVER_H_
