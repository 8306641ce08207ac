// A parser for Lua 5.4's whole grammar (the manual's section 9), which only follows names and
// notes where statements write to tables.
#include "common/script/statements.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "common/script/lua_tokens.h"

namespace rampart {
namespace {

using Kind = LuaToken::Kind;

constexpr std::string_view kBinary[] = {"+",  "-", "*",  "/",  "//", "^",   "%",
                                        "&",  "~", "|",  ">>", "<<", "..",  "<",
                                        "<=", ">", ">=", "==", "~=", "and", "or"};

// Lua's own limit of nested calls in its compiler: what it compiles is never deeper.
constexpr int kMaxDepth = 200;
constexpr size_t kMaxShown = 60;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text), tokens_(LuaTokens(text)) {}

  absl::StatusOr<Statements> Run() {
    for (const LuaToken& token : tokens_) {
      if (token.kind != Kind::kName) continue;
      if (token.text == kGuardName || token.text == "_ENV") {
        return absl::InvalidArgumentError("line " + std::to_string(token.line) +
                                          ": a script cannot use the name `" +
                                          std::string(token.text) + "`");
      }
    }
    Block();
    if (Now().kind != Kind::kEnd) Fail();
    if (failed_line_ != 0) {
      return absl::InvalidArgumentError("line " + std::to_string(failed_line_) +
                                        ": this cannot be read as Lua");
    }
    out_.guarded = Guarded();
    return std::move(out_);
  }

 private:
  // What an expression that may be assigned to is.
  struct Target {
    size_t begin = 0;   // tokens
    size_t suffix = 0;  // the last `.name` or `[...]`; 0: a bare name
    bool call = false;  // ends with a call
    bool parenthesized = false;
  };
  struct Edit {
    size_t at;
    size_t erased;
    std::string inserted;
  };

  const LuaToken& Now() const { return tokens_[now_]; }
  const LuaToken& Ahead() const { return tokens_[std::min(now_ + 1, tokens_.size() - 1)]; }
  void Next() {
    if (now_ + 1 < tokens_.size()) ++now_;
  }
  bool Accept(std::string_view symbol) {
    if (!Now().Is(symbol)) return false;
    Next();
    return true;
  }
  void Expect(std::string_view symbol) {
    if (!Accept(symbol)) Fail();
  }
  // Reading goes to the end at once: nothing after it is looked at.
  void Fail() {
    if (failed_line_ == 0) failed_line_ = Now().line;
    now_ = tokens_.size() - 1;
  }
  std::string_view Name() {
    if (Now().kind != Kind::kName) {
      Fail();
      return {};
    }
    const std::string_view name = Now().text;
    Next();
    return name;
  }

  bool IsLocal(std::string_view name) const {
    return std::find(locals_.begin(), locals_.end(), name) != locals_.end();
  }
  static void Note(const LuaToken& token, std::vector<Statements::Name>* names) {
    for (const Statements::Name& known : *names) {
      if (known.name == token.text) return;
    }
    names->push_back({std::string(token.text), token.line});
  }
  void Read(const LuaToken& token) {
    if (!IsLocal(token.text)) Note(token, &out_.free);
  }

  void Block() {
    const size_t outer = locals_.size();
    OpenBlock();
    locals_.resize(outer);
  }
  // Its locals stay in scope.
  void OpenBlock() {
    while (failed_line_ == 0 && !BlockEnds()) {
      if (Accept("return")) {
        if (!BlockEnds() && !Now().Is(";")) ExpressionList();
        Accept(";");
        return;
      }
      Statement();
    }
  }
  bool BlockEnds() const {
    return Now().kind == Kind::kEnd || Now().Is("end") || Now().Is("else") || Now().Is("elseif") ||
           Now().Is("until");
  }

