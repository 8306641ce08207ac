// ErrorTable: equal errors of all agents, counted.
#ifndef RAMPART_CONTROLLER_RUN_MERGE_ERROR_TABLE_H_
#define RAMPART_CONTROLLER_RUN_MERGE_ERROR_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "controller/run/result.h"
#include "rampart/v1/stats.pb.h"

namespace rampart::controller {

// Errors are equal when kind, detail and step are. Owned by a Run, used by its thread. Bounded:
// past kMaxEntries new details share one entry a kind, past kMaxFolded more of these one entry
// `other`. Every error is counted somewhere, whatever comes.
class ErrorTable {
 public:
  static constexpr size_t kMaxEntries = 1'000;
  static constexpr size_t kMaxFolded = 100;
  static constexpr size_t kMaxTextBytes = 300;  // of each of kind, detail, step

  // Errors of expressions in steps: how often, and the first place in the plan.
  struct ScriptErrors {
    uint64_t count = 0;
    v1::Position at;
  };

  void Add(const v1::ErrorCount& error);

  uint64_t total() const { return total_; }
  const ScriptErrors& script() const { return script_; }
  // The most frequent first; equally frequent ones by their text.
  std::vector<ErrorEntry> Entries() const;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;  // kind, detail, step

  std::map<Key, ErrorEntry> entries_;
  uint64_t total_ = 0;
  ScriptErrors script_;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_RUN_MERGE_ERROR_TABLE_H_
