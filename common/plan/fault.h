// Fault: something in a plan file that cannot stay as it is.
#ifndef RAMPART_COMMON_PLAN_FAULT_H_
#define RAMPART_COMMON_PLAN_FAULT_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "rampart/v1/plan.pb.h"

namespace rampart {

struct Fault {
  uint32_t line = 0;  // from 1; 0 when it is of no place in the file
  uint32_t column = 0;
  std::string message;

  // `plan.yaml:12:5: message`.
  std::string Format(const std::string& file) const {
    if (line == 0) return file + ": " + message;
    return file + ":" + std::to_string(line) + ":" + std::to_string(column) + ": " + message;
  }
};

// All that were found, not just the first; kMaxFaults at most.
class Faults {
 public:
  static constexpr size_t kMaxFaults = 100;

  void Add(uint32_t line, uint32_t column, std::string message) {
    if (all_.size() < kMaxFaults) all_.push_back({line, column, std::move(message)});
  }
  void Add(const v1::Position& at, std::string message) {
    Add(at.line(), at.column(), std::move(message));
  }
  bool empty() const { return all_.empty(); }
  // Each message as `change` makes it.
  template <typename Change>
  void Rewrite(Change change) {
    for (Fault& fault : all_) fault.message = change(std::move(fault.message));
  }
  const std::vector<Fault>& all() const { return all_; }

 private:
  std::vector<Fault> all_;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_FAULT_H_
