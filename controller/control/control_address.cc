#include "controller/control/control_address.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace rampart::controller {

absl::StatusOr<ControlAddress> ControlAddress::Of(const std::string& folder) {
  const int fd = open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return absl::NotFoundError(absl::StrCat(folder, ": ", std::strerror(errno)));
  return ControlAddress(fd);
}

ControlAddress::ControlAddress(ControlAddress&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

ControlAddress::~ControlAddress() {
  if (fd_ >= 0) close(fd_);
}

std::string ControlAddress::grpc() const {
  return absl::StrCat("unix:/proc/self/fd/", fd_, "/", kControlSocket);
}

}  // namespace rampart::controller
