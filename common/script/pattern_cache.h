// PatternCache: regular expressions that were compiled before.
#ifndef RAMPART_COMMON_SCRIPT_PATTERN_CACHE_H_
#define RAMPART_COMMON_SCRIPT_PATTERN_CACHE_H_

#include <re2/re2.h>

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace rampart {

// Of one Script. A plan's patterns are few; one that makes them as it runs costs time, not memory.
class PatternCache {
 public:
  static constexpr size_t kMaxPatterns = 200;
  static constexpr int64_t kMaxPatternBytes = 1 << 20;  // that one compiled may use

  // Not ok() for what is no pattern. Stays until the next call.
  const re2::RE2& Find(std::string_view pattern) {
    key_.assign(pattern);
    const auto known = patterns_.find(key_);
    if (known != patterns_.end()) return *known->second;
    if (patterns_.size() >= kMaxPatterns) patterns_.clear();
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kMaxPatternBytes);
    return *patterns_.emplace(key_, std::make_unique<re2::RE2>(key_, options)).first->second;
  }
  size_t size() const { return patterns_.size(); }

 private:
  std::string key_;
  std::unordered_map<std::string, std::unique_ptr<re2::RE2>> patterns_;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_SCRIPT_PATTERN_CACHE_H_
