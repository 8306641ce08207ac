// ControlAddress: the socket in a run's folder over which people ask things of the run.
#ifndef RAMPART_CONTROLLER_CONTROL_CONTROL_ADDRESS_H_
#define RAMPART_CONTROLLER_CONTROL_CONTROL_ADDRESS_H_

#include <string>

#include "absl/status/statusor.h"

namespace rampart::controller {

inline constexpr char kControlSocket[] = "control";

// A socket's path may have 107 bytes, and a folder's may be longer: so the address goes over the
// folder's descriptor, and is good as long as this object is there, in this process. Who may use
// the socket is who may enter the folder.
class ControlAddress {
 public:
  static absl::StatusOr<ControlAddress> Of(const std::string& folder);
  ~ControlAddress();
  ControlAddress(ControlAddress&& other) noexcept;
  ControlAddress& operator=(ControlAddress&&) = delete;

  std::string grpc() const;  // as gRPC has it
  // Whether somebody listens there: a controller that was killed leaves its socket behind.
  bool Answers() const;

 private:
  explicit ControlAddress(int fd) : fd_(fd) {}
  std::string path() const;

  int fd_;  // -1: moved away
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_CONTROL_CONTROL_ADDRESS_H_
