#include "tests/faults/cluster/delta_proxy.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "rampart/v1/fleet.grpc.pb.h"

namespace rampart::faults {
namespace {

using AgentStream = grpc::ServerReaderWriter<v1::ControllerMessage, v1::AgentMessage>;
using ControllerStream = grpc::ClientReaderWriter<v1::AgentMessage, v1::ControllerMessage>;

// How long an agent whose controller has ended the stream may take to end it, too, before it is
// cut.
constexpr std::chrono::seconds kEndBySelf{1};
// An older delta that comes again is so many older.
constexpr uint64_t kOlder = 3;

std::unique_ptr<v1::Fleet::Stub> Dial(const std::string& controller) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return v1::Fleet::NewStub(
      grpc::CreateCustomChannel(controller, grpc::InsecureChannelCredentials(), arguments));
}

}  // namespace

class DeltaProxy::Service : public v1::Fleet::Service {
 public:
  Service(std::string controller, Decide decide)
      : controller_(std::move(controller)), decide_(std::move(decide)) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    // As controller/fleet/fleet_service.cc has it: agents ping often.
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 1'000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  ~Service() override { server_->Shutdown(std::chrono::system_clock::now()); }

  int port() const { return port_; }
  std::map<std::string, Record> records() const {
    const std::lock_guard lock(mutex_);
    return records_;
  }
  std::map<Trouble, int> done() const {
    const std::lock_guard lock(mutex_);
    return done_;
  }

  grpc::Status Join(grpc::ServerContext* context, AgentStream* agent) override {
    agent->SendInitialMetadata();  // an agent says nothing before it
    const auto stub = Dial(controller_);
    grpc::ClientContext up;
    const std::unique_ptr<ControllerStream> controller = stub->Join(&up);
    Passing passing{controller.get()};
    std::thread down([&] {
      v1::ControllerMessage message;
      while (controller->Read(&message)) {
        Note(passing.Name(), message);
        if (!agent->Write(message)) break;
      }
      if (!passing.WaitUntilOver(kEndBySelf)) context->TryCancel();
    });
    v1::AgentMessage message;
    bool broken = false;
    while (!broken && agent->Read(&message)) broken = !Pass(message, &passing);
    passing.Over();
    if (broken || context->IsCancelled()) {
      up.TryCancel();
    } else {
      controller->WritesDone();
    }
    down.join();
    controller->Finish();
    return broken ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the line broke")
                  : grpc::Status::OK;
  }

 private:
  // One stream.
  struct Passing {
    explicit Passing(ControllerStream* stream) : controller(stream) {}

    std::string Name() {
      const std::lock_guard lock(mutex);
      return name;
    }
    void SetName(const std::string& to) {
      const std::lock_guard lock(mutex);
      name = to;
    }
    void Over() {
      const std::lock_guard lock(mutex);
      over = true;
      changed.notify_all();
    }
    bool WaitUntilOver(std::chrono::seconds within) {
      std::unique_lock lock(mutex);
      return changed.wait_for(lock, within, [this] { return over; });
    }

    ControllerStream* const controller;
    std::mutex mutex;
    std::condition_variable changed;
    std::string name;                           // guarded by mutex, as is `over`
    bool over = false;                          // the agent's side has ended
    std::optional<v1::AgentMessage> held_back;  // until the next one has passed
  };

  // False: the stream breaks.
  bool Pass(const v1::AgentMessage& message, Passing* passing) {
    if (message.has_hello()) passing->SetName(message.hello().name());
    const Trouble trouble = Keep(passing->Name(), message);
    ControllerStream& controller = *passing->controller;
    switch (trouble) {
      case Trouble::kLost:
        return false;
      case Trouble::kUnknown:
        controller.Write(message);
        return false;
      case Trouble::kTwice:
        controller.Write(message);
        break;
      case Trouble::kOlderAgain: {
        v1::AgentMessage older;
        *older.mutable_delta() = Older(passing->Name(), message.delta().sequence());
        controller.Write(older);
        break;
      }
      case Trouble::kTooEarly:
        passing->held_back = message;
        return true;
      case Trouble::kNone:
        break;
    }
    controller.Write(message);
    if (passing->held_back && message.has_delta()) {
      controller.Write(*std::exchange(passing->held_back, std::nullopt));
    }
    return true;
  }

