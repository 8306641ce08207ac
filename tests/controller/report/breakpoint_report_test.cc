#include "controller/report/breakpoint_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace rampart::controller {
namespace {

using testing::HasSubstr;
using testing::Not;

BreakpointResult Found() {
  BreakpointResult found;
  found.rate = 1'378;
  found.broke_at = 1'420;
  found.broke_first = "http_req_duration: p(95)<200 failed with 234 ms";
  found.confirmed = true;
  found.probes = {
      {.ramp = true, .rate = 500, .completed = 499, .held = true},
      {.ramp = true, .rate = 1'338, .completed = 1'300, .held = true},
      {.ramp = true, .rate = 1'700, .completed = 9, .dropped = 0.5, .broke_first = "drops"},
      {.rate = 1'420, .completed = 1'400, .broke_first = found.broke_first, .generator = true},
      {.rate = 1'378, .completed = 1'377, .held = true}};
  return found;
}

TEST(BreakpointReport, SaysTheRatesWhatBrokeAndEveryRun) {
  Page page({.width = 80});
  AddBreakpoint(Found(), &page);
  EXPECT_EQ("\n" + page.Text(), R"(
  BREAKPOINT   confirmed by the ramp and 2 runs
    highest rate that held...: 1,378/s
    lowest rate that broke...: 1,420/s
    what broke first.........: http_req_duration: p(95)<200 failed with 234 ms

                   due   completed   dropped
    ramp       1,338/s     1,300/s       0 %  ✓ held
    ramp       1,700/s         9/s      50 %  ✗ broke
            drops
    run 1      1,420/s     1,400/s       0 %  ✗ broke, generator busy
            http_req_duration: p(95)<200 failed with 234 ms
    run 2      1,378/s     1,377/s       0 %  ✓ held
)");
}

TEST(BreakpointReport, SaysThatNothingHeldAndWhatIsToBeKnown) {
  BreakpointResult none;
  none.broke_at = 5;
  none.notes = {"the limit is the load generator's"};
  Page page({.width = 80});
  AddBreakpoint(none, &page);
  EXPECT_THAT(page.Text(), HasSubstr("not confirmed"));
  EXPECT_THAT(page.Text(), HasSubstr("highest rate that held...: none"));
  EXPECT_THAT(page.Text(), HasSubstr("the limit is the load generator's"));
}

TEST(BreakpointReport, JsonHasEveryWindow) {
  JsonWriter json;
  json.BeginObject();
  BreakpointResult found = Found();
  found.probes.push_back({.ramp = true, .rate = 99, .data = false});
  AddBreakpoint(found, &json);
  json.EndObject();
  const std::string text = json.Take();
  EXPECT_THAT(text, HasSubstr("\"rate\": 1378"));
  EXPECT_THAT(text, HasSubstr("\"broke_at\": 1420"));
  EXPECT_THAT(text, HasSubstr("\"rate\": 500"));
  EXPECT_THAT(text, HasSubstr("\"held\": null"));
  EXPECT_THAT(text, HasSubstr("\"generator_busy\": true"));
}

}  // namespace
}  // namespace rampart::controller
