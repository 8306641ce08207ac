#include "controller/fleet/fleet_service.h"

#include <google/protobuf/arena.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <string_view>
#include <utility>

#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "rampart/v1/fleet.grpc.pb.h"

namespace rampart::controller {
namespace {

// Who is silent is declared lost by the Fleet; this only ends the streams of those that are gone.
// The agents, which have to find a controller that is gone at once, ping oftener.
constexpr int kKeepaliveMs = 10'000;
constexpr int kKeepaliveTimeoutMs = 3'000;
constexpr int kMinPingIntervalMs = 1'000;

bool IsLoopback(std::string_view listen) {
  const size_t colon = listen.rfind(':');
  const std::string_view host = listen.substr(0, colon);
  return host == "localhost" || host == "[::1]" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == host.npos);
}

class Session;

}  // namespace

struct FleetService::State : std::enable_shared_from_this<FleetService::State> {
  // Somebody holds one message less of that stream.
  void LetGo(ConnectionId connection);

  std::function<void(FleetEvent)> on_event;
  std::unique_ptr<grpc::Service> service;
  std::unique_ptr<grpc::Server> server;
  int port = 0;

  std::mutex mutex;
  ConnectionId next = 1;
  std::map<ConnectionId, Session*> sessions;
};

namespace {

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
    Close("the agent ended the stream", /*flush=*/true);
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
    Close("the connection broke", /*flush=*/false);
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

absl::StatusOr<std::unique_ptr<FleetService>> FleetService::Listen(
    const FleetServiceOptions& options, std::function<void(FleetEvent)> on_event) {
  if (!IsLoopback(options.listen) && !options.allow_remote) {
    return absl::PermissionDeniedError(
        "will not listen on " + options.listen +
        ": the streams of agents are not encrypted, so other addresses than loopback have to be "
        "allowed explicitly");
  }
  // Debian's Abseil looks for cycles at every lock: that is gRPC's, and with many agents it is
  // twentieths of a core.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  auto state = std::make_shared<State>();
  state->on_event = std::move(on_event);
  state->service = std::make_unique<Service>(state.get());
  grpc::ServerBuilder builder;
  builder.AddListeningPort(options.listen, grpc::InsecureServerCredentials(), &state->port);
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
  state->server = builder.BuildAndStart();
  if (state->server == nullptr || state->port == 0) {
    return absl::UnavailableError("cannot listen on " + options.listen +
                                  ": is the port in use, or the address not of this machine?");
  }
  return std::unique_ptr<FleetService>(new FleetService(std::move(state)));
}

FleetService::FleetService(std::shared_ptr<State> state) : state_(std::move(state)) {}

FleetService::~FleetService() { Shutdown(); }

int FleetService::port() const { return state_->port; }

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
}

}  // namespace rampart::controller
