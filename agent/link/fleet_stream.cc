#include "agent/link/fleet_stream.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"
#include "agent/link/tls_probe.h"
#include "rampart/v1/fleet.grpc.pb.h"

namespace rampart::agent {
namespace {

// A dead peer is seen within 5 s, which leaves half of a lease to dial again.
constexpr int kKeepaliveMs = 2'000;
constexpr int kKeepaliveTimeoutMs = 3'000;

std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const StreamIdentity* identity) {
  if (identity == nullptr) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = identity->ca_pem;
  options.pem_cert_chain = identity->certificate_pem;
  options.pem_private_key = identity->key_pem;
  return grpc::SslCredentials(options);
}

// Of a peer whose certificate was verified. Empty when it is a controller.
std::string RoleFault(const grpc::ClientContext& context) {
  std::vector<std::string> uris;
  for (const grpc::string_ref& uri :
       context.auth_context()->FindPropertyValues(GRPC_PEER_URI_PROPERTY_NAME)) {
    uris.emplace_back(uri.data(), uri.size());
    if (uris.back() == RoleUri(StreamRole::kController)) return "";
  }
  return "the certificate of what listens there is not a controller's: " +
         RoleUri(StreamRole::kController) + " is not among its names" +
         (uris.empty() ? "" : ", but " + absl::StrJoin(uris, ", "));
}

std::shared_ptr<grpc::Channel> NewChannel(const std::string& controller,
                                          const StreamIdentity* identity) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(static_cast<int>(FleetStream::kMaxMessageBytes));
  arguments.SetMaxSendMessageSize(static_cast<int>(FleetStream::kMaxMessageBytes));
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // When to dial is the Link's to say: a new channel has no backoff of its own, unless it shares
  // the connections of those before it.
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // HTTP_PROXY is for the target's sake, if for anything.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(controller, CredentialsOf(identity), arguments);
}

}  // namespace

