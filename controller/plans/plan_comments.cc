#include "controller/plans/plan_comments.h"

#include <string_view>

#include "google/protobuf/descriptor.pb.h"
#include "rampart/v1/plan.pb.h"

namespace rampart::controller {

// plan.proto and what it imports, a FileDescriptorSet; made by the build.
std::string_view PlanDescription();

namespace {

// Words with one space between them.
void AddWords(std::string_view text, std::string* line) {
  bool space = true;
  for (const char c : text) {
    if (c == ' ' || c == '\n') {
      space = true;
      continue;
    }
    if (space && !line->empty()) *line += ' ';
    space = false;
    *line += c;
  }
}

template <typename Described>
std::string CommentOf(const Described* described) {
  google::protobuf::SourceLocation location;
  std::string line;
  if (described == nullptr || !described->GetSourceLocation(&location)) return line;
  AddWords(location.leading_comments, &line);
  if (!line.empty() && !location.trailing_comments.empty() && !line.ends_with('.')) line += ';';
  AddWords(location.trailing_comments, &line);
  return line;
}

}  // namespace

PlanComments::PlanComments() {
  google::protobuf::FileDescriptorSet files;
  const std::string_view bytes = PlanDescription();
  files.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  for (const google::protobuf::FileDescriptorProto& file : files.file()) pool_.BuildFile(file);
}

std::string PlanComments::Of(const google::protobuf::Descriptor& message) const {
  return CommentOf(pool_.FindMessageTypeByName(message.full_name()));
}

std::string PlanComments::Of(const google::protobuf::FieldDescriptor& field) const {
  const std::string& doc = field.options().GetExtension(v1::doc);
  return doc.empty() ? CommentOf(pool_.FindFieldByName(field.full_name())) : doc;
}

}  // namespace rampart::controller
