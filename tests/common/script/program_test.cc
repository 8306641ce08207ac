// Programs: what the statements of a script can do, and what they cannot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "common/script/script.h"

namespace rampart {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class ProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(script_
                    .SetSharedJson("setup", R"({"x": 1, "list": ["a", "b", "c"], "empty": [],
                                                "rows": [{"n": 3}, {"n": 1}, {"n": 2}]})")
                    .ok());
    before_ = Text("json_encode(setup)");
  }
  // What one program says; empty when nothing.
  std::string Run(std::string_view text) {
    const auto program = script_.CompileProgram(text);
    if (!program.ok()) return "compile: " + std::string(program.status().message());
    return std::string(script_.Run(*program, user_).message());
  }
  std::string Text(const std::string& expression) {
    const auto compiled = script_.CompileTemplate("${" + expression + "}");
    if (!compiled.ok()) return "compile: " + std::string(compiled.status().message());
    std::string out;
    const absl::Status status = script_.Render(*compiled, user_, &out);
    return status.ok() ? out : "error: " + std::string(status.message());
  }
  void Store(const std::string& name, std::string_view expression) {
    ASSERT_TRUE(script_.Store(*script_.Compile(expression), user_, name).ok());
  }

  Script script_{1};
  Environment user_{script_};
  std::string before_;
};

TEST_F(ProgramTest, SetsTheUsersVariables) {
  EXPECT_EQ(Run(R"(
    local function square(n) return n * n end
    local sum = 0
    for i = 1, 10 do
      if i % 2 == 0 then goto continue end
      sum = sum + square(i)
      ::continue::
    end
    total = sum
    names = {}
    for i, name in ipairs(setup.list) do names[i] = name .. "!" end
    table.insert(names, "last")
    table.sort(names, function(a, b) return a > b end)
    names.first = table.remove(names)
    function twice(x) return 2 * x end
    while total < 1000 do total = twice(total) end
    return
  )"),
            "");
  EXPECT_EQ(Text("total"), "1320");
  EXPECT_EQ(Text("table.concat(names, ' ')"), "last c! b!");
  EXPECT_EQ(Text("names.first"), "a!");
  EXPECT_EQ(Text("twice(21)"), "42");
  Environment other(script_);
  EXPECT_FALSE(*script_.Truth(*script_.Compile("total or names or twice"), other));
}

TEST_F(ProgramTest, ErrorsHaveTheirLine) {
  EXPECT_THAT(Run("a = {}\na.b.c = 1"),
              StartsWith("line 2: attempt to set a field of a.b, a nil value"));
  EXPECT_THAT(Run("setup.rows[1].n = 1"), StartsWith("line 1: setup.rows[1] is not yours to"));
  EXPECT_THAT(Run("('x').y = 1"), StartsWith("line 1: attempt to set a field of no table, a str"));
  EXPECT_THAT(Run("local a = 1\n\nlocal b = nothing.x"),
              StartsWith("line 3: attempt to index a nil value (global 'nothing')"));
  EXPECT_THAT(Run("x = 1\nx = = 2"), StartsWith("compile: line 2: unexpected symbol near '='"));
  EXPECT_THAT(Run("x = 1 end"), StartsWith("compile: line 1: "));
  EXPECT_THAT(Run("x = 1 end, function() y = 1"), StartsWith("compile: line 1: "));
  EXPECT_THAT(Run("\ntable.insert(nil, 1)"), StartsWith("line 2: bad argument #1 to 'insert'"));
  EXPECT_THAT(Run("local l = {3, 1, 2}\ntable.sort(l, function(a, b)\nreturn a.x < b end)"),
              StartsWith("line 3: attempt to index a number value"));
  EXPECT_THAT(Run("x = 1\njson_encode(print)\njson_encode(tostring)"),
              StartsWith("line 3: a function is no JSON"));
  EXPECT_EQ(Text("x"), "1");  // what came before stays
}

