// The names and the writes that a script's text has, without running it.
#include "common/script/statements.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "common/script/script.h"

namespace rampart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Names(const std::vector<Statements::Name>& names) {
  std::vector<std::string> texts;
  for (const Statements::Name& name : names) {
    texts.push_back(name.name + ":" + std::to_string(name.line));
  }
  return texts;
}

Statements Read(std::string_view text) {
  Script script(1);
  const auto compiled = script.CompileProgram(text);
  EXPECT_TRUE(compiled.ok()) << compiled.status() << "\n" << text;
  const auto statements = ReadStatements(text);
  EXPECT_TRUE(statements.ok()) << statements.status();
  return statements.ok() ? *statements : Statements{};
}

std::string Guarded(std::string_view text) { return Read(text).guarded; }

TEST(Statements, LocalsAreKnownWhereTheyAreInScope) {
  const Statements read = Read(R"(
local a <const>, b = one, two
local function f(x, ...) return f, x, a, self end
local b = b
for i = 1, a do three = i end
for k, v in pairs(b) do k = v end
i = k
repeat local done = true until done
local t = { a = 1, [four] = five, six; }
goto out
do local z; z = z end
::out::
function t:m() return self end
function g(y) y = z end
print(t.field, t:method(), "word", [[ word ]]) -- comment
)");
  EXPECT_THAT(Names(read.free), ElementsAre("one:2", "two:2", "self:3", "pairs:6", "k:7", "four:9",
                                            "five:9", "six:9", "z:14", "print:15"));
  EXPECT_THAT(Names(read.assigned), ElementsAre("three:5", "i:7", "g:14"));
}

TEST(Statements, EveryWriteToATableIsGuarded) {
  EXPECT_EQ(Guarded("a.b[c] = 1"), "__own(a.b, 'a.b')[c] = 1");
  EXPECT_EQ(Guarded("a, b.c, d[1].e = f()"), "a, __own(b, 'b').c, __own(d[1], 'd[1]').e = f()");
  EXPECT_EQ(Guarded("(f()).x = 1"), "__own((f())).x = 1");
  EXPECT_EQ(Guarded("f{}.x.y = g.z"), "__own(f{}.x).y = g.z");
  EXPECT_EQ(Guarded("f'': g ().x = 1"), "__own(f'': g ()).x = 1");
  EXPECT_EQ(Guarded("a[ [[k]] ] --[[x]] = 1"), "__own(a, 'a')[ [[k]] ] --[[x]] = 1");
  EXPECT_EQ(Guarded("a[function() b.c = 1 end] = 2"),
            "__own(a, 'a')[function() __own(b, 'b').c = 1 end] = 2");
  EXPECT_EQ(Guarded("function a.b.c(x) end"), "__own( a.b, 'a.b').c = function(x) end");
  EXPECT_EQ(Guarded("function a:m() end"), "__own( a, 'a').m = function(self) end");
  EXPECT_EQ(Guarded("function a.b:m(x, ...) end"),
            "__own( a.b, 'a.b').m = function(self, x, ...) end");
  EXPECT_EQ(Guarded("local x = { a = 1 } x = 2 f(x.y)"), "local x = { a = 1 } x = 2 f(x.y)");
  EXPECT_EQ(Guarded("if a.b == c then d.e, f = 1, 2 else g.h = 3 end"),
            "if a.b == c then __own(d, 'd').e, f = 1, 2 else __own(g, 'g').h = 3 end");
}

TEST(Statements, WhatIsNoLuaIsSaid) {
  for (const char* text : {"_ENV.x = 1", "local _ENV = {}", "function f(_ENV) end", "__own = f",
                           "local function __own(t) return t end"}) {
    EXPECT_FALSE(ReadStatements(text).ok()) << text;
  }
  EXPECT_THAT(std::string(ReadStatements("x = 1\n_ENV = {}").status().message()),
              HasSubstr("line 2: a script cannot use the name `_ENV`"));
  for (const char* text : {"x", "x =", "(x) = 1", "f() = 1", "if x", "end", "1 = x", "local"}) {
    EXPECT_FALSE(ReadStatements(text).ok()) << text;
  }
  EXPECT_THAT(Read("").free, IsEmpty());
  // Lua refuses these long before.
  EXPECT_FALSE(ReadStatements("x = " + std::string(1'000'000, '(')).ok());
  EXPECT_FALSE(ReadStatements("x = " + std::string(1'000'000, '{')).ok());
}

// What Lua compiles is read, and what comes out compiles too.
TEST(Statements, RandomTextNeverCrashes) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  constexpr std::string_view kPieces[] = {
      "x",  "y.z",    " = ", "1",   "(",      ")",          "{", "}", "[",   "]",  ", ", " end ",
      "\n", "local ", "do ", "if ", " then ", " function ", "f", ":", "'s'", "--", "[[", "]]"};
  Script script(1);
  int compiled = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    for (uint64_t n = random() % 9; n > 0; --n) text += kPieces[random() % std::size(kPieces)];
    (void)ReadStatements(text);
    const auto program = script.CompileProgram(text);
    compiled += program.ok() ? 1 : 0;
    EXPECT_THAT(std::string(program.status().message()),
                testing::Not(HasSubstr("cannot be read as Lua")))
        << text;
  }
  EXPECT_GT(compiled, 100);
}

}  // namespace
}  // namespace rampart
