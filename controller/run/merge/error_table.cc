#include "controller/run/merge/error_table.h"

#include <algorithm>
#include <string_view>

namespace rampart::controller {
namespace {

constexpr std::string_view kScriptKind = "script";

bool Before(const v1::Position& a, const v1::Position& b) {
  return std::make_tuple(a.line(), a.column()) < std::make_tuple(b.line(), b.column());
}

// The one that stands first; line 0 is no place.
void KeepFirst(const v1::Position& at, v1::Position* first) {
  if (at.line() != 0 && (first->line() == 0 || Before(at, *first))) *first = at;
}

}  // namespace

void ErrorTable::Add(const v1::ErrorCount& error) {
  total_ += error.count();
  if (error.kind() == kScriptKind) {
    script_.count += error.count();
    KeepFirst(error.at(), &script_.at);
  }
  const std::string kind = error.kind().substr(0, kMaxTextBytes);
  Key key{kind, error.detail().substr(0, kMaxTextBytes), error.step().substr(0, kMaxTextBytes)};
  if (!entries_.contains(key) && entries_.size() >= kMaxEntries) {
    key = {kind, "with more details than are kept apart", ""};
    if (!entries_.contains(key) && entries_.size() >= kMaxEntries + kMaxFolded) {
      key = {"other", "errors of more kinds than are kept apart", ""};
    }
  }
  const auto [found, made] = entries_.try_emplace(key);
  ErrorEntry& entry = found->second;
  if (made) {
    std::tie(entry.kind, entry.detail, entry.step) = key;
    entry.first_ns = error.first_ns();
    entry.last_ns = error.last_ns();
  }
  entry.count += error.count();
  entry.first_ns = std::min(entry.first_ns, error.first_ns());
  entry.last_ns = std::max(entry.last_ns, error.last_ns());
  KeepFirst(error.at(), &entry.at);
}

std::vector<ErrorEntry> ErrorTable::Entries() const {
  std::vector<ErrorEntry> sorted;
  for (const auto& [key, entry] : entries_) sorted.push_back(entry);
  std::stable_sort(sorted.begin(), sorted.end(),
                   [](const ErrorEntry& a, const ErrorEntry& b) { return a.count > b.count; });
  return sorted;
}

}  // namespace rampart::controller
