#include "tests/chat/server.h"

#include <sys/resource.h>
#include <sys/socket.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <system_error>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/chat/session/http_session.h"

namespace rampart::chat {
namespace {

using asio::ip::tcp;

constexpr int kBacklog = 8192;  // the kernel's own limit may be lower
constexpr std::chrono::milliseconds kTickPeriod{5};
constexpr std::chrono::milliseconds kAcceptPause{100};

void RaiseFileLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

absl::StatusOr<tcp::endpoint> EndpointOf(const Options& options) {
  error_code error;
  const auto address = asio::ip::make_address(options.address, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("--address ", options.address, " is no IP address"));
  }
  return tcp::endpoint(address, options.port);
}

Server::TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  if (!path.empty()) std::filesystem::remove_all(path, ignored);
}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Options& given,
                                                      const OneOfSeveral* place) {
  RaiseFileLimit();
  Options options = given;
  std::unique_ptr<Server> server(new Server(place));
  if (absl::Status status = server->LoadTls(options); !status.ok()) return status;
  if (absl::Status status = server->OpenStore(options); !status.ok()) return status;
  server->app_ = std::make_unique<App>(options, server->store_,
                                       place == nullptr ? server->own_counters_ : *place->counters);
  if (place != nullptr) server->app_->relay.emplace(place->key, place->number);
  absl::StatusOr<int64_t> stored = server->store_.Lock()->files.TotalBytes();
  if (!stored.ok()) return stored.status();
  server->app_->stored_file_bytes = *stored;
  for (int i = 0; i < options.threads; ++i) {
    server->loops_.push_back(std::make_unique<Loop>(server->app_->counters));
  }
  if (absl::Status status = server->Listen(options); !status.ok()) return status;
  asio::io_context& first = server->loops_[0]->context();
  server->tick_ = std::make_unique<Timer>(first);
  server->store_.SetOnDirty([raw = server.get()] { raw->ArmTick(); });
  asio::co_spawn(first, server->Accept(), asio::detached);
  return server;
}

absl::Status Server::OpenStore(Options& options) {
  if (options.data_dir.empty()) {
    std::error_code error;
    std::string pattern = std::filesystem::temp_directory_path(error).string() + "/chat-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) {
      return absl::UnavailableError("no temporary folder can be made; name one with --data");
    }
    temporary_.path = pattern;
    options.data_dir = pattern;
  }
  return store_.Open(options.data_dir);
}

absl::Status Server::LoadTls(const Options& options) {
  if (options.tls_cert.empty() && options.tls_key.empty()) return absl::OkStatus();
  if (options.tls_cert.empty() || options.tls_key.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key go together");
  }
  tls_.emplace(asio::ssl::context::tls_server);
  // An idle connection gives its 34 kB of record buffers back.
  SSL_CTX_set_mode(tls_->native_handle(), SSL_MODE_RELEASE_BUFFERS);
  error_code error;
  tls_->use_certificate_chain_file(options.tls_cert, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("the certificate ", options.tls_cert, " cannot be used: ", error.message()));
  }
  tls_->use_private_key_file(options.tls_key, asio::ssl::context::pem, error);
  if (error) {
    return absl::InvalidArgumentError(
        absl::StrCat("the key ", options.tls_key, " cannot be used: ", error.message()));
  }
  return absl::OkStatus();
}

absl::Status Server::Listen(const Options& options) {
  const absl::StatusOr<tcp::endpoint> endpoint = EndpointOf(options);
  if (!endpoint.ok()) return endpoint.status();
  error_code error;
  acceptor_ = std::make_unique<Acceptor>(loops_[0]->context());
  acceptor_->open(endpoint->protocol(), error);
  if (!error) acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
  const int one = 1;
  if (!error && shares_port_ &&
      setsockopt(acceptor_->native_handle(), SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0) {
    error = error_code(errno, boost::system::system_category());
  }
  if (!error) acceptor_->bind(*endpoint, error);
  if (!error) acceptor_->listen(kBacklog, error);
  if (error == asio::error::address_in_use) {
    return absl::UnavailableError(
        absl::StrCat("port ", options.port, " of ", options.address,
                     " is taken by another program; choose another with --port, 0 for any"));
  }
  if (error) {
    return absl::UnavailableError(absl::StrCat("cannot listen on ", options.address, " port ",
                                               options.port, ": ", error.message()));
  }
  port_ = acceptor_->local_endpoint().port();
  return absl::OkStatus();
}

Awaitable<void> Server::Accept() {
  size_t turn = 0;
  Timer pause(loops_[0]->context());
  while (acceptor_->is_open()) {
    Loop& loop = *loops_[turn++ % loops_.size()];
    const Executor executor = loop.context().get_executor();
    auto [error, socket] = co_await acceptor_->async_accept(executor, kAwait);
    if (error == asio::error::operation_aborted) co_return;
    if (error == asio::error::connection_aborted) continue;
    if (error) {
      // Most likely out of descriptors: those who wait in the backlog get their turn later.
      ++app_->counters.tcp_accept_failures;
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kAwait);
      continue;
    }
    ++app_->counters.tcp_connections_accepted;
    asio::dispatch(loop.context(), [this, &loop, accepted = std::move(socket)]() mutable {
      auto connection = std::make_unique<Connection>(loop, std::move(accepted),
                                                     tls_.has_value() ? &*tls_ : nullptr);
      auto session = std::make_unique<HttpSession>(*app_, std::move(connection));
      asio::co_spawn(loop.context(), HttpSession::Serve(std::move(session)), asio::detached);
    });
  }
}

void Server::ArmTick() {
  if (tick_due_.exchange(true)) return;
  asio::post(loops_[0]->context(), [this] {
    tick_->expires_after(kTickPeriod);
    tick_->async_wait([this](error_code error) {
      if (!error) Tick();
    });
  });
}

void Server::Tick() {
  tick_due_ = false;
  absl::StatusOr<bool> more = store_.Tick();
  if (!more.ok()) std::cerr << "chat: what was written is lost: " << more.status() << "\n";
  if (more.ok() && *more) ArmTick();
}

void Server::StopOnSignals() {
  signals_ = std::make_unique<asio::signal_set>(loops_[0]->context(), SIGTERM, SIGINT);
  signals_->async_wait([this](error_code error, int) {
    if (!error) Stop();
  });
}

void Server::Run() {
  std::vector<std::jthread> threads;
  for (size_t i = 1; i < loops_.size(); ++i) {
    threads.emplace_back([loop = loops_[i].get()] { loop->Run(); });
  }
  loops_[0]->Run();
}

void Server::Stop() {
  asio::post(loops_[0]->context(), [this] {
    error_code ignored;
    acceptor_->close(ignored);
    for (const auto& loop : loops_) loop->BeginShutdown();
  });
}

// Sessions need the app, the digester the store, and the last commit both of them at rest.
Server::~Server() {
  store_.SetOnDirty(nullptr);
  tick_.reset();
  signals_.reset();
  acceptor_.reset();
  loops_.clear();
  app_.reset();
  absl::StatusOr<bool> more = store_.Tick();
  if (!more.ok()) std::cerr << "chat: what was written is lost: " << more.status() << "\n";
}

}  // namespace rampart::chat
