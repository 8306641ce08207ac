#include "controller/control/control_service.h"

#include <grpcpp/grpcpp.h>

#include <utility>

#include "absl/status/status.h"
#include "controller/control/control_address.h"
#include "rampart/v1/control.grpc.pb.h"

namespace rampart::controller {
namespace {

using AskFunction = std::function<void(v1::ControlRequest request, ControlAnswer answer)>;

class Service : public v1::Control::CallbackService {
 public:
  explicit Service(AskFunction ask) : ask_(std::move(ask)) {}

  grpc::ServerUnaryReactor* Ask(grpc::CallbackServerContext* context,
                                const v1::ControlRequest* request,
                                v1::ControlReply* reply) override {
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    ask_(*request, [reactor, reply](v1::ControlReply answer) {
      *reply = std::move(answer);
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }

 private:
  const AskFunction ask_;
};

}  // namespace

struct ControlService::State {
  ControlAddress address;
  std::unique_ptr<Service> service;
  std::unique_ptr<grpc::Server> server;
};

absl::StatusOr<std::unique_ptr<ControlService>> ControlService::Listen(
    const std::string& folder,
    std::function<void(v1::ControlRequest request, ControlAnswer answer)> ask) {
  absl::StatusOr<ControlAddress> address = ControlAddress::Of(folder);
  if (!address.ok()) return address.status();
  auto state = std::make_unique<State>(
      State{*std::move(address), std::make_unique<Service>(std::move(ask)), nullptr});
  grpc::ServerBuilder builder;
  builder.AddListeningPort(state->address.grpc(), grpc::InsecureServerCredentials());
  builder.RegisterService(state->service.get());
  state->server = builder.BuildAndStart();
  if (state->server == nullptr) {
    return absl::UnavailableError("cannot listen on " + folder + "/" + kControlSocket);
  }
  return std::unique_ptr<ControlService>(new ControlService(std::move(state)));
}

ControlService::ControlService(std::unique_ptr<State> state) : state_(std::move(state)) {}

ControlService::~ControlService() {
  state_->server->Shutdown();
  state_->server->Wait();
}

}  // namespace rampart::controller
