// What is known of files, and their bytes, over HTTP.
#include <boost/json.hpp>

#include "tests/chat/api/routes.h"

namespace rampart::chat {

Reply ShowFile(App& app, const Call& call) {
  absl::StatusOr<StoredFile> file = app.store.Lock()->files.Get(call.id);
  if (!file.ok()) return StatusReply(file.status());
  boost::json::object body{{"id", std::to_string(file->id)},
                           {"name", file->name},
                           {"size", file->size},
                           {"content_type", file->content_type},
                           {"status", file->status}};
  if (!file->sha256.empty()) body["sha256"] = file->sha256;
  return JsonReply(200, body);
}

Reply DownloadFile(App& app, const Call& call) {
  absl::StatusOr<StoredFile> file = app.store.Lock()->files.Get(call.id);
  if (!file.ok()) return StatusReply(file.status());
  // Always as bytes: a browser must not run what somebody uploaded.
  return Reply{200, "", "application/octet-stream", app.store.FilePath(file->id), file->size};
}

}  // namespace rampart::chat