  void Statement() {
    if (++depth_ > kMaxDepth) Fail();
    OneStatement();
    --depth_;
  }
  void OneStatement() {
    if (Accept(";") || Accept("break")) return;
    if (Accept("::")) {
      Name();
      return Expect("::");
    }
    if (Accept("goto")) return (void)Name();
    if (Accept("do")) {
      Block();
      return Expect("end");
    }
    if (Accept("while")) {
      Expression();
      Expect("do");
      Block();
      return Expect("end");
    }
    if (Accept("repeat")) {
      const size_t outer = locals_.size();
      OpenBlock();
      Expect("until");
      Expression();
      return locals_.resize(outer);
    }
    if (Accept("if")) return If();
    if (Accept("for")) return For();
    if (Now().Is("function")) return FunctionStatement();
    if (Accept("local")) return Local();
    ExpressionStatement();
  }

  void If() {
    do {
      Expression();
      Expect("then");
      Block();
    } while (Accept("elseif"));
    if (Accept("else")) Block();
    Expect("end");
  }

  void For() {
    const size_t outer = locals_.size();
    std::vector<std::string_view> names = {Name()};
    if (Accept("=")) {
      ExpressionList();
    } else {
      while (Accept(",")) names.push_back(Name());
      Expect("in");
      ExpressionList();
    }
    locals_.insert(locals_.end(), names.begin(), names.end());
    Expect("do");
    Block();
    Expect("end");
    locals_.resize(outer);
  }

  void Local() {
    if (Accept("function")) {
      locals_.push_back(Name());
      return FunctionBody(false);
    }
    std::vector<std::string_view> names;
    do {
      names.push_back(Name());
      if (Accept("<")) {
        Name();
        Expect(">");
      }
    } while (Accept(","));
    if (Accept("=")) ExpressionList();
    locals_.insert(locals_.end(), names.begin(), names.end());
  }

  void FunctionStatement() {
    const LuaToken word = Now();
    Next();
    const LuaToken first = Now();
    Name();
    if (Now().Is("(")) {
      if (!IsLocal(first.text)) Note(first, &out_.assigned);
      return FunctionBody(false);
    }
    Read(first);
    // `function a.b.c(` becomes `__own( a.b).c = function(`, and `a:m(` has a `self`.
    LuaToken last;
    bool method = false;
    while (!method && (Now().Is(".") || Now().Is(":"))) {
      last = Now();
      method = last.Is(":");
      Next();
      Name();
    }
    Edits(word.at, word.text.size(), std::string(kGuardName) + "(");
    Edits(last.at, last.text.size(), Shown(first.at, last.at) + ").");
    Edits(Now().at, 0, " = function");
    if (method) Edits(Now().at + 1, 0, Ahead().Is(")") ? "self" : "self, ");
    FunctionBody(method);
  }

  void FunctionBody(bool method) {
    const size_t outer = locals_.size();
    if (method) locals_.push_back("self");
    Expect("(");
    while (failed_line_ == 0 && !Now().Is(")")) {
      if (!Accept("...")) locals_.push_back(Name());
      if (!Now().Is(")")) Expect(",");
    }
    Expect(")");
    Block();
    Expect("end");
    locals_.resize(outer);
  }

  void ExpressionStatement() {
    std::vector<Target> targets = {Suffixed()};
    if (!Now().Is("=") && !Now().Is(",")) {
      if (!targets[0].call) Fail();
      return;
    }
    while (Accept(",")) targets.push_back(Suffixed());
    for (const Target& target : targets) {
      const LuaToken& begin = tokens_[target.begin];
      if (target.call || target.parenthesized) return Fail();
      if (target.suffix == 0) {
        if (!IsLocal(begin.text)) Note(begin, &out_.assigned);
        continue;
      }
      Edits(begin.at, 0, std::string(kGuardName) + "(");
      const size_t suffix = tokens_[target.suffix].at;
      Edits(suffix, 0, Shown(begin.at, suffix) + ")");
    }
    Expect("=");
    ExpressionList();
  }

