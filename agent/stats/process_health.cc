#include "agent/stats/process_health.h"

#include <dirent.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

namespace rampart::agent {
namespace {

double CpuSeconds() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

uint64_t ResidentBytes() {
  std::FILE* file = std::fopen("/proc/self/statm", "r");
  if (file == nullptr) return 0;
  unsigned long long total = 0;
  unsigned long long resident = 0;
  const int read = std::fscanf(file, "%llu %llu", &total, &resident);
  std::fclose(file);
  return read == 2 ? resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE)) : 0;
}

uint32_t OpenDescriptors() {
  // Newer kernels (6.2) say how many there are. Walking over ten thousands of them each second
  // would cost more than the load, and an inode of the kernel for each.
  struct stat folder = {};
  if (stat("/proc/self/fd", &folder) == 0 && folder.st_size > 0) {
    return static_cast<uint32_t>(folder.st_size);
  }
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) return 0;
  uint32_t count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count < 3 ? 0 : count - 3;  // `.`, `..` and the directory itself
}

}  // namespace

v1::AgentHealth ProcessHealth::Take() {
  v1::AgentHealth health;
  const double cpu_seconds = CpuSeconds();
  health.set_cpu_seconds(cpu_seconds - std::exchange(cpu_seconds_, cpu_seconds));
  health.set_resident_bytes(ResidentBytes());
  health.set_open_descriptors(OpenDescriptors());
  return health;
}

}  // namespace rampart::agent
