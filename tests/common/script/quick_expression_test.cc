#include "common/script/quick_expression.h"

#include <gtest/gtest.h>

#include <lua.hpp>
#include <string>
#include <vector>

#include "common/script/script.h"

namespace rampart {
namespace {

// The same values for Lua and without it.
class Values final : public DynamicNames {
 public:
  explicit Values(bool quick) : quick_(quick) {}

  bool Push(lua_State* lua, std::string_view name) override {
    if (name == "status") {
      lua_pushinteger(lua, values.status);
    } else if (name == "ok") {
      lua_pushboolean(lua, values.ok);
    } else if (name == "duration_ms") {
      lua_pushnumber(lua, values.duration_ms);
    } else if (name == "user") {
      lua_createtable(lua, 0, 1);
      lua_pushinteger(lua, values.user_id);
      lua_setfield(lua, -2, "id");
    } else {
      return false;
    }
    return true;
  }
  const QuickValues* Quick() const override { return quick_ ? &values : nullptr; }

  QuickValues values;

 private:
  const bool quick_;
};

const std::vector<QuickValues>& Many() {
  static const std::vector<QuickValues> many = [] {
    std::vector<QuickValues> made;
    for (const int64_t status : {0, 199, 200, 201, 404}) {
      for (const double ms : {0.0, 0.1, 99.5, 100.0, 1e6}) {
        for (const bool ok : {false, true}) made.push_back({status, status + 7, ms, ok});
      }
    }
    return made;
  }();
  return many;
}

TEST(QuickExpression, MeansWhatItMeansInLua) {
  Values with(true);
  Values without(false);
  Script quick(1);
  Script slow(1);
  quick.SetDynamicNames(&with);
  slow.SetDynamicNames(&without);
  const Environment quick_user(quick);
  const Environment slow_user(slow);
  for (const char* text :
       {"status == 200", "status == 200 or status == 201", "ok", "not ok", "status", "not status",
        "status ~= 404 and ok", "duration_ms < 100", "duration_ms<=99.5 and status==200",
        "ok and status == 200 or duration_ms > 1000 and not ok or status == 404",
        "status >= 200 and status < 300", "user.id > 200", "user . id == 207", "duration_ms",
        "user.id"}) {
    ASSERT_TRUE(QuickExpression::Of(text, {}).has_value()) << text;
    const auto fast = quick.Compile(text);
    const auto full = slow.Compile(text);
    ASSERT_TRUE(fast.ok() && full.ok()) << text;
    const auto fast_text = quick.CompileTemplate("<${" + std::string(text) + "}>");
    const auto full_text = slow.CompileTemplate("<${" + std::string(text) + "}>");
    v1::Value whole;
    whole.set_string("${" + std::string(text) + "}");
    const auto fast_json = quick.CompileValue(whole);
    const auto full_json = slow.CompileValue(whole);
    for (const QuickValues& values : Many()) {
      with.values = without.values = values;
      EXPECT_EQ(*quick.Truth(*fast, quick_user), *slow.Truth(*full, slow_user)) << text;
      EXPECT_EQ(*quick.Sample(*fast, quick_user), *slow.Sample(*full, slow_user)) << text;
      std::string fast_out;
      std::string full_out;
      EXPECT_TRUE(quick.Render(*fast_text, quick_user, &fast_out).ok());
      EXPECT_TRUE(slow.Render(*full_text, slow_user, &full_out).ok());
      EXPECT_EQ(fast_out, full_out);
      fast_out.clear();
      full_out.clear();
      EXPECT_TRUE(quick.RenderJson(*fast_json, quick_user, &fast_out).ok());
      EXPECT_TRUE(slow.RenderJson(*full_json, slow_user, &full_out).ok());
      EXPECT_EQ(fast_out, full_out);
    }
  }
}

TEST(QuickExpression, OtherFormsAreLeftToLua) {
  for (const char* text : {"status == x",
                           "(status == 200)",
                           "status == 200 or json.id",
                           "status == '200'",
                           "ok == 1",
                           "not status == 200",
                           "status == 0x10",
                           "status == 1e3",
                           "status + 1",
                           "status == 200 and",
                           "user",
                           "user.name",
                           "user.id.x",
                           "iteration == 1",
                           "200 == status",
                           "status ==",
                           "",
                           "status == 12345678901234567890",
                           "status == 200 == true",
                           "status == 1.2.3"}) {
    EXPECT_FALSE(QuickExpression::Of(text, {}).has_value()) << text;
  }
}

TEST(QuickExpression, AVariableOfThatNameIsTheVariable) {
  EXPECT_FALSE(QuickExpression::Of("status == 200", {"status"}).has_value());
  EXPECT_FALSE(QuickExpression::Of("user.id == 200", {"user"}).has_value());
  Values with(true);
  with.values.status = 404;
  Script script(1);
  script.SetDynamicNames(&with);
  script.HideQuick("status");
  const Environment user(script);
  ASSERT_TRUE(script.Store(*script.Compile("200"), user, "status").ok());
  EXPECT_TRUE(*script.Truth(*script.Compile("status == 200"), user));
}

}  // namespace
}  // namespace rampart
