// ControlService: takes what people ask of a run while it runs.
#ifndef RAMPART_CONTROLLER_CONTROL_CONTROL_SERVICE_H_
#define RAMPART_CONTROLLER_CONTROL_CONTROL_SERVICE_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "rampart/v1/control.pb.h"

namespace rampart::controller {

// Called once, from any thread.
using ControlAnswer = std::function<void(v1::ControlReply reply)>;

class ControlService {
 public:
  // On the socket in `folder`. `ask` is called on gRPC's threads and has to see to it that `answer`
  // is called, also when the run ends; not after the service is gone.
  static absl::StatusOr<std::unique_ptr<ControlService>> Listen(
      const std::string& folder,
      std::function<void(v1::ControlRequest request, ControlAnswer answer)> ask);
  // Waits for the answers that are still to come.
  ~ControlService();

 private:
  struct State;
  explicit ControlService(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_CONTROL_CONTROL_SERVICE_H_
