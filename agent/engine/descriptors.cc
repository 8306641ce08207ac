#include "agent/engine/descriptors.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

namespace rampart::agent {
namespace {

// A megabyte of the kernel's. Over it, doubling is rare.
constexpr uint64_t kMaxTable = 128 * 1024;

void GrowTable(uint64_t descriptors) {
  const int some = open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (some < 0) return;
  // The table never shrinks.
  const int last = fcntl(some, F_DUPFD_CLOEXEC, static_cast<int>(descriptors) - 1);
  if (last >= 0) close(last);
  close(some);
}

}  // namespace

uint64_t RaiseDescriptorLimit() {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  if (limit.rlim_cur < limit.rlim_max) {
    const rlimit raised = {limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  GrowTable(std::min<uint64_t>(limit.rlim_cur, kMaxTable));
  return limit.rlim_cur;
}

}  // namespace rampart::agent
