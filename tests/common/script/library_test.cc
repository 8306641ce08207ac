// The functions that Rampart adds to Lua's.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>

#include "common/script/pattern_cache.h"
#include "common/script/script.h"

namespace rampart {
namespace {

using testing::HasSubstr;

class LibraryTest : public testing::Test {
 protected:
  std::string Text(const std::string& expression) { return TextOf(script_, user_, expression); }
  static std::string TextOf(Script& script, Environment& user, const std::string& expression) {
    const auto compiled = script.CompileTemplate("${tostring(" + expression + ")}");
    if (!compiled.ok()) return "compile: " + std::string(compiled.status().message());
    std::string out;
    const absl::Status status = script.Render(*compiled, user, &out);
    return status.ok() ? out : "error: " + std::string(status.message());
  }

  Script script_{1};
  Environment user_{script_};
};

TEST_F(LibraryTest, EveryFunctionIsNamed) {
  for (const std::string& name : FunctionNames()) EXPECT_NE(Text(name), "nil") << name;
}

TEST_F(LibraryTest, WeightedDrawsByWeightTheSameForASeed) {
  std::map<std::string, int> drawn;
  for (int i = 0; i < 10'000; ++i) ++drawn[Text("weighted({ a = 3, b = 1, never = 0 })")];
  EXPECT_EQ(drawn["a"] + drawn["b"], 10'000);
  EXPECT_NEAR(drawn["a"], 7'500, 250);  // over five standard deviations
  Script one(7);
  Script two(7);
  Environment of_one(one);
  Environment of_two(two);
  // Tables are gone through in another order in each state.
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(TextOf(one, of_one, "weighted({ ab = 1, cd = 1, ef = 1, gh = 1 })"),
              TextOf(two, of_two, "weighted({ gh = 1, ef = 1, cd = 1, ab = 1 })"));
  }
  EXPECT_THAT(Text("weighted({})"), HasSubstr("no key has a weight over 0"));
  EXPECT_THAT(Text("weighted({ a = -1 })"), HasSubstr("under 0"));
  EXPECT_THAT(Text("weighted({ 1, 2 })"), HasSubstr("a key is no text"));
}

TEST_F(LibraryTest, HashesAreThoseOfTheStandards) {
  EXPECT_EQ(Text("sha256('abc')"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");  // FIPS 180-2
  EXPECT_EQ(Text("sha256('')"), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Text("hmac_sha256('Jefe', 'what do ya want for nothing?')"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");  // RFC 4231
}

TEST_F(LibraryTest, Base64GoesBothWays) {
  EXPECT_EQ(Text("base64('')"), "");
  EXPECT_EQ(Text("base64('f')"), "Zg==");  // RFC 4648
  EXPECT_EQ(Text("base64('fo')"), "Zm8=");
  EXPECT_EQ(Text("base64('foobar')"), "Zm9vYmFy");
  EXPECT_EQ(Text("base64('\\xfb\\xff\\xfe')"), "+//+");
  EXPECT_EQ(Text("base64url('\\xfb\\xff\\xfe\\0')"), "-__-AA");
  for (const char* text : {"'Zm9vYmE='", "'Zm9vYmE'"}) {
    EXPECT_EQ(Text(std::string("base64_decode(") + text + ")"), "fooba");
  }
  EXPECT_EQ(Text("base64_decode('-__-') == base64_decode('+//+')"), "true");
  EXPECT_EQ(Text("base64_decode('Zm9v!')"), "nil");
  EXPECT_EQ(Text("base64_decode('Z')"), "nil");
  EXPECT_EQ(Text("base64_decode('')"), "");
}

TEST_F(LibraryTest, UrlsAreEscaped) {
  EXPECT_EQ(Text("url_encode('a b&c/d~e-f_g.h\xc3\xa4')"), "a%20b%26c%2Fd~e-f_g.h%C3%A4");
  EXPECT_EQ(Text("url_decode('a%20b%2fc+d%C3%A4')"), "a b/c+d\xc3\xa4");
  EXPECT_EQ(Text("url_decode('100%, %4, %zz, %')"), "100%, %4, %zz, %");
}

TEST_F(LibraryTest, DatesGoBothWays) {
  EXPECT_EQ(Text("iso_date(0)"), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(Text("iso_date(1795521600123)"), "2026-11-24T12:00:00.123Z");
  EXPECT_EQ(Text("iso_date(-1)"), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(Text("parse_iso_date('2026-11-24T12:00:00.123Z')"), "1795521600123");
  EXPECT_EQ(Text("parse_iso_date('2026-11-24T14:00:00.123+02:00')"), "1795521600123");
  EXPECT_EQ(Text("parse_iso_date('2026-11-24 12:00:00')"), "1795521600000");
  EXPECT_EQ(Text("parse_iso_date('1970-01-02')"), "86400000");
  for (const char* text : {"''", "'yesterday'", "'2026-13-01'", "'infinite-future'"}) {
    EXPECT_EQ(Text(std::string("parse_iso_date(") + text + ")"), "nil") << text;
  }
  EXPECT_EQ(Text("math.abs(parse_iso_date(iso_date()) - now_ms()) < 60000"), "true");
  EXPECT_THAT(Text("iso_date(1e300)"), HasSubstr("not in the years 0 to 9999"));
}

TEST_F(LibraryTest, JsonDecodeIsNilForWhatIsNone) {
  EXPECT_EQ(Text("json_decode('{\"a\": [1, 2.5, null]}').a[2]"), "2.5");
  EXPECT_EQ(Text("json_decode('oh')"), "nil");
  EXPECT_EQ(Text("json_decode('')"), "nil");
  EXPECT_EQ(Text("json_encode(json_decode('[[],{}]'))"), "[[],{}]");
}

TEST_F(LibraryTest, RandomStringsAreOfTheSeed) {
  const std::string text = Text("random_string(1000)");
  EXPECT_EQ(text.size(), 1000u);
  EXPECT_TRUE(std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  }));
  Script same(1);
  Environment user(same);
  EXPECT_EQ(TextOf(same, user, "random_string(1000)"), text);
  EXPECT_EQ(Text("random_string(0)"), "");
  EXPECT_THAT(Text("random_string(1e9)"), HasSubstr("error:"));
}

TEST_F(LibraryTest, RegexFindsTheGroupOrTheWhole) {
  EXPECT_EQ(Text("regex('csrf=\"abc123\"', 'csrf=\"([^\"]+)\"')"), "abc123");
  EXPECT_EQ(Text("regex('order 42 of 7', '[0-9]+')"), "42");
  EXPECT_EQ(Text("regex('none', '[0-9]+')"), "nil");
  EXPECT_EQ(Text("regex('b', '(a)|b')"), "nil");
  EXPECT_EQ(Text("json_encode(regex_all('a1 b22 c', '([a-z])[0-9]+'))"), R"(["a","b"])");
  EXPECT_EQ(Text("json_encode(regex_all('none', '[0-9]'))"), "[]");
  EXPECT_EQ(Text("#regex_all('\xc3\xa4"
                 "b', 'x*')"),
            "3");  // before each character, and at the end
  EXPECT_THAT(Text("regex('x', '(')"), HasSubstr("no regular expression: missing )"));
  // Backtracking would take for ever.
  EXPECT_EQ(Text("regex(string.rep('a', 100000), '(a*)*b')"), "nil");
}

TEST_F(LibraryTest, PatternsAreBounded) {
  PatternCache cache;
  const re2::RE2* first = &cache.Find("a");
  EXPECT_EQ(&cache.Find("a"), first);
  for (size_t i = 0; i < 3 * PatternCache::kMaxPatterns; ++i) {
    EXPECT_TRUE(cache.Find("b{1," + std::to_string(1 + i % 500) + "}" + std::to_string(i)).ok());
    EXPECT_LE(cache.size(), PatternCache::kMaxPatterns);
  }
  EXPECT_FALSE(cache.Find("(").ok());
}

}  // namespace
}  // namespace rampart
