#include "tests/chat/api/upload.h"

#include <boost/json.hpp>
#include <filesystem>
#include <system_error>

namespace rampart::chat {

Upload::Upload(App& app, const std::optional<User>& user, std::string_view content_type)
    : app_(app),
      reader_(MultipartReader::Boundary(content_type),
              {[this](const PartHeader& part) { return OnPart(part); },
               [this](std::string_view bytes) { return OnData(bytes); }}) {
  if (!user.has_value()) {
    status_ = absl::UnauthenticatedError("sign in first: no valid token");
  } else if (MultipartReader::Boundary(content_type).empty()) {
    status_ = absl::InvalidArgumentError("the body must be multipart/form-data with a boundary");
  } else {
    file_.user_id = user->id;
  }
}

Upload::~Upload() {
  app_.stored_file_bytes -= reserved_;
  if (path_.empty()) return;
  out_.close();
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

void Upload::Feed(std::string_view bytes) {
  if (status_.ok()) status_ = reader_.Feed(bytes);
}

absl::Status Upload::OnPart(const PartHeader& part) {
  in_file_ = false;
  if (!part.has_file) return absl::OkStatus();
  if (!path_.empty()) return absl::InvalidArgumentError("one file an upload, please");
  in_file_ = true;
  file_.name = part.file_name;
  file_.content_type = part.content_type;
  path_ = app_.store.TemporaryPath();
  out_.open(path_, std::ios::binary | std::ios::trunc);
  if (!out_) return absl::InternalError("a file cannot be created in the data folder");
  return absl::OkStatus();
}

absl::Status Upload::OnData(std::string_view bytes) {
  if (!in_file_) return absl::OkStatus();
  const auto size = static_cast<int64_t>(bytes.size());
  reserved_ += size;
  if (app_.stored_file_bytes.fetch_add(size) + size > kMaxStoredBytes) {
    return absl::ResourceExhaustedError("all files together would be over 8 GiB");
  }
  file_.size += size;
  out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  if (!out_) return absl::ResourceExhaustedError("the disk does not take the file");
  return absl::OkStatus();
}

absl::Status Upload::Keep() {
  if (absl::Status status = reader_.Finish(); !status.ok()) return status;
  if (path_.empty()) return absl::InvalidArgumentError("no part of the body is a file");
  out_.close();
  if (out_.fail()) return absl::ResourceExhaustedError("the disk does not take the file");
  if (absl::Status status = app_.store.Lock()->files.Add(file_); !status.ok()) return status;
  std::error_code error;
  std::filesystem::rename(path_, app_.store.FilePath(file_.id), error);
  if (error) return absl::InternalError("the file cannot be moved into the data folder");
  path_.clear();
  reserved_ = 0;
  ++app_.counters.files_stored;
  app_.counters.file_bytes_stored += static_cast<uint64_t>(file_.size);
  return absl::OkStatus();
}

Reply Upload::Finish() {
  if (status_.ok()) status_ = Keep();
  if (!status_.ok()) return StatusReply(status_);
  if (!app_.digester.Submit(file_.id)) {
    app_.store.Lock()->files.SetFailed(file_.id).IgnoreError();
    return ErrorReply(503, "too many files wait to be processed");
  }
  return JsonReply(201, {{"id", std::to_string(file_.id)},
                         {"name", file_.name},
                         {"size", file_.size},
                         {"status", "processing"}});
}

}  // namespace rampart::chat
