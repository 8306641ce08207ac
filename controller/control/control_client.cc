#include "controller/control/control_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "controller/control/control_address.h"
#include "rampart/v1/control.grpc.pb.h"

namespace rampart::controller {

absl::StatusOr<std::string> AskRun(const std::string& folder, const v1::ControlRequest& request) {
  const absl::StatusOr<ControlAddress> address = ControlAddress::Of(folder);
  if (!address.ok()) return address.status();
  const auto nobody = [&folder] {
    return absl::NotFoundError(
        absl::StrCat(folder,
                     ": no controller answers there: its run has ended, or was killed and can be "
                     "resumed"));
  };
  // Asked first: gRPC would try again for a while, and leaves threads behind.
  if (!address->Answers()) return nobody();
  const auto stub = v1::Control::NewStub(
      grpc::CreateChannel(address->grpc(), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(kControlTimeoutS));
  v1::ControlReply reply;
  const grpc::Status status = stub->Ask(&context, request, &reply);
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE) return nobody();
  if (!status.ok()) {
    return absl::InternalError(
        absl::StrCat(folder, ": the controller did not answer: ", status.error_message()));
  }
  if (!reply.error().empty()) return absl::InvalidArgumentError(reply.error());
  return reply.done();
}

}  // namespace rampart::controller
