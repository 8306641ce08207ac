// fleet_agents: many agents on real streams in one process, which pretend to load a target. Joins a
// controller that waits for `--external-agents`, says a delta a second each, and leaves when told.
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "rampart/v1/fleet.pb.h"
#include "tests/bench/simulated_deltas.h"

namespace rampart::bench {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kHeartbeatEveryNs = kSecondNs + kSecondNs / 4;
constexpr int64_t kSpreadNs = kSecondNs;  // agents' seconds do not end all at once

int64_t Now() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

std::shared_ptr<grpc::Channel> NewChannel(const std::string& controller) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  // As agent/link/fleet_stream.cc has it.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 2'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 3'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel(controller, grpc::InsecureChannelCredentials(), arguments);
}

// One agent. Deltas are written as bytes, of which most are shared with other agents' deltas.
class Agent : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  Agent(size_t number, const std::string& controller, const SimulatedDeltas& deltas,
        int64_t load_ns)
      : number_(number),
        deltas_(deltas),
        load_ns_(load_ns),
        stub_(NewChannel(controller)),
        offset_ns_(static_cast<int64_t>(number) * 7'919'000 % kSpreadNs) {
    stub_.PrepareBidiStreamingCall(&context_, "/rampart.v1.Fleet/Join", {}, this);
    AddHold();
    StartRead(&incoming_);
    StartCall();
    v1::AgentMessage message;
    v1::Hello& hello = *message.mutable_hello();
    hello.set_protocol(v1::PROTOCOL_VERSION);
    hello.set_name("agent-" + std::to_string(number + 1));
    hello.set_incarnation(number + 1);
    hello.set_capacity(1000);
    hello.set_next_sequence(1);
    Send(message);
  }

  void Tick(int64_t now_ns) {
    const std::lock_guard lock(mutex_);
    if (closing_) return;
    if (joined_ && now_ns >= next_heartbeat_ns_) {
      v1::AgentMessage message;
      AddHeartbeat(&message, now_ns);
      SendLocked(message);
    }
    if (start_ns_ == 0 || drained_) return;
    const int64_t due_ns = start_ns_ + offset_ns_ + static_cast<int64_t>(sequence_) * kSecondNs;
    if (now_ns >= due_ns && due_ns < start_ns_ + load_ns_ && !stopped_) {
      const int64_t to_ns = due_ns - start_ns_;
      const SimulatedDeltas::Message said =
          deltas_.Say(number_, ++sequence_, std::max<int64_t>(0, to_ns - kSecondNs), to_ns);
      v1::AgentMessage also;
      AddHeartbeat(&also, now_ns);
      const grpc::Slice slices[] = {
          grpc::Slice(also.SerializeAsString() + said.head),
          grpc::Slice(said.body->data(), said.body->size(), grpc::Slice::STATIC_SLICE)};
      durations_ += deltas_.DurationsIn(number_, sequence_);
      Write(grpc::ByteBuffer(slices, 2));
    } else if (stopped_ || due_ns >= start_ns_ + load_ns_) {
      drained_ = true;
      v1::AgentMessage message;
      message.mutable_drained()->set_last_sequence(sequence_);
      SendLocked(message);
    }
  }

  void OnReadDone(bool ok) override {
    if (!ok) {
      const std::lock_guard lock(mutex_);
      if (!closing_) Close();
      return;
    }
    v1::ControllerMessage message;
    grpc::Slice bytes;
    if (!incoming_.DumpToSingleSlice(&bytes).ok() ||
        !message.ParseFromArray(bytes.begin(), static_cast<int>(bytes.size()))) {
      std::abort();  // it is of the same build
    }
    Hear(message);
    StartRead(&incoming_);
  }
  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    writing_ = false;
    queue_.pop_front();
    if (!ok) queue_.clear();
    if (!queue_.empty()) {
      WriteNext();
    } else if (closing_) {
      End();
    }
  }
  void OnDone(const grpc::Status&) override { done_ = true; }

  bool done() const { return done_; }
  bool started() const { return started_; }
  bool refused() const { return refused_; }
  uint64_t durations() const { return durations_; }

 private:
  void Hear(const v1::ControllerMessage& heard) {
    v1::AgentMessage answer;
    switch (heard.kind_case()) {
      case v1::ControllerMessage::kWelcome: {
        const std::lock_guard lock(mutex_);
        joined_ = true;
        return;
      }
      case v1::ControllerMessage::kRefused:
        std::fprintf(stderr, "agent-%zu: refused: %s\n", number_ + 1,
                     heard.refused().why().c_str());
        refused_ = true;
        return;
      case v1::ControllerMessage::kPrepare:
        answer.mutable_ready()->set_plan_hash(heard.prepare().plan_hash());
        return Send(answer);
      case v1::ControllerMessage::kArm:
        answer.mutable_armed();
        return Send(answer);
      case v1::ControllerMessage::kPing:
        answer.mutable_pong()->set_controller_ns(heard.ping().controller_ns());
        answer.mutable_pong()->set_agent_ns(Now());
        return Send(answer);
      case v1::ControllerMessage::kStart: {
        const std::lock_guard lock(mutex_);
        start_ns_ = heard.start().agent_ns();
        started_ = true;
        return;
      }
      case v1::ControllerMessage::kStop: {
        const std::lock_guard lock(mutex_);
        stopped_ = true;
        return;
      }
      case v1::ControllerMessage::kFinish: {
        answer.mutable_goodbye()->set_why("the run has ended");
        const std::lock_guard lock(mutex_);
        SendLocked(answer);
        Close();
        return;
      }
      default:
        return;
    }
  }

  // As agent::Link: a delta brings one.
  void AddHeartbeat(v1::AgentMessage* message, int64_t now_ns) {
    next_heartbeat_ns_ = now_ns + kHeartbeatEveryNs;
    message->mutable_heartbeat()->set_number(++heartbeats_);
  }
  void Send(const v1::AgentMessage& message) {
    const std::lock_guard lock(mutex_);
    SendLocked(message);
  }
  void SendLocked(const v1::AgentMessage& message) {
    const grpc::Slice slice(message.SerializeAsString());
    Write(grpc::ByteBuffer(&slice, 1));
  }
  void Write(grpc::ByteBuffer bytes) {
    queue_.push_back(std::move(bytes));
    if (!writing_) WriteNext();
  }
  void WriteNext() {
    writing_ = true;
    StartWrite(&queue_.front());
  }
  void Close() {
    closing_ = true;
    if (!writing_) End();
  }
  void End() {
    if (std::exchange(ended_, true)) return;
    StartWritesDone();
    RemoveHold();
  }

  const size_t number_;
  const SimulatedDeltas& deltas_;
  const int64_t load_ns_;
  grpc::GenericStub stub_;
  const int64_t offset_ns_;
  grpc::ClientContext context_;
  grpc::ByteBuffer incoming_;
  std::mutex mutex_;
  std::deque<grpc::ByteBuffer> queue_;
  bool writing_ = false;
  bool joined_ = false;
  bool stopped_ = false;
  bool drained_ = false;
  bool closing_ = false;
  bool ended_ = false;
  int64_t start_ns_ = 0;
  int64_t next_heartbeat_ns_ = 0;
  uint64_t heartbeats_ = 0;
  uint64_t sequence_ = 0;
  uint64_t durations_ = 0;
  std::atomic<bool> started_ = false;
  std::atomic<bool> refused_ = false;
  std::atomic<bool> done_ = false;
};

