#include "controller/commands/report.h"

#include <iostream>

#include "absl/status/status.h"
#include "controller/commands/output_file.h"
#include "controller/report/summary_json.h"
#include "controller/report/summary_text.h"

namespace rampart::controller {

bool Report(const RunResult& result, const std::vector<std::string>& out,
            const Terminal& terminal) {
  std::cout << SummaryText(result, terminal.style()) << std::flush;
  bool written = true;
  for (const std::string& path : out) {
    const absl::Status status = WriteFile(path, SummaryJson(result));
    if (status.ok()) continue;
    std::cerr << "--out " << status.message() << "\n";
    written = false;
  }
  return written;
}

}  // namespace rampart::controller
