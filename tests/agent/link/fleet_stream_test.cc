// Both gRPC ends of the stream over loopback: the agent's FleetStream, the controller's
// FleetService.
#include "agent/link/fleet_stream.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>

#include "controller/fleet/fleet_service.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/agent/link/stream_ends.h"

namespace rampart {
namespace {

using controller::ConnectionId;
using testing::HasSubstr;
using testing::IsEmpty;

class FleetStreamTest : public testing::Test {
 protected:
  void SetUp() override { Listen(0); }
  void Listen(int port) {
    auto service = controller::FleetService::Listen(
        {.listen = "127.0.0.1:" + std::to_string(port)},
        [this](controller::FleetEvent event) { events_.Put(std::move(event)); });
    ASSERT_TRUE(service.ok()) << service.status();
    service_ = *std::move(service);
  }

  template <typename T>
  std::optional<T> Take() {
    const std::optional<controller::FleetEvent> next = events_.Take();
    if (!next) return std::nullopt;
    const T* value = std::get_if<T>(&*next);
    if (value == nullptr) ADD_FAILURE() << "something else came: " << next->index();
    return value == nullptr ? std::nullopt : std::optional<T>(*value);
  }
  // Dials, and waits until both ends know.
  ConnectionId Dial(Agent& agent) {
    agent.stream.Dial();
    EXPECT_TRUE(agent.Take<Opened>());
    const auto connected = Take<controller::Connected>();
    return connected ? connected->connection : 0;
  }