int Main(int argc, char** argv) {
  std::string controller;
  int first = 0;
  int agents = 10;
  int series = 200;
  int requests = 1000;
  int64_t seconds = 30;
  CLI::App app;
  app.add_option("--controller", controller, "HOST:PORT")->required();
  app.add_option("--first", first, "number of the first agent, from 0");
  app.add_option("--agents", agents);
  app.add_option("--series", series);
  app.add_option("--requests", requests, "a second and agent");
  app.add_option("--seconds", seconds, "of load");
  CLI11_PARSE(app, argc, argv);

  const SimulatedDeltas deltas(series, requests);
  std::vector<std::unique_ptr<Agent>> all;
  for (int i = 0; i < agents; ++i) {
    all.push_back(std::make_unique<Agent>(static_cast<size_t>(first + i), controller, deltas,
                                          seconds * kSecondNs));
  }
  bool started = false;
  for (size_t done = 0; done < all.size();) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    const int64_t now_ns = Now();
    done = 0;
    size_t starts = 0;
    for (const auto& agent : all) {
      agent->Tick(now_ns);
      done += agent->done() ? 1 : 0;
      starts += agent->started() ? 1 : 0;
    }
    if (!started && starts == all.size()) {
      started = true;
      std::printf("started\n");
      std::fflush(stdout);
    }
  }
  uint64_t durations = 0;
  bool refused = false;
  for (const auto& agent : all) {
    durations += agent->durations();
    refused = refused || agent->refused();
  }
  std::printf("samples of http_req_duration: %llu\n", static_cast<unsigned long long>(durations));
  return refused || !started ? 1 : 0;
}

}  // namespace
}  // namespace rampart::bench

int main(int argc, char** argv) { return rampart::bench::Main(argc, argv); }
