// FeedFormat: what a feed's file is, told by its name.
#ifndef RAMPART_COMMON_PLAN_FEED_FORMAT_H_
#define RAMPART_COMMON_PLAN_FEED_FORMAT_H_

#include <string_view>

#include "absl/strings/match.h"

namespace rampart {

enum class FeedFormat { kUnknown, kCsv, kJsonLines };

// By the ending: .csv; .jsonl or .ndjson.
inline FeedFormat FeedFormatOf(std::string_view file) {
  const auto ends = [&](const char* ending) {
    return absl::EndsWithIgnoreCase({file.data(), file.size()}, ending);
  };
  if (ends(".csv")) return FeedFormat::kCsv;
  return ends(".jsonl") || ends(".ndjson") ? FeedFormat::kJsonLines : FeedFormat::kUnknown;
}

}  // namespace rampart

#endif  // RAMPART_COMMON_PLAN_FEED_FORMAT_H_
