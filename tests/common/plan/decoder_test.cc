#include "common/plan/decoder.h"

#include <gmock/gmock.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <random>

#include "absl/status/status.h"
#include "common/plan/units.h"
#include "rampart/v1/plan.pb.h"

namespace rampart {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<std::string> ExpandRate(std::string_view text) {
  if (text == "${RATE}/s") return "1000/s";
  return absl::InvalidArgumentError("unknown param in `" + std::string(text) + "`");
}

v1::Plan Read(std::string_view text, std::vector<std::string>* lines) {
  Faults faults;
  v1::Plan plan;
  if (const auto tree = ReadYaml(text, &faults)) Decode(*tree, ExpandRate, &plan, &faults);
  for (const Fault& fault : faults.all()) lines->push_back(fault.Format("p.yaml"));
  return plan;
}

constexpr std::string_view kPlan = R"(name: message-throughput
description: 1,000 messages a second, each acknowledged.
params: { API_URL: "http://localhost:3000", RATE: 1000 }
metrics:
  message_latency: { kind: trend, unit: ms }
  delivery_rate: rate
setup:
  - repeat: { times: 100, as: i }
    steps:
      - http: { post: "${API_URL}/api/channels", json: { name: "c-${i}", public: true, n: 1.5 },
                append: { channels: json.id } }
scenarios:
  send:
    load: { constant_arrival_rate: { rate: "${RATE}/s", duration: 10m, users: 1000, max_users: 2000 } }
    steps:
      - http:
          name: send_message
          post: "${API_URL}/api/messages"
          headers: { X-User-Id: "load_test_user_${user.id}" }
          checks:
            status is 200 or 201: status == 200 or status == 201
      - when: ok and chance(0.1)
        steps:
          - sleep: 1s..3s
      - choose:
          - weight: 3
            steps: [ { sleep: 500ms } ]
          - steps: [ { fail: "stop" } ]
thresholds:
  message_latency: [ "p(95)<200", { expression: "p(99)<500", abort_on_fail: true } ]
  "http_req_duration{name:send_message}": "p(95)<200"
)";

TEST(Decoder, ReadsTheDesignsPlan) {
  std::vector<std::string> faults;
  const v1::Plan plan = Read(kPlan, &faults);
  EXPECT_THAT(faults, ElementsAre());
  EXPECT_EQ(plan.params(1).value().integer(), 1000);
  EXPECT_EQ(plan.metrics(1).kind(), v1::RATE);
  const v1::Scenario& send = plan.scenarios(0);
  EXPECT_EQ(send.name(), "send");
  EXPECT_EQ(send.load().constant_arrival_rate().rate().count(), 1);
  EXPECT_EQ(send.load().constant_arrival_rate().rate().per_ns(), 1'000'000);
  EXPECT_EQ(send.load().constant_arrival_rate().duration().seconds(), 600);
  EXPECT_EQ(send.steps(0).http().checks(0).name(), "status is 200 or 201");
  EXPECT_EQ(send.steps(0).http().headers(0).value(), "load_test_user_${user.id}");
  EXPECT_EQ(send.steps(1).steps(0).sleep().max().seconds(), 3);
  EXPECT_EQ(send.steps(2).choose().options_size(), 2);
  EXPECT_EQ(send.steps(1).at().line(), 22);
  const v1::Value& json = plan.setup(0).steps(0).http().json();
  EXPECT_EQ(json.object().members(0).value().string(), "c-${i}");
  EXPECT_TRUE(json.object().members(1).value().boolean());
  EXPECT_EQ(plan.thresholds(0).conditions(1).expression(), "p(99)<500");
  EXPECT_TRUE(plan.thresholds(0).conditions(1).abort_on_fail());
  EXPECT_EQ(plan.thresholds(1).conditions(0).expression(), "p(95)<200");
}