// Each of them would change what all users see.
TEST_F(ProgramTest, WhatIsSharedCannotBeChanged) {
  Store("mine", "setup.list");        // a variable, but the same table
  Store("nested", "{ setup.rows }");  // inside of a table of the user's own
  for (const char* attack : {
           "setup.x = 2",
           "setup.new = 2",
           "setup['x'] = nil",
           "setup.list[1] = 'z'",
           "setup.rows[1].n = 9",
           "setup.x, setup.list[2] = 1, 2",
           "mine[1] = 'z'",
           "mine[#mine + 1] = 'z'",
           "nested[1][2].n = 9",
           "local s = setup s.x = 2",
           "local function id(t) return t end id(setup).x = 2",
           "(setup).x = 2",
           "({setup})[1].x = 2",
           "for _, row in pairs(setup.rows) do row.n = 0 end",
           "for _, row in ipairs(setup.rows) do row['n'] = nil end",
           "local function change(t, ...) t.x = 1 end change(setup)",
           "local f = function(t) return function() t.x = 1 end end f(setup)()",
           "select(2, 1, setup).x = 2",
           "function setup.x() end",
           "function setup.rows:n() end",
           "table.insert(setup.list, 'z')",
           "table.insert(setup.empty, 'z')",
           "table.insert(mine, 1, 'z')",
           "table.remove(setup.list)",
           "table.sort(setup.list, function(a, b) return a > b end)",
           "table.move({1, 2}, 1, 2, 1, setup.list)",
           "table.move(setup.list, 1, 2, 2)",
           "string.rep = nil",
           "string.x = 1",
           "math.floor = nil",
           "table.insert = nil",
           "utf8.char = nil",
           "local s = string s.format = nil",
           "string.gsub('x', 'x', function() setup.x = 2 end)",
       }) {
    EXPECT_THAT(Run(attack), HasSubstr(" is not yours to change")) << attack;
    EXPECT_EQ(Text("json_encode(setup)"), before_) << attack;
  }
  // Others end otherwise, and change nothing either.
  for (const char* attack : {
           "setmetatable(setup, {})",
           "getmetatable('').__index = nil",
           "rawset(setup, 'x', 2)",
           "rawget(setup, 'x')",
           "('x').rep = nil",
           "('').__index.x = 1",
           "debug.setmetatable({}, {})",
           "coroutine.wrap(f)()",
           "load('x = 1')()",
           "require('os')",
           "os.exit()",
           "io.open('x')",
           "string.dump(f)",
           "collectgarbage()",
           "pcall(f)",
           "_G.setup = 1",
           "tostring(nil).x = 1",
           "setup = nil setup.x = 1",
       }) {
    EXPECT_THAT(Run(attack), StartsWith("line 1: ")) << attack;
    EXPECT_EQ(Text("json_encode(setup)"), before_) << attack;
  }
  Run("string = nil math = nil");  // hides them from this user only; a plan that says so is refused
  Environment other(script_);
  EXPECT_TRUE(*script_.Truth(*script_.Compile("string.rep('x', 2) == ('x'):rep(2)"), other));
}

TEST_F(ProgramTest, WhatIsSharedReadsLikeAnyOther) {
  Store("mine", "setup.list");
  EXPECT_EQ(Run(R"(
    out = #mine .. #setup.list .. mine[2] .. table.concat(setup.list, "-")
    for i, v in ipairs(mine) do out = out .. i .. v end
    count = 0
    for _ in pairs(setup) do count = count + 1 end
    picked = pick(mine)
    text = json_encode(mine) .. json_encode(setup.empty)
    missing = setup.nothing == nil
  )"),
            "");
  EXPECT_EQ(Text("out"), "33ba-b-c1a2b3c");
  EXPECT_EQ(Text("count"), "4");
  EXPECT_EQ(Text("#picked"), "1");
  EXPECT_EQ(Text("text"), R"(["a","b","c"][])");
  EXPECT_EQ(Text("missing"), "true");
  EXPECT_EQ(Text("mine[1]:upper() .. #mine"), "A3");
  EXPECT_TRUE(*script_.StoreElement("mine", 3, user_, "element"));
  EXPECT_EQ(Text("element"), "c");
}

