// TLS between both gRPC ends of the stream over loopback: who gets in, who is refused, and what is
// said of it.
#include <grpcpp/grpcpp.h>
#include <signal.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "controller/fleet/fleet_service.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "rampart/v1/fleet.grpc.pb.h"
#include "tests/agent/link/stream_ends.h"
#include "tests/support/stream_certificates.h"

namespace rampart {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class StreamTls : public testing::Test {
 protected:
  void SetUp() override { signal(SIGPIPE, SIG_IGN); }

  void Listen(std::optional<StreamIdentity> identity) {
    auto service = controller::FleetService::Listen(
        {.identity = std::move(identity),
         .on_notice = [this](std::string notice) { notices_.Put(std::move(notice)); }},
        [this](controller::FleetEvent event) { events_.Put(std::move(event)); });
    ASSERT_TRUE(service.ok()) << service.status();
    service_ = *std::move(service);
  }
  void Listen() { Listen(ca_.Identity(StreamRole::kController)); }

  // Of an agent that dials and is refused. To the controller there was never a stream.
  std::string Refused(std::optional<StreamIdentity> identity) {
    Agent agent(service_->port(), std::move(identity));
    agent.stream.Dial();
    // It may not send what is for a controller only.
    v1::AgentMessage secret;
    secret.mutable_setup_done()->set_data("secret");
    agent.stream.Send(secret).IgnoreError();  // it may be over by now
    const std::optional<Ended> ended = agent.Take<Ended>();
    EXPECT_TRUE(agent.saw.empty());
    return ended ? ended->why : "";
  }
  std::string Notice() { return notices_.Take().value_or(""); }

  void TearDown() override {
    service_.reset();
    EXPECT_TRUE(events_.empty()) << "the fleet heard of a stream";
  }

