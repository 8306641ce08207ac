// Multipart content of the `http` step.
#include <string>

#include "agent/user/walk/walker.h"
#include "common/plan/units.h"

namespace rampart::agent {

absl::Status Walker::RenderParts(const std::vector<PartContent>& parts, ExchangeBuffers& buffers,
                                 std::optional<Failure>* failed) {
  Script& script = context_.script;
  const Environment& user = user_.environment;
  MultipartBody& body = buffers.multipart;
  const uint64_t random = script.random()();
  body.Begin(random, script.random()());
  std::string filename;
  std::string text;
  for (const PartContent& part : parts) {
    filename.clear();
    absl::Status status = script.Render(part.filename, user, &filename);
    if (!status.ok()) return status;
    body.Part(part.name,
              part.has_filename ? std::optional<std::string_view>(filename) : std::nullopt,
              part.content_type);
    if (part.kind == PartContent::Kind::kFile) {
      body.Stream(*part.file);
      continue;
    }
    text.clear();
    status = script.Render(part.text, user, &text);
    if (!status.ok()) return status;
    if (part.kind == PartContent::Kind::kValue) {
      body.Text(text);
      continue;
    }
    const absl::StatusOr<int64_t> size = ParseSize(text);
    if (!size.ok()) {
      *failed = Failure{ErrorKind::kBadRequest,
                        "part `" + part.name + "`: " + std::string(size.status().message())};
      return absl::OkStatus();
    }
    // No upload of a run begins like another one; the draw tells runs apart.
    std::string head = "rampart " + std::to_string(random) + " user " +
                       std::to_string(user_.scope.user_id) + " iteration " +
                       std::to_string(user_.scope.iteration) + " content " +
                       std::to_string(++user_.contents) + "\n";
    body.Generate(head, static_cast<uint64_t>(*size));
  }
  body.End();
  buffers.headers.append("Content-Type: multipart/form-data; boundary=")
      .append(body.boundary())
      .append("\r\n");
  return absl::OkStatus();
}

}  // namespace rampart::agent
