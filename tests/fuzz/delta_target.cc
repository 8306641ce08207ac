// Deltas of two agents, from bytes into a run: each is added whole or refused whole, once, and in
// whatever order the agents' come.
#include <simdjson.h>

#include "common/plan/load_plan.h"
#include "controller/report/summary_json.h"
#include "controller/run/merge/run_stats.h"
#include "controller/run/run.h"
#include "tests/fuzz/fuzz_target.h"

namespace rampart {
namespace {

constexpr int kAgents = 2;

const v1::Plan& FuzzedPlan() {
  static const v1::Plan& plan = *new v1::Plan([] {
    LoadedPlan loaded = LoadPlan(R"(
name: fuzzed
metrics: { latency: trend, delivered: rate, sent: counter, depth: gauge }
scenarios:
  main:
    load: { constant_users: { users: 2, duration: 10s } }
    steps: [ { sleep: 1s } ]
thresholds:
  latency: [ "p(95)<100", "avg<10" ]
  "latency{kind:a}": [ "max<5" ]
  delivered: [ "rate>0.9" ]
  depth: [ "value<10" ]
)",
                                 "fuzzed.yaml", {});
    FUZZ_CHECK(loaded.ok());
    return loaded.plan;
  }());
  return plan;
}

struct Sent {
  int agent;
  v1::Delta delta;
};

// `AGENT, SIZE in two bytes, a delta`, again and again; what is cut short at the end counts.
std::vector<Sent> Messages(std::string_view input) {
  constexpr size_t kMaxMessages = 32;
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(input[at]); };
  std::vector<Sent> messages;
  while (input.size() >= 3 && messages.size() < kMaxMessages) {
    const int agent = byte(0) % kAgents;
    const size_t size = static_cast<size_t>(byte(1)) << 8 | byte(2);
    const std::string_view bytes = input.substr(3, size);
    input.remove_prefix(3 + bytes.size());
    v1::Delta delta;
    if (delta.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
      messages.push_back({agent, std::move(delta)});
    }
  }
  return messages;
}

// Every bit of what was merged.
std::string Everything(const controller::RunStats& stats) {
  std::string all;
  const SeriesStore series = stats.Series();
  for (const auto& one : series.all()) {
    v1::SeriesDelta value;
    one->value.ToProto(&value);
    all += FormatSeries(one->metric, one->tags) + "\n" + value.SerializeAsString() + "\n";
  }
  return all;
}

}  // namespace

void FuzzDelta(std::string_view input) {
  const std::vector<Sent> messages = Messages(input);
  const MetricCatalog catalog(FuzzedPlan());
  controller::RunStats stats(catalog);
  controller::Run run(FuzzedPlan(), {});
  for (int agent = 0; agent < kAgents; ++agent) run.SetAgent(agent, {});
  std::vector<const Sent*> applied;
  for (const Sent& sent : messages) {
    const std::string before = Everything(stats);
    const uint64_t sequence = stats.Applied(sent.agent);
    const auto result = stats.Apply(sent.agent, sent.delta);
    const bool added = result.ok() && result->has_value();
    FUZZ_CHECK(stats.Applied(sent.agent) == sequence + (added ? 1 : 0));
    FUZZ_CHECK(run.Apply(sent.agent, sent.delta).ok() == result.ok());
    if (added) {
      applied.push_back(&sent);
      FUZZ_CHECK(sent.delta.sequence() == sequence + 1);
      // The same once more is none.
      const std::string once = Everything(stats);
      const auto again = stats.Apply(sent.agent, sent.delta);
      FUZZ_CHECK(again.ok() && !again->has_value());
      FUZZ_CHECK(Everything(stats) == once);
    } else {
      FUZZ_CHECK(Everything(stats) == before);
    }
  }
  // One agent after the other, the last first.
  controller::RunStats other(catalog);
  for (int agent = kAgents; agent-- > 0;) {
    for (const Sent* sent : applied) {
      if (sent->agent != agent) continue;
      const auto result = other.Apply(agent, sent->delta);
      FUZZ_CHECK(result.ok() && result->has_value());
    }
  }
  FUZZ_CHECK(Everything(other) == Everything(stats));

  (void)run.Progress(5'000'000'000);
  (void)run.Judge(5'000'000'000);
  const controller::RunResult result = run.Finish({.run_seconds = 10});
  simdjson::dom::parser parser;
  simdjson::dom::element element;
  FUZZ_CHECK(parser.parse(simdjson::padded_string(controller::SummaryJson(result))).get(element) ==
             simdjson::SUCCESS);
}

}  // namespace rampart
