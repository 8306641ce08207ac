#include "controller/fleet/fleet_service.h"

#include <google/protobuf/arena.h>
#include <grpc/support/log.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/synchronization/mutex.h"
#include "controller/fleet/refusals.h"
#include "rampart/v1/fleet.grpc.pb.h"

namespace rampart::controller {
namespace {

// Who is silent is declared lost by the Fleet; this only ends the streams of those that are gone.
// The agents, which have to find a controller that is gone at once, ping oftener.
constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 3'000;
constexpr int kMinPingIntervalMs = 1'000;

std::string_view HostOf(std::string_view listen) { return listen.substr(0, listen.rfind(':')); }

// gRPC, which answers a message that is too large, makes no difference here.
std::string OrTooLarge(const std::string& what) {
  return what + ", or the agent sent a message of more than " +
         std::to_string(FleetService::kMaxMessageBytes >> 20) + " MiB";
}

bool IsLoopback(std::string_view listen) {
  const std::string_view host = HostOf(listen);
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

// `ipv6:%5B::1%5D:4000` as `[::1]`.
std::string PeerHost(const std::string& peer) {
  const size_t scheme = peer.find(':');
  const std::string address = scheme == std::string::npos ? peer : peer.substr(scheme + 1);
  return absl::StrReplaceAll(std::string(HostOf(address)), {{"%5B", "["}, {"%5D", "]"}});
}

// Of a peer whose certificate was verified. Empty when it is an agent.
std::string RoleFault(const grpc::AuthContext& peer) {
  std::vector<std::string> uris;
  for (const grpc::string_ref& uri : peer.FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    uris.emplace_back(uri.data(), uri.size());
    if (uris.back() == RoleUri(StreamRole::kAgent)) return "";
  }
  return "its certificate is not an agent's: " + RoleUri(StreamRole::kAgent) +
         " is not among the certificate's names" +
         (uris.empty() ? "" : ", but " + absl::StrJoin(uris, ", "));
}

std::shared_ptr<grpc::ServerCredentials> CredentialsOf(
    const std::optional<StreamIdentity>& identity) {
  if (!identity) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions options(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = identity->ca_pem;
  options.pem_key_cert_pairs = {{identity->key_pem, identity->certificate_pem}};
  return grpc::SslServerCredentials(options);
}

class Session;

}  // namespace

struct FleetService::State : std::enable_shared_from_this<FleetService::State> {
  // Somebody holds one message less of that stream.
  void LetGo(ConnectionId connection);
  // Says it, unless it was said a moment ago.
  void Refuse(const std::string& why);

  FleetServiceOptions options;
  std::function<void(FleetEvent)> on_event;
  std::unique_ptr<grpc::Service> service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;

  std::mutex refusals_mutex;
  Refusals refusals;  // with refusals_mutex

  std::mutex mutex;
  ConnectionId next = 1;
  std::map<ConnectionId, Session*> sessions;
};

namespace {

// gRPC tells of a failed handshake in its log only, of which a process has one. Without this it
// would write into the live view.
class GrpcLog {
 public:
  static GrpcLog& Get() {
    static auto& log = *new GrpcLog;
    return log;
  }
  void Add(FleetService::State* state) {
    const std::lock_guard lock(mutex_);
    readers_.insert(state);
  }
  void Remove(FleetService::State* state) {
    const std::lock_guard lock(mutex_);
    readers_.erase(state);
  }

 private:
  GrpcLog() {
    gpr_set_log_function([](gpr_log_func_args* said) { Get().Hear(said->message); });
  }

  void Hear(std::string_view message) {
    const std::lock_guard lock(mutex_);
    for (FleetService::State* state : readers_) {
      if (!message.starts_with("Handshake failed")) {
        if (state->options.on_notice) state->options.on_notice("gRPC: " + std::string(message));
      } else if (state->options.identity) {
        // `...: error:0A0000C7:SSL routines::peer did not return a certificate.`
        const size_t words = message.rfind("::");
        if (words != message.npos) message.remove_prefix(words + 2);
        if (message.ends_with('.')) message.remove_suffix(1);
        state->Refuse("refused somebody who came for the agents' stream: " +
                      HandshakeFault(message, state->options.identity->files.ca));
      }
    }
  }

  std::mutex mutex_;
  std::set<FleetService::State*> readers_;  // with the lock
};

// A stream that is none.
class Refused : public grpc::ServerBidiReactor<v1::AgentMessage, v1::ControllerMessage> {
 public:
  explicit Refused(const std::string& why) {
    Finish(grpc::Status(grpc::StatusCode::PERMISSION_DENIED, why));
  }
  void OnDone() override { delete this; }
};

// One message with everything in it: a delta has a thousand parts, which are made on one thread and
// freed on another.
struct Incoming {
  Incoming(std::weak_ptr<FleetService::State> of_state, ConnectionId of_connection)
      : state(std::move(of_state)),
        connection(of_connection),
        arena(Blocks()),
        message(google::protobuf::Arena::CreateMessage<v1::AgentMessage>(&arena)) {}
  ~Incoming() {
    if (const auto known = state.lock(); known != nullptr && given) known->LetGo(connection);
  }

  static google::protobuf::ArenaOptions Blocks() {
    google::protobuf::ArenaOptions options;
    options.start_block_size = 1 << 10;
    options.max_block_size = 64 << 10;
    return options;
  }

  const std::weak_ptr<FleetService::State> state;
  const ConnectionId connection;
  google::protobuf::Arena arena;
  v1::AgentMessage* const message;
  bool given = false;  // away, to be held
};

// One stream. Deletes itself in OnDone; the mutex is its service's, so that a session that the
// service finds cannot go away under it. StartWrite and Finish are called with it held: they call
// nothing back on the caller's thread.
class Session : public grpc::ServerBidiReactor<v1::AgentMessage, v1::ControllerMessage> {
 public:
  Session(FleetService::State* state, ConnectionId id, grpc::CallbackServerContext* context)
      : state_(state), id_(id), context_(context) {
    StartSendInitialMetadata();  // tells the agent that it is connected
  }

  void Begin(std::string peer) {
    on_event_(Connected{id_, std::move(peer)});
    ReadNext();
  }

  // With the lock held.
  void Send(v1::ControllerMessage message) {
    if (closing_) return;
    if (queue_.size() >= FleetService::kMaxQueuedMessages) {
      return Close("the agent does not read what it is sent", /*flush=*/false);
    }
    queue_.push_back(std::move(message));
    if (!writing_) WriteNext();
  }

  // With the lock held.
  void LetGo() {
    --held_;
    if (reading_ || finished_ || held_ >= FleetService::kMaxHeldMessages) return;
    reading_ = true;
    ReadNext();
  }

  void Close(std::string why, bool flush) {
    if (closing_) return;
    closing_ = true;
    why_ = std::move(why);
    if (!flush) {
      queue_.resize(writing_ ? 1 : 0);
      // What is being written may wait for a peer that does not read.
      if (writing_) context_->TryCancel();
    }
    if (!writing_) FinishNow();
  }

  void OnReadDone(bool ok) override {
    if (ok) {
      {
        const std::lock_guard lock(mutex_);
        ++held_;
      }
      incoming_->given = true;
      // The arena goes with the message.
      const v1::AgentMessage* message = incoming_->message;
      on_event_(Received{id_, {std::move(incoming_), message}});
      const std::lock_guard lock(mutex_);
      reading_ = held_ < FleetService::kMaxHeldMessages;
      if (reading_) ReadNext();
      return;
    }
    const std::lock_guard lock(mutex_);
    Close(OrTooLarge("the agent ended the stream"), /*flush=*/true);
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    queue_.pop_front();
    writing_ = false;
    if (!ok) {
      queue_.clear();
      if (!closing_) why_ = "the connection broke";
      closing_ = true;
    }
    if (!queue_.empty()) {
      WriteNext();
    } else if (closing_) {
      FinishNow();
    }
  }

  void OnCancel() override {
    const std::lock_guard lock(mutex_);
    Close(OrTooLarge("the connection broke"), /*flush=*/false);
  }

  void OnDone() override {
    {
      const std::lock_guard lock(mutex_);
      state_->sessions.erase(id_);
    }
    on_event_(Disconnected{id_, why_});
    delete this;
  }

 private:
  void ReadNext() {
    incoming_ = std::make_shared<Incoming>(state_->weak_from_this(), id_);
    StartRead(incoming_->message);
  }

  void WriteNext() {
    writing_ = true;
    StartWrite(&queue_.front());
  }

  void FinishNow() {
    if (finished_) return;
    finished_ = true;
    Finish(grpc::Status::OK);
  }

  FleetService::State* const state_;  // outlives the streams
  std::mutex& mutex_ = state_->mutex;
  const std::function<void(FleetEvent)>& on_event_ = state_->on_event;
  const ConnectionId id_;
  grpc::CallbackServerContext* const context_;
  std::shared_ptr<Incoming> incoming_;  // being read
  // Below: with the lock.
  int held_ = 0;
  bool reading_ = true;
  std::deque<v1::ControllerMessage> queue_;  // the first is being written, if any is
  bool writing_ = false;
  bool closing_ = false;
  bool finished_ = false;
  std::string why_;
};

class Service : public v1::Fleet::CallbackService {
 public:
  explicit Service(FleetService::State* state) : state_(state) {}

  grpc::ServerBidiReactor<v1::AgentMessage, v1::ControllerMessage>* Join(
      grpc::CallbackServerContext* context) override {
    if (state_->options.identity) {
      if (const std::string fault = RoleFault(*context->auth_context()); !fault.empty()) {
        state_->Refuse("refused " + PeerHost(context->peer()) +
                       ", who came for the agents' stream: " + fault);
        return new Refused("the controller refused this agent: " + fault);
      }
    }
    Session* session;
    {
      const std::lock_guard lock(state_->mutex);
      const ConnectionId id = state_->next++;
      session = new Session(state_, id, context);
      state_->sessions[id] = session;
    }
    session->Begin(context->peer());
    return session;
  }

 private:
  FleetService::State* const state_;
};

}  // namespace

void FleetService::State::LetGo(ConnectionId connection) {
  const std::lock_guard lock(mutex);
  if (const auto found = sessions.find(connection); found != sessions.end()) {
    found->second->LetGo();
  }
}

void FleetService::State::Refuse(const std::string& why) {
  if (!options.on_notice) return;
  const int64_t now_ns = std::chrono::duration_cast<std::chrono::nanoseconds>(
                             std::chrono::steady_clock::now().time_since_epoch())
                             .count();
  const std::lock_guard lock(refusals_mutex);
  if (std::optional<std::string> words = refusals.Heard(why, now_ns)) {
    options.on_notice(*std::move(words));
  }
}

absl::Status CheckListen(const FleetServiceOptions& options) {
  if (options.identity && options.insecure_stream) {
    return absl::InvalidArgumentError(
        "--insecure-stream is for a stream without TLS, and --tls was given too: leave out one");
  }
  if (IsLoopback(options.listen) || options.identity || options.insecure_stream) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      "--listen " + options.listen +
      ": on other addresses than loopback the stream between controller and agents has TLS, or "
      "anybody could join, read the plan and its secrets, and aim the load. Type\n"
      "  controller certs init --host NAME_OR_IP   (once; the address that agents dial)\n"
      "and add --tls here and at every agent; or add --insecure-stream to go without.");
}

absl::StatusOr<std::unique_ptr<FleetService>> FleetService::Listen(
    const FleetServiceOptions& options, std::function<void(FleetEvent)> on_event) {
  if (absl::Status status = CheckListen(options); !status.ok()) return status;
  // Debian's Abseil looks for cycles at every lock: that is gRPC's, and with many agents it is
  // twentieths of a core.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  auto state = std::make_shared<State>();
  state->options = options;
  state->on_event = std::move(on_event);
  state->next = options.first_connection;
  state->service = std::make_unique<Service>(state.get());
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.listen, CredentialsOf(options.identity), &state->port);
  builder.RegisterService(state->service.get());
  builder.SetMaxReceiveMessageSize(kMaxMessageBytes);
  builder.SetMaxSendMessageSize(kMaxMessageBytes);
  // Two controllers on one port would share its agents between them.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMs);
  builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, kHandshakeMs);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxStreamsOfConnection);
  GrpcLog& log = GrpcLog::Get();
  state->server = builder.BuildAndStart();
  if (state->server == nullptr || state->port == 0) {
    return absl::UnavailableError("cannot listen on " + options.listen +
                                  ": is the port in use, or the address not of this machine?");
  }
  log.Add(state.get());
  return std::unique_ptr<FleetService>(new FleetService(std::move(state)));
}

