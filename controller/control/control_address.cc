#include "controller/control/control_address.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
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

std::string ControlAddress::path() const {
  return absl::StrCat("/proc/self/fd/", fd_, "/", kControlSocket);
}

std::string ControlAddress::grpc() const { return "unix:" + path(); }

bool ControlAddress::Answers() const {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  const std::string there = path();
  std::memcpy(address.sun_path, there.c_str(),
              std::min(there.size(), sizeof(address.sun_path) - 1));
  const bool answers =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
  close(fd);
  return answers;
}

}  // namespace rampart::controller