  // A bare name is not read yet: it may be assigned to. Others note it.
  Target Suffixed() {
    Target target{.begin = now_};
    bool bare = Now().kind == Kind::kName;
    const LuaToken first = Now();
    if (Accept("(")) {
      Expression();
      Expect(")");
      target.parenthesized = true;
    } else {
      Name();
    }
    while (failed_line_ == 0) {
      const bool call =
          Now().Is("(") || Now().Is("{") || Now().Is(":") || Now().kind == Kind::kString;
      if (!call && !Now().Is(".") && !Now().Is("[")) break;
      if (std::exchange(bare, false)) Read(first);
      target.call = call;
      target.parenthesized = false;
      if (call) {
        if (Accept(":")) Name();
        Arguments();
        continue;
      }
      target.suffix = now_;
      if (Accept(".")) {
        Name();
      } else {
        Expect("[");
        Expression();
        Expect("]");
      }
    }
    return target;
  }

  void Arguments() {
    if (Now().kind == Kind::kString) return Next();
    if (Now().Is("{")) return Table();
    Expect("(");
    if (!Now().Is(")")) ExpressionList();
    Expect(")");
  }

  void Table() {
    Expect("{");
    while (failed_line_ == 0 && !Now().Is("}")) {
      if (Accept("[")) {
        Expression();
        Expect("]");
        Expect("=");
      } else if (Now().kind == Kind::kName && Ahead().Is("=")) {
        Next();
        Next();
      }
      Expression();
      if (!Now().Is("}") && !Accept(",")) Expect(";");
    }
    Expect("}");
  }

  void ExpressionList() {
    do {
      Expression();
    } while (Accept(","));
  }

  // Precedence changes neither names nor targets.
  void Expression() {
    if (++depth_ > kMaxDepth) Fail();
    do {
      while (Accept("not") || Accept("-") || Accept("#") || Accept("~")) {
      }
      Simple();
    } while (AcceptBinary());
    --depth_;
  }
  bool AcceptBinary() {
    for (const std::string_view symbol : kBinary) {
      if (Accept(symbol)) return true;
    }
    return false;
  }

  void Simple() {
    if (Now().kind == Kind::kNumber || Now().kind == Kind::kString) return Next();
    if (Accept("nil") || Accept("true") || Accept("false") || Accept("...")) return;
    if (Now().Is("{")) return Table();
    if (Accept("function")) return FunctionBody(false);
    const LuaToken first = Now();
    Suffixed();
    if (first.kind == Kind::kName) Read(first);
  }

  // For the guard's words: what a person wrote, where that is short and needs no quoting.
  std::string Shown(size_t begin, size_t end) const {
    const std::string_view shown = text_.substr(begin, end - begin);
    const bool plain = std::all_of(shown.begin(), shown.end(), [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
             std::string_view("_.[]#+- ").find(c) != std::string_view::npos;
    });
    if (!plain || shown.size() > kMaxShown) return "";
    return ", '" + std::string(shown) + "'";
  }

  void Edits(size_t at, size_t erased, std::string inserted) {
    edits_.push_back({at, erased, std::move(inserted)});
  }
  std::string Guarded() {
    std::stable_sort(edits_.begin(), edits_.end(),
                     [](const Edit& a, const Edit& b) { return a.at < b.at; });
    std::string guarded;
    size_t at = 0;
    for (const Edit& edit : edits_) {
      guarded.append(text_.substr(at, edit.at - at)).append(edit.inserted);
      at = edit.at + edit.erased;
    }
    return guarded.append(text_.substr(at));
  }

  std::string_view text_;
  std::vector<LuaToken> tokens_;
  size_t now_ = 0;
  int failed_line_ = 0;
  int depth_ = 0;
  std::vector<std::string_view> locals_;  // in scope, the innermost last
  std::vector<Edit> edits_;
  Statements out_;
};

}  // namespace

absl::StatusOr<Statements> ReadStatements(std::string_view text) { return Parser(text).Run(); }

}  // namespace rampart
