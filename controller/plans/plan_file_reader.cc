#include "controller/plans/plan_file_reader.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <system_error>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "common/feed/feeds.h"
#include "common/plan/feed_format.h"
#include "common/plan/plan_files.h"

namespace rampart::controller {
namespace {

namespace fs = std::filesystem;

// At most `most` bytes; the message does not name the file.
absl::StatusOr<std::string> Read(const fs::path& path, size_t most) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) {
    return absl::NotFoundError(std::strerror(error ? error.value() : ENOENT));
  }
  // Others may never end.
  if (!fs::is_regular_file(status)) return absl::InvalidArgumentError("not a regular file");
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::PermissionDeniedError(std::strerror(errno));
  const uintmax_t size = fs::file_size(path, error);
  if (error) return absl::InvalidArgumentError(error.message());
  if (size > most) {
    return absl::ResourceExhaustedError("too large: the files of a plan may have " +
                                        std::to_string(PlanFiles::kMaxBytes >> 20) +
                                        " MiB together, as every agent gets them with the plan");
  }
  std::string content(static_cast<size_t>(size), '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (file.bad()) return absl::InvalidArgumentError(std::strerror(errno));
  content.resize(static_cast<size_t>(file.gcount()));
  return content;
}

// Of the files that could be read: that others could not, and what is no feed, is known already.
void CheckFeeds(LoadedPlan* loaded) {
  if (loaded->plan.feeds().empty()) return;
  const auto files = std::make_shared<const PlanFiles>(loaded->files);
  v1::Plan readable;
  for (const v1::Feed& feed : loaded->plan.feeds()) {
    if (files->Find(feed.file()) == nullptr) continue;
    if (FeedFormatOf(feed.file()) != FeedFormat::kUnknown) *readable.add_feeds() = feed;
  }
  Feeds(readable, files, &loaded->faults);
}

}  // namespace

void ReadPlanFiles(const std::optional<std::string>& folder, LoadedPlan* loaded) {
  std::set<std::string> seen;
  size_t left = PlanFiles::kMaxBytes;
  for (const PlanFileUse& use : FilesOf(loaded->plan)) {
    if (!folder) {
      loaded->faults.Add(use.at, use.what +
                                     ": a built-in plan has no folder to find it in; save it with "
                                     "`controller plans show` and run the file");
      continue;
    }
    if (!seen.insert(use.name).second) continue;
    if (seen.size() > PlanFiles::kMaxFiles) {
      return loaded->faults.Add(
          use.at, "a plan may name " + std::to_string(PlanFiles::kMaxFiles) + " files at most");
    }
    absl::StatusOr<std::string> content = Read(fs::path(*folder) / use.name, left);
    if (!content.ok()) {
      loaded->faults.Add(use.at, use.what + ": " + std::string(content.status().message()));
      continue;
    }
    left -= content->size();
    v1::PlanFile& file = *loaded->files.Add();
    file.set_name(use.name);
    file.set_content(*std::move(content));
  }
  CheckFeeds(loaded);
}

}  // namespace rampart::controller