  TestAuthority ca_;
  TestAuthority other_ca_{"other-ca.pem"};
  Mailbox<controller::FleetEvent> events_;
  Mailbox<std::string> notices_;
  std::unique_ptr<controller::FleetService> service_;
};

TEST_F(StreamTls, LetsAnAgentInAndCarriesMessagesBothWays) {
  Listen();
  {
    Agent agent(service_->port(), ca_.Identity(StreamRole::kAgent));
    agent.stream.Dial();
    v1::AgentMessage hello;
    hello.mutable_hello()->set_name("a");
    ASSERT_TRUE(agent.stream.Send(hello).ok()) << "it waits until the controller is known";
    EXPECT_TRUE(agent.Take<Opened>());
    const auto connected = events_.Take();
    ASSERT_TRUE(connected && std::holds_alternative<controller::Connected>(*connected));
    const auto received = events_.Take();
    ASSERT_TRUE(received && std::holds_alternative<controller::Received>(*received));
    const auto& [connection, message] = std::get<controller::Received>(*received);
    EXPECT_EQ(message->hello().name(), "a");
    v1::ControllerMessage welcome;
    welcome.mutable_welcome()->set_epoch(3);
    service_->Send(connection, welcome);
    EXPECT_EQ(agent.Take<v1::ControllerMessage>().value().welcome().epoch(), 3u);
  }
  EXPECT_TRUE(events_.Take());  // Disconnected
  EXPECT_TRUE(notices_.empty());
}

TEST_F(StreamTls, RefusesAnAgentWithoutACertificate) {
  Listen();
  EXPECT_THAT(Refused(ca_.Identity(CertificateAndKey{})), HasSubstr("this agent showed none"));
  EXPECT_THAT(Notice(), AllOf(HasSubstr("refused somebody"), HasSubstr("showed no certificate")));
}

TEST_F(StreamTls, RefusesAnAgentOfAnotherCa) {
  Listen();
  EXPECT_THAT(Refused(ca_.Identity(other_ca_.Issue(StreamRole::kAgent))),
              AllOf(HasSubstr("the controller refused this agent's certificate (mine.pem)"),
                    HasSubstr("not signed by the CA that the controller trusts")));
  EXPECT_THAT(Notice(),
              HasSubstr("its certificate is not signed by the CA in ca.pem, or not valid"));
}

TEST_F(StreamTls, RefusesAnAgentOutOfItsTime) {
  Listen();
  EXPECT_THAT(Refused(ca_.Identity(StreamRole::kAgent, TestAuthority::Past())),
              AllOf(HasSubstr("refused this agent's certificate"),
                    HasSubstr("or not valid by the controller's clock")));
  EXPECT_THAT(Notice(), HasSubstr("not valid now"));
  EXPECT_THAT(Refused(ca_.Identity(StreamRole::kAgent, TestAuthority::Future())),
              HasSubstr("refused"));
}

TEST_F(StreamTls, RefusesAControllerCertificateInTheHandOfAnAgentAndNamesThePeer) {
  Listen();
  EXPECT_THAT(
      Refused(ca_.Identity(StreamRole::kController)),
      AllOf(HasSubstr("the controller refused this agent"),
            HasSubstr("its certificate is not an agent's"), HasSubstr("but rampart://controller")));
  EXPECT_THAT(Notice(), AllOf(HasSubstr("refused 127.0.0.1, who came for the agents' stream"),
                              HasSubstr("rampart://agent is not among the certificate's names")));
}

TEST_F(StreamTls, RefusesACertificateWithoutARole) {
  Listen();
  EXPECT_THAT(Refused(ca_.Identity(ca_.Issue(std::vector<std::string>{}))),
              HasSubstr("is not an agent's"));
  EXPECT_THAT(Refused(ca_.Identity(ca_.Issue({"rampart://agent.evil.example", "https://agent"}))),
              HasSubstr("is not an agent's"));
}

TEST_F(StreamTls, AnAgentRefusesAControllerOfAnotherCa) {
  Listen(other_ca_.Identity(StreamRole::kController));
  EXPECT_EQ(Refused(ca_.Identity(StreamRole::kAgent)),
            "the controller's certificate is not signed by the CA in ca.pem");
}

TEST_F(StreamTls, AnAgentRefusesAControllerOutOfItsTime) {
  Listen(ca_.Identity(StreamRole::kController, TestAuthority::Past()));
  EXPECT_THAT(Refused(ca_.Identity(StreamRole::kAgent)),
              HasSubstr("the controller's certificate has expired, on 20"));
  Listen(ca_.Identity(StreamRole::kController, TestAuthority::Future()));
  EXPECT_THAT(Refused(ca_.Identity(StreamRole::kAgent)),
              HasSubstr("the controller's certificate is not valid before 20"));
}

TEST_F(StreamTls, AnAgentRefusesAControllerOfAnotherHost) {
  Listen(ca_.Identity(ca_.Issue({RoleUri(StreamRole::kController)}, TestAuthority::Now(),
                                {"load.example", "192.0.2.1"})));
  EXPECT_EQ(Refused(ca_.Identity(StreamRole::kAgent)),
            "the controller's certificate is not for 127.0.0.1, but for load.example, 192.0.2.1");
}

TEST_F(StreamTls, AnAgentRefusesAnAgentsCertificateInTheHandOfAController) {
  Listen(ca_.Identity(StreamRole::kAgent));
  EXPECT_THAT(Refused(ca_.Identity(StreamRole::kAgent)),
              AllOf(HasSubstr("is not a controller's"), HasSubstr("but rampart://agent")));
  // The controller's end took the agent for one, as it is; nothing came of it.
  EXPECT_TRUE(std::holds_alternative<controller::Connected>(events_.Take().value()));
  EXPECT_TRUE(std::holds_alternative<controller::Disconnected>(events_.Take().value()));
}

TEST_F(StreamTls, RefusesAnAgentWithoutTls) {
  Listen();
  EXPECT_THAT(Refused(std::nullopt),
              AllOf(HasSubstr("the controller demands TLS"), HasSubstr("--tls DIR")));
  EXPECT_THAT(Notice(), HasSubstr("it does not speak TLS"));
}

TEST_F(StreamTls, AnAgentWithTlsRefusesAControllerWithout) {
  Listen(std::nullopt);
  EXPECT_THAT(Refused(ca_.Identity(StreamRole::kAgent)),
              AllOf(HasSubstr("does not speak TLS"), HasSubstr("--tls")));
  EXPECT_TRUE(notices_.empty());
}

TEST_F(StreamTls, WhoKnocksOftenIsSaidOnce) {
  Listen();
  for (int i = 0; i < 5; ++i) Refused(ca_.Identity(other_ca_.Issue(StreamRole::kAgent)));
  EXPECT_THAT(Notice(), HasSubstr("its certificate"));
  EXPECT_TRUE(notices_.empty());
}

// Somebody's own program, which has no limit.
TEST_F(StreamTls, AMessageThatIsTooLargeEndsTheStreamWithAReason) {
  Listen(std::nullopt);
  grpc::ChannelArguments arguments;
  arguments.SetMaxSendMessageSize(-1);
  const auto stub =
      v1::Fleet::NewStub(grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(service_->port()),
                                                   grpc::InsecureChannelCredentials(), arguments));
  grpc::ClientContext context;
  const auto stream = stub->Join(&context);
  v1::AgentMessage large;
  large.mutable_setup_done()->set_data(
      std::string(controller::FleetService::kMaxMessageBytes + 1, 'x'));
  stream->Write(large);
  v1::ControllerMessage answer;
  EXPECT_FALSE(stream->Read(&answer));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED) << status.error_message();
  EXPECT_TRUE(std::holds_alternative<controller::Connected>(events_.Take().value()));
  const auto end = events_.Take();
  ASSERT_TRUE(end && std::holds_alternative<controller::Disconnected>(*end));
  EXPECT_THAT(std::get<controller::Disconnected>(*end).why, HasSubstr("64 MiB"));
}

}  // namespace
}  // namespace rampart
