// What is known of files, and their bytes, over HTTP.
#include <boost/json.hpp>
#include <filesystem>
#include <system_error>

#include "tests/chat/api/routes.h"

namespace rampart::chat {
namespace {

constexpr int64_t kDefaultLimit = 50;
constexpr int64_t kMaxLimit = 1000;

boost::json::object FileJson(const StoredFile& file) {
  boost::json::object body{{"id", std::to_string(file.id)},
                           {"name", file.name},
                           {"size", file.size},
                           {"content_type", file.content_type},
                           {"status", file.status}};
  if (!file.sha256.empty()) body["sha256"] = file.sha256;
  return body;
}

}  // namespace

Reply ListFiles(App& app, const Call& call) {
  const absl::StatusOr<int64_t> limit =
      Query(call.query).GetNumber("limit", kDefaultLimit, 1, kMaxLimit);
  if (!limit.ok()) return StatusReply(limit.status());
  absl::StatusOr<std::vector<StoredFile>> found = app.store.Lock()->files.List(*limit);
  if (!found.ok()) return StatusReply(found.status());
  boost::json::array files;
  for (const StoredFile& file : *found) files.push_back(FileJson(file));
  return JsonReply(200, {{"files", std::move(files)}});
}

Reply DeleteFile(App& app, const Call& call) {
  absl::StatusOr<StoredFile> file = app.store.Lock()->files.Get(call.id);
  if (!file.ok()) return StatusReply(file.status());
  absl::Status status = app.store.Lock()->files.Delete(call.id);
  if (!status.ok()) return StatusReply(status);
  // Of two that delete it at the same time, one finds it.
  std::error_code error;
  if (std::filesystem::remove(app.store.FilePath(call.id), error)) {
    app.stored_file_bytes -= file->size;
    ++app.counters.files_deleted;
  }
  return Reply{204, ""};
}

Reply ShowFile(App& app, const Call& call) {
  absl::StatusOr<StoredFile> file = app.store.Lock()->files.Get(call.id);
  if (!file.ok()) return StatusReply(file.status());
  return JsonReply(200, FileJson(*file));
}

Reply DownloadFile(App& app, const Call& call) {
  absl::StatusOr<StoredFile> file = app.store.Lock()->files.Get(call.id);
  if (!file.ok()) return StatusReply(file.status());
  // Always as bytes: a browser must not run what somebody uploaded.
  return Reply{200, "", "application/octet-stream", app.store.FilePath(file->id), file->size};
}

}  // namespace rampart::chat
