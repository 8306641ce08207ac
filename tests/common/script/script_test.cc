#include "common/script/script.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace rampart {
namespace {

using testing::HasSubstr;

class ScriptTest : public testing::Test {
 protected:
  std::string Text(std::string_view text) {
    const auto compiled = script_.CompileTemplate(text);
    if (!compiled.ok()) return "compile: " + std::string(compiled.status().message());
    std::string out;
    const absl::Status status = script_.Render(*compiled, user_, &out);
    return status.ok() ? out : "error: " + std::string(status.message());
  }
  void Set(const std::string& name, std::string_view expression) {
    ASSERT_TRUE(script_.Store(*script_.Compile(expression), user_, name).ok());
  }

  Script script_{1};
  Environment user_{script_};
};

TEST_F(ScriptTest, RendersTemplates) {
  Set("x", "20 + 1");
  EXPECT_EQ(Text("a ${x} b ${x / 2} ${'}' .. \"{\"}"), "a 21 b 10.5 }{");
  EXPECT_EQ(Text("costs $5 $${x}"), "costs $5 ${x}");
  EXPECT_THAT(Text("${y}"), HasSubstr("is nil"));
  EXPECT_THAT(Text("${y.z}"), HasSubstr("attempt to index a nil value"));
  EXPECT_THAT(Text("${"), HasSubstr("without its"));
}

TEST_F(ScriptTest, SharedTextsAreATableThatNobodyChanges) {
  const std::string bytes("a\0\xff", 3);
  ASSERT_TRUE(script_.SetSharedTexts("secret", {"A", "B"}, {bytes, "${x}"}).ok());
  EXPECT_EQ(Text("<${secret.A}>"), "<" + bytes + ">");
  EXPECT_EQ(Text("${secret.B}"), "${x}");
  EXPECT_THAT(Text("${secret.C}"), HasSubstr("is nil"));
  const auto program = script_.CompileProgram("secret.A = 'x'");
  ASSERT_TRUE(program.ok());
  EXPECT_THAT(std::string(script_.Run(*program, user_).message()),
              HasSubstr("secret is not yours to change"));
  EXPECT_EQ(Text("${#secret.A}"), "3");
}

TEST_F(ScriptTest, NobodyGetsOutOfTheSandbox) {
  for (const char* text :
       {"os.exit()", "io.open('x')", "load('return 1')()", "require('os')", "dofile('x')",
        "string.dump(tostring)", "debug.getregistry()", "collectgarbage()", "setmetatable({}, {})",
        "rawset(string, 'x', 1)", "table.insert(string, 1)", "getmetatable('').__index",
        "_G.os.exit()", "package.loaded"}) {
    EXPECT_THAT(Text(std::string("${") + text + "}"), HasSubstr("error:")) << text;
  }
  for (const char* text : {"1) end os.exit() --", "x = 1", "1; y = 2", "(function() x = 1 end)()",
                           "1), (2", "return 1", "1 --[["}) {
    EXPECT_FALSE(script_.Compile(text).ok()) << text;
  }
}

TEST_F(ScriptTest, TimeAndMemoryAreLimited) {
  EXPECT_THAT(Text("${string.rep('x', 1 << 40)}"), HasSubstr("error:"));
  EXPECT_THAT(Text("${#string.rep('x', 300000000)}"), HasSubstr("not enough memory"));
  EXPECT_EQ(Text("${1 + 1}"), "2");
}

TEST_F(ScriptTest, JsonKeepsTypesAndOrder) {
  Set("id", "7");
  v1::Value value;
  auto add = [&value](const char* key, const char* text) {
    auto* member = value.mutable_object()->add_members();
    member->set_key(key);
    member->mutable_value()->set_string(text);
  };
  add("z", "${id}");
  add("a", "n ${id}");
  add("q", "say \"${'\"'}\"\n");
  add("none", "${null}");
  std::string out;
  ASSERT_TRUE(script_.RenderJson(*script_.CompileValue(value), user_, &out).ok());
  EXPECT_EQ(out, R"({"z":7,"a":"n 7","q":"say \"\"\"\n","none":null})");
}

TEST_F(ScriptTest, ListsGrowAndTravelAsJson) {
  EXPECT_TRUE(script_.Append(*script_.Compile("'a'"), user_, "list").ok());
  EXPECT_TRUE(script_.Append(*script_.Compile("{k = 1.5}"), user_, "list").ok());
  EXPECT_EQ(*script_.ToJson(user_), R"({"list":["a",{"k":1.5}]})");
  ASSERT_TRUE(script_.SetSharedJson("setup", R"({"list":[[],{},null,9007199254740993]})").ok());
  EXPECT_EQ(Text("${json_encode(setup.list)}"), "[[],{},null,9007199254740993]");
  EXPECT_FALSE(script_.SetSharedJson("setup", "{").ok());
}

TEST_F(ScriptTest, UsersDoNotSeeEachOther) {
  Environment other(script_);
  Set("mine", "1");
  EXPECT_FALSE(*script_.Truth(*script_.Compile("mine"), other));
  EXPECT_TRUE(*script_.Truth(*script_.Compile("mine"), user_));
}

TEST_F(ScriptTest, FindsNamesThatAreNotKnown) {
  const std::vector<std::string> known = {"status", "ok", "json"};
  EXPECT_EQ(UnknownNames("stauts == 200 and json.id .. 'word' and {k = ok}", known),
            std::vector<std::string>{"stauts"});
  EXPECT_EQ(Nearest("stauts", known), "status");
  EXPECT_EQ(Nearest("banana", known), "");
}

TEST_F(ScriptTest, RandomTextNeverCrashes) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  constexpr std::string_view kPieces[] = {"${",    "}",          "{",  "'",  "\"", "(",  ")",
                                          "x",     ".",          "..", "1",  "--", "[[", "]]",
                                          " and ", " function ", "\\", "\n", "#"};
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    for (uint64_t n = random() % 12; n > 0; --n) text += kPieces[random() % std::size(kPieces)];
    Text(text);
    (void)script_.Compile(text);
    UnknownNames(text, {});
  }
}

}  // namespace
}  // namespace rampart
