#include "controller/commands/output_file.h"

#include <fstream>

namespace rampart::controller {

absl::Status WriteFile(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file) return absl::OkStatus();
  return absl::InternalError(path + ": cannot be written");
}

}  // namespace rampart::controller