  Trouble Keep(const std::string& name, const v1::AgentMessage& message) {
    const std::lock_guard lock(mutex_);
    DeltaProxy::Record& record = records_[name];
    if (message.has_hello() && record.hello.name().empty()) record.hello = message.hello();
    if (message.has_drained()) record.last_sequence = message.drained().last_sequence();
    if (!message.has_delta()) return Trouble::kNone;
    const v1::Delta& delta = message.delta();
    const auto [at, first] = record.deltas.emplace(delta.sequence(), delta);
    if (!first) {
      ++record.sent_again;
      if (at->second.SerializeAsString() != delta.SerializeAsString()) ++record.differing;
      return Trouble::kNone;
    }
    const Trouble trouble = decide_(name, delta.sequence());
    ++done_[trouble];
    return trouble;
  }

  v1::Delta Older(const std::string& name, uint64_t sequence) const {
    const std::lock_guard lock(mutex_);
    return records_.at(name).deltas.at(sequence > kOlder ? sequence - kOlder : 1);
  }

  void Note(const std::string& name, const v1::ControllerMessage& message) {
    const std::lock_guard lock(mutex_);
    DeltaProxy::Record& record = records_[name];
    if (message.has_refused()) record.refused = message.refused().why();
    record.acknowledged = std::max({record.acknowledged, message.welcome().durable_sequence(),
                                    message.heartbeat().durable_sequence()});
  }

  const std::string controller_;
  const Decide decide_;
  mutable std::mutex mutex_;
  std::map<std::string, DeltaProxy::Record> records_;  // guarded by mutex_, by agent
  std::map<Trouble, int> done_;                        // guarded by mutex_
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

DeltaProxy::DeltaProxy(const std::string& controller, Decide decide)
    : service_(std::make_unique<Service>(controller, std::move(decide))) {}
DeltaProxy::~DeltaProxy() = default;

std::string DeltaProxy::address() const { return "127.0.0.1:" + std::to_string(service_->port()); }
std::map<std::string, DeltaProxy::Record> DeltaProxy::records() const {
  return service_->records();
}
std::map<Trouble, int> DeltaProxy::done() const { return service_->done(); }

void PlayAgent(const std::string& controller, const DeltaProxy::Record& record) {
  const auto stub = Dial(controller);
  grpc::ClientContext context;
  const std::unique_ptr<ControllerStream> stream = stub->Join(&context);
  v1::AgentMessage say;
  *say.mutable_hello() = record.hello;
  stream->Write(say);
  v1::ControllerMessage heard;
  while (stream->Read(&heard)) {
    v1::AgentMessage answer;
    if (heard.has_prepare()) {
      answer.mutable_ready()->set_plan_hash(heard.prepare().plan_hash());
      stream->Write(answer);
    } else if (heard.has_arm()) {
      answer.mutable_armed();
      stream->Write(answer);
    } else if (heard.has_ping()) {
      answer.mutable_pong()->set_controller_ns(heard.ping().controller_ns());
      answer.mutable_pong()->set_agent_ns(std::chrono::duration_cast<std::chrono::nanoseconds>(
                                              std::chrono::steady_clock::now().time_since_epoch())
                                              .count());
      stream->Write(answer);
    } else if (heard.has_start()) {
      std::this_thread::sleep_until(std::chrono::steady_clock::time_point(
          std::chrono::nanoseconds(heard.start().agent_ns())));
      for (const auto& [sequence, delta] : record.deltas) {
        v1::AgentMessage message;
        *message.mutable_delta() = delta;
        stream->Write(message);
      }
      answer.mutable_drained()->set_last_sequence(record.last_sequence);
      stream->Write(answer);
    } else if (heard.has_finish()) {
      answer.mutable_goodbye()->set_why("the run has ended");
      answer.mutable_goodbye()->set_last_sequence(record.last_sequence);
      stream->Write(answer);
      stream->WritesDone();
    }
  }
  stream->Finish();
}

}  // namespace rampart::faults