TEST(Decoder, FiveFaultsHaveFivePlaces) {
  std::vector<std::string> faults;
  Read(R"(name: broken
scenarois: {}
metrics:
  m: { kind: trand }
scenarios:
  s:
    load: { constant_users: { users: many, duration: 30 } }
    steps:
      - http: { get: "http://h/", post: "http://h/" }
)",
       &faults);
  EXPECT_THAT(
      faults,
      ElementsAre("p.yaml:2:1: unknown key `scenarois` (did you mean `scenarios`?)",
                  "p.yaml:4:14: `kind` needs one of counter, gauge, rate, trend, not `trand`",
                  "p.yaml:7:38: `users` needs a whole number from 0, not `many`",
                  HasSubstr("p.yaml:7:54: `30` needs a unit"),
                  "p.yaml:9:35: `get` and `post` cannot both be set"));
}

TEST(Yaml, HostileDocumentsAreRefused) {
  const auto first = [](std::string_view text) {
    std::vector<std::string> faults;
    Read(text, &faults);
    return faults.empty() ? std::string() : faults[0];
  };
  EXPECT_THAT(first("a: &x [1]\nb: [*x, *x]\n"), HasSubstr("anchor"));
  EXPECT_THAT(first("name: a\nname: b\n"), HasSubstr("p.yaml:2:1: `name` is set twice"));
  EXPECT_THAT(first("name: !!python/object x\n"), HasSubstr("tag"));
  EXPECT_THAT(first("name: a\n---\nname: b\n"), HasSubstr("more than one document"));
  EXPECT_THAT(first(std::string(100, '[')), HasSubstr("p.yaml:"));
  EXPECT_THAT(first(std::string(100, '[') + std::string(100, ']')), HasSubstr("nested deeper"));
  EXPECT_THAT(first(std::string(kMaxPlanBytes + 1, ' ')), HasSubstr("bytes"));
  EXPECT_THAT(first(""), HasSubstr("empty"));
  std::string many = "a: [";
  for (size_t i = 0; i < kMaxPlanNodes; ++i) many += "1,";
  EXPECT_THAT(first(many + "]"), HasSubstr("at most"));
}

TEST(Yaml, MutatedPlansNeverCrash) {
  const uint64_t seed = std::random_device()();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2'000; ++round) {
    std::string text(kPlan);
    for (int edit = 0; edit < 4; ++edit) {
      const size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, random() % 20);
          break;
        default:
          text.insert(at, text.substr(random() % text.size(), random() % 30));
      }
    }
    std::vector<std::string> faults;
    Read(text, &faults);
  }
}

TEST(Units, Sizes) {
  EXPECT_EQ(*ParseSize("0"), 0);
  EXPECT_EQ(*ParseSize("100KB"), 100'000);
  EXPECT_EQ(*ParseSize("100kB"), 100'000);
  EXPECT_EQ(*ParseSize("1.5MB"), 1'500'000);
  EXPECT_EQ(*ParseSize("64KiB"), 65'536);
  EXPECT_EQ(*ParseSize("2000B"), 2'000);
  EXPECT_EQ(*ParseSize("2000.0"), 2'000);
  EXPECT_EQ(*ParseSize("1GiB"), kMaxContentBytes);
  for (const char* bad :
       {"", "KB", "1 KB", "1kb", "-1", "1e3", "1.1GiB", "1TB", "99999999999999999999"}) {
    EXPECT_FALSE(ParseSize(bad).ok()) << bad;
  }
}

TEST(Units, DurationsAndRatesAreExact) {
  EXPECT_EQ(*ParseDuration("1h30m"), 5'400'000'000'000);
  EXPECT_EQ(*ParseDuration("1.5s"), 1'500'000'000);
  EXPECT_EQ(*ParseDuration("0"), 0);
  for (const char* bad : {"", "5", "s", "1x", "-1s", "8d", "1s ", "1..2s"}) {
    EXPECT_FALSE(ParseDuration(bad).ok()) << bad;
  }
  const v1::Rate half = *ParseRate("0.5/s");
  EXPECT_EQ(half.count(), 1);
  EXPECT_EQ(half.per_ns(), 2'000'000'000);
  EXPECT_EQ(ParseRate("3/10s")->per_ns(), 10'000'000'000);
  for (const char* bad : {"", "5", "5/", "/s", "5/x", "5/0s", "-5/s", "5/1.5s"}) {
    EXPECT_FALSE(ParseRate(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace rampart