TEST_F(ProgramTest, ACopyIsTheUsersOwn) {
  EXPECT_EQ(Run(R"(
    rows = copy(setup.rows)
    table.sort(rows, function(a, b) return a.n < b.n end)
    rows[1].n = 100
    none = copy(setup.empty)
    own = json_decode('{"list": [1]}')
    own.list[2] = 2
    plain = copy("text")
  )"),
            "");
  EXPECT_EQ(Text("json_encode(rows) .. json_encode(none) .. json_encode(own) .. plain"),
            R"([{"n":100},{"n":2},{"n":3}][]{"list":[1,2]}text)");
  EXPECT_EQ(Text("json_encode(setup)"), before_);
  EXPECT_THAT(Run("local t = {} t.t = t copy(t)"), HasSubstr("in itself"));
}

TEST_F(ProgramTest, AppendGivesTheVariableAListOfItsOwn) {
  Store("mine", "setup.list");
  ASSERT_TRUE(script_.Append(*script_.Compile("'d'"), user_, "mine").ok());
  ASSERT_TRUE(script_.Append(*script_.Compile("'e'"), user_, "mine").ok());
  EXPECT_EQ(Text("json_encode(mine)"), R"(["a","b","c","d","e"])");
  EXPECT_EQ(Text("json_encode(setup)"), before_);
}

TEST_F(ProgramTest, TimeAndMemoryAreLimited) {
  EXPECT_THAT(Run("\nwhile true do end"),
              StartsWith("line 2: it ran over its limit of 10000000 instructions"));
  EXPECT_THAT(Run("::again:: goto again"), HasSubstr("limit of 10000000 instructions"));
  EXPECT_THAT(Run("local function f() return f() end f()"), HasSubstr("limit of 10000000"));
  EXPECT_THAT(Run("local function f() return 1 + f() end f()"), HasSubstr("stack overflow"));
  EXPECT_THAT(Run("bomb = 'x' while true do bomb = bomb .. bomb end"),
              HasSubstr("not enough memory"));
  EXPECT_THAT(Run("local l = {} for i = 1, 1e9 do l[i] = {i, i} end"),
              testing::AnyOf(HasSubstr("not enough memory"), HasSubstr("limit of")));
  EXPECT_THAT(Run("x = string.rep('x', 1 << 40)"), testing::Not(""));
  EXPECT_THAT(Run("x = ('x'):rep(300000000)"), HasSubstr("not enough memory"));
  EXPECT_EQ(Run("x = ('').rep('', 1 << 60)"), "");  // at once
  EXPECT_THAT(Run("table.move({}, 1, 1 << 60, 2)"), HasSubstr("too many to move"));
  EXPECT_EQ(Run("bomb = nil x = 1"), "");
  EXPECT_EQ(Text("x"), "1");
}

// A user that keeps all the memory there is: others fail with words, and nobody crashes.
TEST_F(ProgramTest, AFullStateStillHasRoomForSingleSteps) {
  EXPECT_THAT(Run("hoard = {} for i = 1, 1e9 do hoard[i] = ('x'):rep(100000) .. i end"),
              HasSubstr("not enough memory"));
  Environment other(script_);
  for (int i = 0; i < 2'000; ++i) {
    script_.SetNumber(other, "variable_" + std::to_string(i), i);
  }
  (void)script_.Append(*script_.Compile("1"), other, "list");
  EXPECT_TRUE(*script_.Truth(*script_.Compile("variable_7 == 7"), other));
}

}  // namespace
}  // namespace rampart
