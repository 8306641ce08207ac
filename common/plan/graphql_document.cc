#include "common/plan/graphql_document.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "common/script/script.h"

namespace rampart {
namespace {

bool IsNameStart(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool IsNamePart(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

char Opening(char closing) { return closing == '}' ? '{' : closing == ')' ? '(' : '['; }

// Reads the tokens of a document and keeps the brackets that are open.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  GraphqlDocument Read() {
    while (document_.fault.empty() && at_ < text_.size()) Token();
    if (!document_.fault.empty()) return std::move(document_);
    if (!open_.empty()) {
      Fault(std::string("a `") + open_.back() + "` is never closed");
    } else if (!definition_.empty()) {
      Fault("`" + definition_ + "` has no `{ ... }`");
    } else if (document_.operations.empty()) {
      Fault("it has no operation, such as `query { ... }`");
    }
    return std::move(document_);
  }

 private:
  void Fault(std::string why) { document_.fault = std::move(why); }

  void Token() {
    const char c = text_[at_];
    if (c == '#') {
      at_ = std::min(text_.find_first_of("\r\n", at_), text_.size());
    } else if (c == '"') {
      String();
    } else if (IsNameStart(c)) {
      Name();
    } else if (c == '{' || c == '(' || c == '[') {
      Open(c);
    } else if (c == '}' || c == ')' || c == ']') {
      Close(c);
    } else {
      if (open_.empty() && definition_.empty() && std::ispunct(static_cast<unsigned char>(c)) &&
          c != ',') {
        return Fault(std::string("`") + c + "` where an operation should begin");
      }
      ++at_;
    }
    if (c != '#' && std::isspace(static_cast<unsigned char>(c)) == 0) before_ = c;
  }

  void String() {
    const bool block = text_.substr(at_).starts_with("\"\"\"");
    const std::string_view end = block ? "\"\"\"" : "\"";
    at_ += end.size();
    while (at_ < text_.size() && !text_.substr(at_).starts_with(end)) {
      if (!block && (text_[at_] == '\n' || text_[at_] == '\r')) break;
      const bool escaped = block ? text_.substr(at_).starts_with("\\\"\"\"") : text_[at_] == '\\';
      at_ += !escaped ? 1 : block ? 4 : 2;
    }
    if (at_ >= text_.size() || !text_.substr(at_).starts_with(end)) {
      return Fault("a text in quotes is never closed");
    }
    at_ += end.size();
  }

  void Name() {
    size_t end = at_;
    while (end < text_.size() && IsNamePart(text_[end])) ++end;
    const std::string name(text_.substr(at_, end - at_));
    at_ = end;
    if (!open_.empty()) return;
    if (definition_.empty()) {
      definition_ = name;
      names_ = true;
      if (name == "query" || name == "mutation" || name == "subscription") {
        document_.operations.push_back({name, ""});
      } else if (name != "fragment") {
        Fault("`" + name +
              "` where `query`, `mutation`, `subscription`, `fragment` or `{` should be");
      }
    } else if (names_) {  // right behind the keyword
      names_ = false;
      if (definition_ != "fragment") document_.operations.back().name = name;
      definition_ += " " + name;
    }
  }

  void Open(char c) {
    names_ = false;
    if (open_.empty() && definition_.empty()) {
      if (c != '{') return Fault(std::string("`") + c + "` where an operation should begin");
      document_.operations.push_back({"query", ""});
      definition_ = "query";
    }
    open_.push_back(c);
    ++at_;
  }

  void Close(char c) {
    if (open_.empty() || open_.back() != Opening(c)) {
      return Fault(open_.empty()
                       ? std::string("a `") + c + "` closes nothing"
                       : std::string("a `") + c + "` where a `" + open_.back() + "` is open");
    }
    open_.pop_back();
    ++at_;
    const bool selection = c == '}' && open_.find_first_not_of('{') == std::string::npos;
    if (selection && before_ == '{') return Fault("a `{ }` with nothing in it");
    if (c == '}' && open_.empty()) definition_.clear();
  }

  std::string_view text_;
  size_t at_ = 0;
  std::string open_;        // brackets
  std::string definition_;  // that has begun, for messages: `query channels`
  bool names_ = false;      // the next name is the definition's
  char before_ = 0;         // the first character of the last token
  GraphqlDocument document_;
};

}  // namespace

GraphqlDocument ReadGraphqlDocument(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n,") == std::string_view::npos) {
    return {{}, "it is empty"};
  }
  return Reader(text).Read();
}

std::string OperationFault(const GraphqlDocument& document, const std::string& operation_name) {
  if (operation_name.empty()) {
    if (document.operations.size() == 1) return "";
    return "the document has " + std::to_string(document.operations.size()) +
           " operations: name one with `operation_name`";
  }
  std::vector<std::string> names;
  for (const GraphqlDocument::Operation& one : document.operations) {
    if (one.name == operation_name) return "";
    names.push_back(one.name);
  }
  const std::string near = Nearest(operation_name, names);
  return "the document has no operation `" + operation_name + "`" +
         (near.empty() ? "" : " (did you mean `" + near + "`?)");
}

const GraphqlDocument::Operation& ChosenOperation(const GraphqlDocument& document,
                                                  const std::string& operation_name) {
  for (const GraphqlDocument::Operation& one : document.operations) {
    if (one.name == operation_name) return one;
  }
  return document.operations.front();
}

}  // namespace rampart
