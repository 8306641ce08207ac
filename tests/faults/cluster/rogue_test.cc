// Those who come for the agents' stream and are none: refused, logged, and nobody else notices.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "rampart/v1/fleet.grpc.pb.h"
#include "tests/faults/cluster/cluster.h"
#include "tests/support/stream_certificates.h"

namespace rampart::faults {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

v1::AgentMessage Hello(const std::string& name) {
  v1::AgentMessage message;
  v1::Hello& hello = *message.mutable_hello();
  hello.set_protocol(v1::PROTOCOL_VERSION);
  hello.set_name(name);
  hello.set_incarnation(666);
  hello.set_capacity(kUsers);
  hello.set_next_sequence(1);
  return message;
}

// A program of somebody's own, which does not look at its certificate first as an agent does.
class Rogue {
 public:
  Rogue(const std::string& controller, const std::shared_ptr<grpc::ChannelCredentials>& shown)
      : stub_(v1::Fleet::NewStub(grpc::CreateChannel(controller, shown))) {
    context_.set_deadline(std::chrono::system_clock::now() + seconds(20));
    stream_ = stub_->Join(&context_);
  }

  void Say(const v1::AgentMessage& message) { stream_->Write(message); }
  // The next thing that it hears; nothing when the stream has ended.
  std::optional<v1::ControllerMessage> Hear() {
    v1::ControllerMessage message;
    return stream_->Read(&message) ? std::optional(message) : std::nullopt;
  }
  // Says Hello; what it is refused with. Empty when nothing came of the stream.
  std::string Refused(const v1::AgentMessage& hello) {
    Say(hello);
    const auto heard = Hear();
    EXPECT_TRUE(!heard || heard->has_refused()) << heard->ShortDebugString();
    return heard ? heard->refused().why() : "";
  }

 private:
  std::unique_ptr<v1::Fleet::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AgentMessage, v1::ControllerMessage>> stream_;
};

class Rogues : public Cluster {
 protected:
  Rogues() {
    std::filesystem::create_directory(certificates());
    Write("ca.pem", ca_.authority.Pem().certificate_pem);
    Write("controller", ca_.Issue(StreamRole::kController));
    Write("agent", ca_.Issue(StreamRole::kAgent));
  }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(certificates() + "/" + name) << text;
  }
  void Write(const std::string& name, const CertificateAndKey& pair) const {
    Write(name + ".pem", pair.certificate_pem);
    Write(name + "-key.pem", pair.key_pem);
  }
  void Wait(const Shape& shape) { WaitOnLoopback(shape, {"--tls", certificates()}); }
  void StartAgents(int first = 1) {
    for (int number = first; number <= kAgents; ++number) {
      StartAgentOnLoopback(number, controller_, {}, {"--tls", certificates()});
    }
  }

  Rogue With(const CertificateAndKey& shown) const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = ca_.authority.Pem().certificate_pem;
    options.pem_cert_chain = shown.certificate_pem;
    options.pem_private_key = shown.key_pem;
    return Rogue(controller_, grpc::SslCredentials(options));
  }

  const TestAuthority ca_;
  const TestAuthority other_ca_;
};

TEST_F(Rogues, AreRefusedInTheMiddleOfARunWhichDoesNotNotice) {
  ASSERT_NO_FATAL_FAILURE(Wait({.hold_s = 12}));
  StartAgents();
  ASSERT_NO_FATAL_FAILURE(WaitForUsers());
  // What is never read of.
  EXPECT_EQ(Rogue(controller_, grpc::InsecureChannelCredentials()).Refused(Hello("a")), "");
  EXPECT_TRUE(run_->WaitFor("it does not speak TLS", seconds(5)));
  EXPECT_EQ(With(CertificateAndKey{}).Refused(Hello("b")), "");
  EXPECT_TRUE(run_->WaitFor("showed no certificate", seconds(5)));
  EXPECT_EQ(With(other_ca_.Issue(StreamRole::kAgent)).Refused(Hello("c")), "");
  EXPECT_TRUE(run_->WaitFor("its certificate is not signed by the CA", seconds(5)));
  EXPECT_EQ(With(ca_.Issue(StreamRole::kAgent, TestAuthority::Past())).Refused(Hello("d")), "");
  EXPECT_TRUE(run_->WaitFor("not valid now", seconds(5)));
  EXPECT_EQ(With(ca_.Issue(StreamRole::kController)).Refused(Hello("e")), "");
  EXPECT_TRUE(run_->WaitFor("rampart://agent is not among the certificate's names", seconds(5)));
  // What is read, and refused.
  const CertificateAndKey good = ca_.Issue(StreamRole::kAgent);
  v1::AgentMessage stale = Hello("agent-1");
  stale.mutable_hello()->set_epoch(12'345);
  EXPECT_THAT(With(good).Refused(stale), HasSubstr("belongs to another run"));
  EXPECT_TRUE(run_->WaitFor("belongs to another run", seconds(5)));
  EXPECT_THAT(With(good).Refused(Hello("agent-2")), HasSubstr("another agent with the name"));
  EXPECT_TRUE(run_->WaitFor("another agent with the name agent-2", seconds(5)));
  EXPECT_THAT(With(good).Refused(Hello("agent-9")), HasSubstr("has all of its 4 agents"));
  EXPECT_TRUE(run_->WaitFor("has all of its 4 agents", seconds(5)));
  v1::AgentMessage delta;
  delta.mutable_delta()->set_sequence(1);
  EXPECT_THAT(With(good).Refused(delta), HasSubstr("the first message of a stream is Hello"));
  EXPECT_TRUE(run_->WaitFor("the first message of a stream is Hello", seconds(5)));
  v1::AgentMessage old = Hello("agent-1");
  old.mutable_hello()->set_protocol(1);
  EXPECT_THAT(With(good).Refused(old), HasSubstr("use the same build of both"));
  EXPECT_TRUE(run_->WaitFor("use the same build of both", seconds(5)));

  EXPECT_EQ(run_->Wait(), kPass) << run_->text();
  ExpectCountsAgree();
  EXPECT_EQ(target().Now().Sum().opened, kUsers);
}

TEST_F(Rogues, OneThatReadAnotherPlanEndsTheRunBeforeItsBegin) {
  ASSERT_NO_FATAL_FAILURE(Wait({}));
  StartAgents(2);
  Rogue rogue = With(ca_.Issue(StreamRole::kAgent));
  rogue.Say(Hello("agent-1"));
  std::optional<v1::ControllerMessage> heard = rogue.Hear();
  ASSERT_TRUE(heard && heard->has_welcome());
  heard = rogue.Hear();
  ASSERT_TRUE(heard && heard->has_prepare());
  v1::AgentMessage ready;
  ready.mutable_ready()->set_plan_hash(heard->prepare().plan_hash() + 1);
  rogue.Say(ready);
  EXPECT_EQ(run_->Wait(), kInvalid) << run_->text();
  EXPECT_THAT(run_->text(), HasSubstr("agent-1 read another plan than was sent to it"));
  EXPECT_EQ(target().Now().Sum().opened, 0u);
  for (const auto& agent : agents_) EXPECT_EQ(agent->Wait(), 0) << agent->text();
}

}  // namespace
}  // namespace rampart::faults