  Mailbox<controller::FleetEvent> events_;
  std::unique_ptr<controller::FleetService> service_;
};

v1::AgentMessage ADelta(uint64_t sequence) {
  v1::AgentMessage message;
  message.mutable_delta()->set_sequence(sequence);
  return message;
}
v1::ControllerMessage AnAcknowledge(uint64_t sequence) {
  v1::ControllerMessage message;
  message.mutable_heartbeat()->set_durable_sequence(sequence);
  return message;
}

TEST_F(FleetStreamTest, CarriesMessagesBothWaysInOrder) {
  Agent agent(service_->port());
  const ConnectionId connection = Dial(agent);
  constexpr uint64_t kCount = 500;
  for (uint64_t i = 1; i <= kCount; ++i) {
    ASSERT_TRUE(agent.stream.Send(ADelta(i)).ok());
    service_->Send(connection, AnAcknowledge(i));
  }
  for (uint64_t i = 1; i <= kCount; ++i) {
    const auto received = Take<controller::Received>();
    ASSERT_TRUE(received);
    ASSERT_EQ(received->connection, connection);
    ASSERT_EQ(received->message->delta().sequence(), i);
    const auto heard = agent.Take<v1::ControllerMessage>();
    ASSERT_TRUE(heard);
    ASSERT_EQ(heard->heartbeat().durable_sequence(), i);
  }
}

TEST_F(FleetStreamTest, TellsAgentsApart) {
  Agent one(service_->port());
  Agent two(service_->port());
  const ConnectionId first = Dial(one);
  const ConnectionId second = Dial(two);
  EXPECT_NE(first, second);
  service_->Send(second, AnAcknowledge(2));
  service_->Send(first, AnAcknowledge(1));
  EXPECT_EQ(one.Take<v1::ControllerMessage>().value().heartbeat().durable_sequence(), 1u);
  EXPECT_EQ(two.Take<v1::ControllerMessage>().value().heartbeat().durable_sequence(), 2u);
}

TEST_F(FleetStreamTest, CarriesALargeMessageAndSaysWhichIsTooLarge) {
  Agent agent(service_->port());
  Dial(agent);
  v1::AgentMessage large;
  large.mutable_setup_done()->set_data(std::string(20 << 20, 'x'));
  ASSERT_TRUE(agent.stream.Send(large).ok());
  const auto received = Take<controller::Received>();
  ASSERT_TRUE(received);
  EXPECT_EQ(received->message->setup_done().data().size(), 20u << 20);

  large.mutable_setup_done()->set_data(std::string(agent::FleetStream::kMaxMessageBytes + 1, 'x'));
  const absl::Status status = agent.stream.Send(large);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_THAT(status.message(), HasSubstr("64 MiB"));
  EXPECT_TRUE(agent.stream.Send(ADelta(1)).ok()) << "the stream still stands";
  EXPECT_EQ(Take<controller::Received>().value().message->delta().sequence(), 1u);
}

TEST_F(FleetStreamTest, WhatWasSentBeforeAnEndArrives) {
  Agent agent(service_->port());
  const ConnectionId connection = Dial(agent);
  v1::ControllerMessage refused;
  refused.mutable_refused()->set_why("full");
  service_->Send(connection, refused);
  service_->Close(connection);
  EXPECT_EQ(agent.Take<v1::ControllerMessage>().value().refused().why(), "full");
  EXPECT_THAT(agent.Take<Ended>().value().why, HasSubstr("controller ended"));
  EXPECT_TRUE(Take<controller::Disconnected>());
  EXPECT_TRUE(absl::IsUnavailable(agent.stream.Send(ADelta(1))));

  const ConnectionId again = Dial(agent);
  EXPECT_NE(again, connection);
  // Nobody takes them before the stream has ended.
  constexpr uint64_t kCount = controller::FleetService::kMaxHeldMessages - 1;
  for (uint64_t i = 1; i <= kCount; ++i) ASSERT_TRUE(agent.stream.Send(ADelta(i)).ok());
  agent.stream.Close(20'000'000'000);
  for (uint64_t i = 1; i <= kCount; ++i) {
    EXPECT_EQ(Take<controller::Received>().value().message->delta().sequence(), i);
  }
  EXPECT_EQ(Take<controller::Disconnected>().value().connection, again);
}

TEST_F(FleetStreamTest, WhoHoldsManyMessagesGetsMoreWhenOneIsLetGo) {
  Agent agent(service_->port());
  Dial(agent);
  constexpr uint64_t kHeld = controller::FleetService::kMaxHeldMessages;
  for (uint64_t i = 1; i <= 5 * kHeld; ++i) ASSERT_TRUE(agent.stream.Send(ADelta(i)).ok());
  std::deque<controller::Received> held;
  for (uint64_t i = 1; i <= 5 * kHeld; ++i) {
    if (held.size() == kHeld) {
      EXPECT_TRUE(events_.empty());
      held.pop_front();
    }
    held.push_back(Take<controller::Received>().value());
    EXPECT_EQ(held.back().message->delta().sequence(), i);
  }
}

TEST_F(FleetStreamTest, ADialReplacesTheStreamAndSilencesIt) {
  Agent agent(service_->port());
  const ConnectionId first = Dial(agent);
  agent.stream.Dial();
  EXPECT_TRUE(agent.Take<Opened>()) << "not the end of the first";
  // The two are told in any order.
  ConnectionId second = 0;
  bool ended = false;
  for (int i = 0; i < 2; ++i) {
    const auto event = events_.Take();
    ASSERT_TRUE(event);
    if (const auto* connected = std::get_if<controller::Connected>(&*event)) {
      second = connected->connection;
    }
    if (const auto* gone = std::get_if<controller::Disconnected>(&*event)) {
      ended = gone->connection == first;
    }
  }
  EXPECT_TRUE(ended);
  service_->Send(first, AnAcknowledge(1));  // to nobody
  service_->Send(second, AnAcknowledge(2));
  EXPECT_EQ(agent.Take<v1::ControllerMessage>().value().heartbeat().durable_sequence(), 2u);
  EXPECT_TRUE(agent.saw.empty());
}

TEST_F(FleetStreamTest, AnAgentThatIsGoneIsADisconnect) {
  auto agent = std::make_unique<Agent>(service_->port());
  const ConnectionId connection = Dial(*agent);
  agent.reset();
  EXPECT_EQ(Take<controller::Disconnected>().value().connection, connection);
}

TEST_F(FleetStreamTest, AnAgentFindsAControllerThatComesBack) {
  Agent agent(service_->port());
  Dial(agent);
  const int port = service_->port();
  service_.reset();
  EXPECT_TRUE(agent.Take<Ended>());
  EXPECT_TRUE(Take<controller::Disconnected>());
  agent.stream.Dial();
  EXPECT_THAT(agent.Take<Ended>().value().why, testing::Not(IsEmpty())) << "nobody listens";
  Listen(port);
  EXPECT_NE(Dial(agent), 0u);
}

// A peer whose network is gone: the port is taken, and nothing is ever read or answered.
TEST_F(FleetStreamTest, ADialThatIsNotAnsweredCanBeGivenUp) {
  const int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(silent, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(silent, 1), 0);
  socklen_t length = sizeof(address);
  ASSERT_EQ(getsockname(silent, reinterpret_cast<sockaddr*>(&address), &length), 0);
  {
    Agent agent(ntohs(address.sin_port));
    agent.stream.Dial();
    // Queued: it may still come about.
    EXPECT_TRUE(agent.stream.Send(ADelta(1)).ok());
    agent.stream.Dial();
    EXPECT_TRUE(agent.saw.empty());
  }
  close(silent);
}

TEST_F(FleetStreamTest, AnAgentThatDoesNotReadIsLetGo) {
  std::mutex mutex;
  std::condition_variable changed;
  bool reads = false;
  agent::FleetStream stream("127.0.0.1:" + std::to_string(service_->port()),
                            {.connected = [] {},
                             .received =
                                 [&](v1::ControllerMessage) {
                                   std::unique_lock lock(mutex);
                                   changed.wait(lock, [&] { return reads; });
                                 },
                             .disconnected = [](std::string) {}});
  stream.Dial();
  const auto connected = Take<controller::Connected>();
  ASSERT_TRUE(connected);
  v1::ControllerMessage large;
  large.mutable_arm()->set_setup_data(std::string(256 << 10, 'x'));
  // Those that wait, and what the sockets on the way can hold.
  for (size_t i = 0; i < controller::FleetService::kMaxQueuedMessages + 500; ++i) {
    service_->Send(connected->connection, large);
  }
  const auto gone = Take<controller::Disconnected>();
  {
    const std::lock_guard lock(mutex);
    reads = true;
    changed.notify_all();
  }
  ASSERT_TRUE(gone);
  EXPECT_THAT(gone->why, HasSubstr("does not read"));
}

}  // namespace
}  // namespace rampart