// One dialled stream. Keeps itself alive until gRPC is done with it. Calls into gRPC are made with
// the lock held; they call nothing back on the caller's thread.
//
// Whoever waits for its end lets it go last: a channel that goes on one of gRPC's own threads, and
// is the last there is, has this thread wait for itself and frees it twice (gRPC 1.51).
class FleetStream::Session
    : public grpc::ClientBidiReactor<v1::AgentMessage, v1::ControllerMessage> {
 public:
  Session(const std::string& controller, const FleetStreamCallbacks& callbacks,
          const std::optional<StreamIdentity>& identity)
      : controller_(controller),
        callbacks_(callbacks),
        identity_(identity),
        stub_(v1::Fleet::NewStub(NewChannel(controller, identity ? &*identity : nullptr))) {}

  void Begin(std::shared_ptr<Session> self) {
    const std::lock_guard lock(mutex_);
    self_ = std::move(self);
    stub_->async()->Join(&context_, this);
    AddHold();  // for the writes, which begin outside of callbacks
    StartRead(&incoming_);
    StartCall();
  }

  absl::Status Send(const v1::AgentMessage& message) {
    if (message.ByteSizeLong() > kMaxMessageBytes) {
      return absl::InvalidArgumentError(
          "a message to the controller has " + std::to_string(message.ByteSizeLong() >> 20) +
          " MiB, and at most " + std::to_string(kMaxMessageBytes >> 20) + " MiB can be sent");
    }
    const std::lock_guard lock(mutex_);
    if (!holding_ || closing_) return absl::UnavailableError("there is no stream");
    if (queue_.size() >= kMaxQueuedMessages) {
      why_ = "the controller does not read what it is sent";
      context_.TryCancel();
      return absl::UnavailableError(why_);
    }
    queue_.push_back(message);
    if (reached_ && !writing_) WriteNext();
    return absl::OkStatus();
  }

  // Lets the stream end after what is queued.
  void HalfClose() {
    const std::lock_guard lock(mutex_);
    closing_ = true;
    if (holding_ && !writing_) FinishWrites();
  }

  void Cancel() {
    {
      const std::lock_guard lock(mutex_);
      muted_ = true;
    }
    context_.TryCancel();
  }

  // Hold a reference meanwhile.
  bool WaitDone(int64_t within_ns) {
    return over_->WaitForNotificationWithTimeout(absl::Nanoseconds(within_ns));
  }
  void WaitDone() { over_->WaitForNotification(); }

  void OnReadInitialMetadataDone(bool ok) override {
    if (!ok) return;
    const std::lock_guard lock(mutex_);
    reached_ = true;
    if (identity_ && why_.empty()) {
      why_ = RoleFault(context_);
      if (!why_.empty()) return context_.TryCancel();
    }
    if (!queue_.empty() && !writing_ && !closing_ && holding_) WriteNext();
    if (!muted_) callbacks_.connected();
  }

  void OnReadDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    if (!ok) return Release();
    // What a stream that was given up still had is nobody's.
    if (!muted_ && why_.empty()) callbacks_.received(std::move(incoming_));
    incoming_.Clear();
    StartRead(&incoming_);
  }

  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    queue_.pop_front();
    if (!ok) queue_.clear();  // the read fails too
    if (!queue_.empty()) {
      WriteNext();
    } else if (closing_ && holding_) {
      FinishWrites();
    }
  }

  void OnDone(const grpc::Status& status) override {
    const std::string fault = FaultOfDial(status);
    const std::shared_ptr<absl::Notification> over = over_;
    std::shared_ptr<Session> self;
    {
      const std::lock_guard lock(mutex_);
      self = std::move(self_);
      if (!muted_) {
        callbacks_.disconnected(!why_.empty()    ? why_
                                : !fault.empty() ? fault
                                : status.ok()    ? std::string("the controller ended the stream")
                                                 : status.error_message());
      }
    }
    self.reset();  // one that was given up ends here
    over->Notify();
  }

 private:
  // Without the lock: it may take a while. Empty when it is not known better than `status` says.
  std::string FaultOfDial(const grpc::Status& status) {
    {
      const std::lock_guard lock(mutex_);
      if (status.error_code() != grpc::StatusCode::UNAVAILABLE || reached_ || muted_) return "";
    }
    return TlsFault(controller_, identity_ ? &*identity_ : nullptr);
  }

  void WriteNext() {
    writing_ = true;
    StartWrite(&queue_.front());
  }

  void FinishWrites() {
    StartWritesDone();
    Release();
  }

  // No write begins after it.
  void Release() {
    if (!std::exchange(holding_, false)) return;
    RemoveHold();
  }

  const std::string controller_;
  const FleetStreamCallbacks callbacks_;
  const std::optional<StreamIdentity> identity_;
  const std::unique_ptr<v1::Fleet::Stub> stub_;
  grpc::ClientContext context_;
  v1::ControllerMessage incoming_;

  // Whether gRPC has done with it. Of its own, so that it can be said after the stream let itself
  // go.
  const std::shared_ptr<absl::Notification> over_ = std::make_shared<absl::Notification>();

  std::mutex mutex_;
  // Below: with the lock.
  std::shared_ptr<Session> self_;
  std::deque<v1::AgentMessage> queue_;  // the first is being written, if any is
  bool writing_ = false;
  bool closing_ = false;
  bool holding_ = true;
  bool muted_ = false;
  bool reached_ = false;  // something of the other end came
  std::string why_;       // we gave it up
};

FleetStream::FleetStream(std::string controller, FleetStreamCallbacks callbacks,
                         std::optional<StreamIdentity> identity)
    : controller_(std::move(controller)),
      callbacks_(std::move(callbacks)),
      identity_(std::move(identity)) {}

FleetStream::~FleetStream() {
  if (session_ == nullptr) return;
  session_->Cancel();
  session_->WaitDone();
}

void FleetStream::Dial() {
  if (session_ != nullptr) session_->Cancel();
  session_ = std::make_shared<Session>(controller_, callbacks_, identity_);
  session_->Begin(session_);
}

absl::Status FleetStream::Send(const v1::AgentMessage& message) {
  if (session_ == nullptr) return absl::UnavailableError("there is no stream");
  return session_->Send(message);
}

void FleetStream::Close(int64_t within_ns) {
  if (session_ == nullptr) return;
  session_->HalfClose();
  if (!session_->WaitDone(within_ns)) session_->Cancel();
}

}  // namespace rampart::agent
