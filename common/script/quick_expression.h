// QuickExpression: an expression that is answered without Lua.
#ifndef RAMPART_COMMON_SCRIPT_QUICK_EXPRESSION_H_
#define RAMPART_COMMON_SCRIPT_QUICK_EXPRESSION_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace rampart {

// What most checks, recordings and templates ask for.
enum class QuickName : uint8_t { kStatus, kOk, kDurationMs, kUserId };

struct QuickValues {
  int64_t status = 0;
  int64_t user_id = 0;
  double duration_ms = 0;
  bool ok = false;

  // true is 1, false 0.
  double Number(QuickName name) const;
  // As a text and as JSON.
  void Append(QuickName name, std::string* out) const;
};

// A quick name alone, or a condition of the form `status == 200 or status == 201 and ok`: names and
// comparisons of names with numbers, joined by `and` and `or`. Evaluating Lua for it takes 1,000
// instructions, this some twenty. It means the same as in Lua; a text of any other form is none.
class QuickExpression {
 public:
  // `hidden`: names of the plan's own, which have another value than the quick one.
  static std::optional<QuickExpression> Of(std::string_view text,
                                           const std::set<std::string, std::less<>>& hidden);

  // Of its value, as Lua sees it.
  bool Truth(const QuickValues& values) const;
  // What it is when it is a name alone.
  std::optional<QuickName> name() const;

 private:
  enum class Test : uint8_t { kTruth, kEqual, kUnequal, kLess, kLessOrEqual, kMore, kMoreOrEqual };

  struct Term {
    QuickName name;
    Test test = Test::kTruth;
    bool negated = false;
    bool ends_group = false;  // an `or` follows, or nothing
    double number = 0;

    bool Holds(const QuickValues& values) const;
  };

  std::vector<Term> terms_;  // groups that are joined by `and`, themselves joined by `or`
};

}  // namespace rampart

#endif  // RAMPART_COMMON_SCRIPT_QUICK_EXPRESSION_H_
