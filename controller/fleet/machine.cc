#include "controller/fleet/machine.h"

#include <fstream>
#include <sstream>

namespace rampart::controller {

std::string BootId() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

uint64_t ProcessStart(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string line;
  std::getline(file, line);
  // The second field is the program's name, in brackets, with whatever it has in it.
  const size_t name_end = line.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  constexpr int kStartField = 22;
  std::string field;
  for (int i = 3; i <= kStartField; ++i) fields >> field;
  return fields ? std::stoull(field) : 0;
}

}  // namespace rampart::controller