FleetService::FleetService(std::shared_ptr<State> state) : state_(std::move(state)) {}

FleetService::~FleetService() { Shutdown(); }

int FleetService::port() const { return state_->port; }

std::string FleetService::local_address() const {
  const std::string_view host = HostOf(state_->options.listen);
  const bool all = host == "0.0.0.0" || host == "[::]" || host == "*" || host.empty();
  return (all ? "127.0.0.1" : std::string(host)) + ":" + std::to_string(state_->port);
}

void FleetService::Send(ConnectionId connection, v1::ControllerMessage message) {
  const std::lock_guard lock(state_->mutex);
  if (const auto found = state_->sessions.find(connection); found != state_->sessions.end()) {
    found->second->Send(std::move(message));
  }
}

void FleetService::Close(ConnectionId connection) {
  const std::lock_guard lock(state_->mutex);
  if (const auto found = state_->sessions.find(connection); found != state_->sessions.end()) {
    found->second->Close("the controller ended the stream", /*flush=*/true);
  }
}

void FleetService::Shutdown() {
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [id, session] : state_->sessions) {
      session->Close("the controller ended", /*flush=*/true);
    }
  }
  state_->server->Shutdown(std::chrono::system_clock::now() +
                           std::chrono::nanoseconds(kShutdownNs));
  state_->server->Wait();
  GrpcLog::Get().Remove(state_.get());
}

}  // namespace rampart::controller
