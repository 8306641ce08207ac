#include "controller/report/summary_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <string>

#include "controller/report/json_writer.h"
#include "tests/controller/report/sample_run.h"

namespace rampart::controller {
namespace {

using simdjson::dom::element;
using testing::HasSubstr;
using testing::Not;

TEST(SummaryJson, ReadsBackAsItWas) {
  const SampleRun run = MakeSampleRun();
  const RunResult& result = run.result;
  simdjson::dom::parser parser;
  const simdjson::padded_string text(SummaryJson(result));
  const element json = parser.parse(text);

  EXPECT_EQ(int64_t{json["schema"]}, kSummarySchema);
  EXPECT_EQ(std::string_view(json["verdict"]), "fail");
  EXPECT_EQ(int64_t{json["exit_code"]}, 99);
  EXPECT_EQ(std::string_view(json["reasons"].at(0)), "2 of 5 thresholds failed");
  EXPECT_TRUE(bool{json["unreliable"]});
  EXPECT_EQ(std::string_view(json["plan"]["name"]), "scalability");
  EXPECT_EQ(std::string_view(json["plan"]["file"]), "plans/scalability.yaml");
  EXPECT_EQ(std::string_view(json["plan"]["hash"]), "fedcba9876543210");
  EXPECT_EQ(int64_t{json["times"]["started_unix_ns"]}, 1'700'000'000'000'000'000);
  EXPECT_EQ(std::string_view(json["times"]["started"]), "2023-11-14T22:13:20+00:00");
  EXPECT_EQ(double{json["times"]["setup_seconds"]}, 1.234);

  const element threshold = json["thresholds"].at(0);
  EXPECT_EQ(std::string_view(threshold["metric"]), "http_req_duration");
  EXPECT_EQ(std::string_view(threshold["expression"]), "p(95)<200");
  EXPECT_EQ(std::string_view(threshold["outcome"]), "fail");
  EXPECT_EQ(double{threshold["observed"]}, 200.04);
  EXPECT_EQ(int64_t{threshold["at"]["line"]}, 40);
  EXPECT_EQ(std::string_view(json["thresholds"].at(3)["outcome"]), "no_data");
  EXPECT_TRUE(json["thresholds"].at(3)["observed"].is_null());

  const SeriesValue duration = *result.series.Aggregate("http_req_duration");
  const element values = json["metrics"]["http_req_duration"]["values"];
  EXPECT_EQ(double{values["avg"]}, duration.trend.Mean());
  EXPECT_EQ(double{values["min"]}, duration.trend.Min());
  EXPECT_EQ(double{values["med"]}, duration.trend.Percentile(50));
  EXPECT_EQ(double{values["max"]}, duration.trend.Max());
  EXPECT_EQ(double{values["p(90)"]}, duration.trend.Percentile(90));
  EXPECT_EQ(double{values["p(95)"]}, duration.trend.Percentile(95));
  EXPECT_EQ(double{values["p(99)"]}, duration.trend.Percentile(99));
  EXPECT_EQ(double{values["p(99.9)"]}, duration.trend.Percentile(99.9));
  EXPECT_EQ(uint64_t{values["count"]}, 90'099);
  EXPECT_EQ(double{values["sum"]}, duration.trend.Sum());

  const element failed = json["metrics"]["http_req_failed"];
  EXPECT_EQ(std::string_view(failed["kind"]), "rate");
  EXPECT_EQ(uint64_t{failed["values"]["passes"]}, 12);
  EXPECT_EQ(uint64_t{failed["values"]["fails"]}, 90'087);
  EXPECT_EQ(failed["series"].get_array().value().size(), 4);
  EXPECT_EQ(std::string_view(failed["series"].at(0)["tags"]["name"]), "signin");
  EXPECT_EQ(uint64_t{failed["series"].at(0)["values"]["passes"]}, 12);

  EXPECT_EQ(uint64_t{json["metrics"]["http_reqs"]["values"]["count"]}, 90'099);
  EXPECT_EQ(double{json["metrics"]["http_reqs"]["values"]["rate"]}, 90'099 / 114.0);
  EXPECT_EQ(int64_t{json["metrics"]["vus"]["values"]["max"]}, 10'000);
  EXPECT_EQ(std::string_view(json["metrics"]["data_sent"]["unit"]), "bytes");
  EXPECT_EQ(json["metrics"]["never_sampled"].error(), simdjson::NO_SUCH_FIELD);

  EXPECT_EQ(uint64_t{json["checks"].at(2)["fails"]}, 5);
  EXPECT_EQ(std::string_view(json["agents"].at(1)["name"]), "agent-2");
  EXPECT_EQ(uint64_t{json["agents"].at(1)["late_starts"]}, 1'204);
  EXPECT_EQ(json["agents"].at(1)["bottleneck"].get_array().value().size(), 1);
  EXPECT_EQ(std::string_view(json["errors"].at(0)["kind"]), "connection_refused");
  EXPECT_EQ(uint64_t{json["errors"].at(0)["at"]["column"]}, 5);
  EXPECT_EQ(double{json["errors"].at(0)["first_seconds"]}, 61.2);
  EXPECT_TRUE(json["timeline"].at(0)["http_p95_ms"].is_null()) << "of no samples";
  EXPECT_TRUE(bool{json["target_counts"].at(0)["equal"]});
  EXPECT_FALSE(bool{json["target_counts"].at(2)["equal"]});
}

TEST(SummaryJson, IsValidWhateverTheInputIs) {
  std::string hostile("\"\\\n\r\t\x01\x7f\xff\xc0\xaf\xed\xa0\x80 日本\xe6\x97");
  hostile.push_back('\0');
  SampleRun run = MakeSampleRun();
  run.result.plan.set_name(hostile);
  run.result.reasons = {hostile};
  run.Trend("http_req_duration", -1e308, 1e308, 3, {{hostile, hostile}});
  run.result.run_seconds = 0;
  run.result.agents[0].clock_skew_ms = NAN;
  run.result.agents[0].samples = UINT64_MAX;
  run.result.thresholds[0].observed = INFINITY;
  const std::string text = SummaryJson(run.result);
  simdjson::dom::parser parser;
  element json;
  ASSERT_EQ(parser.parse(simdjson::padded_string(text)).get(json), simdjson::SUCCESS) << text;
  EXPECT_EQ(std::string_view(json["plan"]["name"]).substr(0, 7), "\"\\\n\r\t\x01\x7f");
  EXPECT_THAT(std::string(std::string_view(json["reasons"].at(0))), HasSubstr("\xef\xbf\xbd"));
  EXPECT_TRUE(json["agents"].at(0)["clock_skew_ms"].is_null());
  EXPECT_TRUE(json["thresholds"].at(0)["observed"].is_null());
  EXPECT_TRUE(json["metrics"]["http_reqs"]["values"]["rate"].is_null());
  EXPECT_EQ(uint64_t{json["agents"].at(0)["samples"]}, UINT64_MAX);
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(text, Not(HasSubstr("inf")));
}

TEST(SummaryJson, OfARunThatMeasuredNothingIsWholeToo) {
  simdjson::dom::parser parser;
  element json;
  ASSERT_EQ(parser.parse(simdjson::padded_string(SummaryJson(RunResult()))).get(json),
            simdjson::SUCCESS);
  EXPECT_EQ(std::string_view(json["verdict"]), "invalid");
  EXPECT_EQ(json["metrics"].get_object().value().size(), 0);
  EXPECT_EQ(json["thresholds"].get_array().value().size(), 0);
}

TEST(JsonWriter, NumbersReadBackAsTheSame) {
  for (const double value :
       {0.1, 1e21, -2.5e-300, 123'456'789.0, 9'007'199'254'740'993.0, 5e-324}) {
    JsonWriter json;
    json.Double(value);
    simdjson::dom::parser parser;
    const simdjson::padded_string text(json.Take());
    EXPECT_EQ(double{parser.parse(text)}, value);
  }
  JsonWriter json;
  json.Double(1e6);
  EXPECT_EQ(json.Take(), "1000000\n");
}

}  // namespace
}  // namespace rampart::controller
