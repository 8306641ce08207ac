// `multipart` of the `http` step.
#include <utility>

#include "agent/user/compiled/compiler.h"

namespace rampart::agent {

std::vector<PartContent> Compiler::PartsOf(const v1::Multipart& proto, const Around& around) {
  std::vector<PartContent> parts;
  for (const v1::Part& part : proto.parts()) {
    PartContent content;
    content.name = part.name();
    content.at = part.at();
    content.content_type = part.content_type();
    std::string filename = part.filename();
    switch (part.content_case()) {
      case v1::Part::kFile:
        content.kind = PartContent::Kind::kFile;
        content.file = files_ == nullptr ? nullptr : files_->Find(part.file());
        if (content.file == nullptr) Refuse(part.at(), "the file " + part.file() + " is not here");
        if (filename.empty()) {
          filename = AsTemplate(part.file().substr(part.file().rfind('/') + 1));
        }
        break;
      case v1::Part::kGenerate:
        content.kind = PartContent::Kind::kGenerated;
        content.text = TextOf(part.generate(), part.at(), around);
        if (filename.empty()) filename = AsTemplate(part.name()) + ".bin";
        break;
      default:
        content.text = TextOf(part.value(), part.at(), around);
    }
    if (content.kind != PartContent::Kind::kValue && content.content_type.empty()) {
      content.content_type = "application/octet-stream";
    }
    content.has_filename = !filename.empty();
    content.filename = TextOf(filename, part.at(), around);
    parts.push_back(std::move(content));
  }
  return parts;
}

}  // namespace rampart::agent
