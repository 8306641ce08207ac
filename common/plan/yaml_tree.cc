#include "common/plan/yaml_tree.h"

#include <simdjson.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <map>
#include <sstream>

namespace rampart {
namespace {

// Ends the parsing at a fault that makes the rest meaningless or too large.
struct Stop {};

class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Faults* faults) : faults_(faults) {}

  std::unique_ptr<YamlNode> Take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add(mark, anchor, "", YamlNode::Kind::kNull);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(mark, "an alias (`*name`) is not allowed in a plan: write the part out");
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    YamlNode* node = Add(mark, anchor, tag, YamlNode::Kind::kScalar);
    node->scalar = value;
    node->quoted = tag == "!";
    const bool plain_null = !node->quoted && (value == "~" || value == "null" || value.empty());
    if (plain_null) node->kind = YamlNode::Kind::kNull;
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    Open(Add(mark, anchor, tag, YamlNode::Kind::kList));
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    Open(Add(mark, anchor, tag, YamlNode::Kind::kMap));
  }
  void OnMapEnd() override {
    CheckKeys(*open_.back());
    open_.pop_back();
  }
  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    Refuse(mark, "an anchor (`&name`) is not allowed in a plan");
  }

 private:
  [[noreturn]] void Refuse(const YAML::Mark& mark, std::string why) {
    faults_->Add(static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1),
                 std::move(why));
    throw Stop();
  }

  YamlNode* Add(const YAML::Mark& mark, YAML::anchor_t anchor, const std::string& tag,
                YamlNode::Kind kind) {
    if (anchor != 0) Refuse(mark, "an anchor (`&name`) is not allowed in a plan");
    if (!tag.empty() && tag != "?" && tag != "!") {
      Refuse(mark, "the tag `" + tag + "` is not allowed in a plan");
    }
    if (++nodes_ > kMaxPlanNodes) {
      Refuse(mark, "a plan has at most " + std::to_string(kMaxPlanNodes) + " values");
    }
    auto node = std::make_unique<YamlNode>();
    node->kind = kind;
    node->line = static_cast<uint32_t>(mark.line + 1);
    node->column = static_cast<uint32_t>(mark.column + 1);
    YamlNode* added = node.get();
    if (open_.empty()) {
      root_ = std::move(node);
    } else {
      open_.back()->items.push_back(std::move(node));
    }
    return added;
  }

  void Open(YamlNode* node) {
    open_.push_back(node);
    if (open_.size() > kMaxPlanDepth) {
      faults_->Add(node->line, node->column,
                   "nested deeper than " + std::to_string(kMaxPlanDepth) + " levels");
      throw Stop();
    }
  }

  void CheckKeys(const YamlNode& map) {
    std::map<std::string, const YamlNode*> seen;
    for (size_t i = 0; i < map.map_size(); ++i) {
      const YamlNode& key = map.key(i);
      if (key.kind != YamlNode::Kind::kScalar) {
        faults_->Add(key.line, key.column, "a key must be a name");
        continue;
      }
      const auto [first, made] = seen.try_emplace(key.scalar, &key);
      if (!made) {
        faults_->Add(key.line, key.column,
                     "`" + key.scalar + "` is set twice, first at line " +
                         std::to_string(first->second->line));
      }
    }
  }

  Faults* faults_;
  std::unique_ptr<YamlNode> root_;
  std::vector<YamlNode*> open_;
  size_t nodes_ = 0;
};

// The first line that is not UTF-8. No character of more than a byte has a line end in it.
uint32_t BrokenLine(std::string_view text) {
  uint32_t line = 1;
  for (;; ++line) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end == text.size() || !simdjson::validate_utf8(text.data(), end)) return line;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::unique_ptr<YamlNode> ReadYaml(std::string_view text, Faults* faults) {
  if (text.size() > kMaxPlanBytes) {
    faults->Add(0, 0, "a plan is at most " + std::to_string(kMaxPlanBytes) + " bytes");
    return nullptr;
  }
  // yaml-cpp stops at NUL in some places and reads on in others.
  if (text.find('\0') != std::string_view::npos) {
    faults->Add(0, 0, "the file has a NUL byte: it is no YAML text");
    return nullptr;
  }
  // Messages of protobuf, which plans travel in, hold nothing else.
  if (!simdjson::validate_utf8(text.data(), text.size())) {
    faults->Add(BrokenLine(text), 1, "the line is not UTF-8: save the file with that encoding");
    return nullptr;
  }
  std::istringstream stream{std::string(text)};
  TreeBuilder builder(faults);
  try {
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) {
      faults->Add(1, 1, "the file is empty");
      return nullptr;
    }
    std::unique_ptr<YamlNode> root = builder.Take();
    TreeBuilder second(faults);
    if (parser.HandleNextDocument(second)) {
      faults->Add(0, 0, "more than one document in the file (`---`)");
      return nullptr;
    }
    return root;
  } catch (const Stop&) {
    return nullptr;
  } catch (const YAML::Exception& error) {
    faults->Add(static_cast<uint32_t>(std::max(error.mark.line, 0) + 1),
                static_cast<uint32_t>(std::max(error.mark.column, 0) + 1),
                "not YAML: " + error.msg);
    return nullptr;
  }
}

}  // namespace rampart
