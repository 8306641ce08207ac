// EngineRunner: one agent's engine without a controller: a plan in, what it measured out.
#ifndef RAMPART_TESTS_SUPPORT_ENGINE_RUNNER_H_
#define RAMPART_TESTS_SUPPORT_ENGINE_RUNNER_H_

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "agent/engine/loop.h"
#include "agent/user/engine.h"
#include "common/plan/load_plan.h"
#include "common/stats/delta.h"

namespace rampart::agent {

// What happened once, for the thread that waits for it.
template <typename Value>
class Once {
 public:
  void Set(Value value) {
    const std::lock_guard lock(mutex_);
    value_ = std::move(value);
    set_.notify_all();
  }
  // Fails the test when it does not happen.
  Value Wait() {
    std::unique_lock lock(mutex_);
    const bool there =
        set_.wait_for(lock, std::chrono::seconds(60), [this] { return value_.has_value(); });
    EXPECT_TRUE(there) << "nothing happened for a minute";
    return there ? *value_ : Value{};
  }

 private:
  std::mutex mutex_;
  std::condition_variable set_;
  std::optional<Value> value_;
};

struct EnginePlace {
  uint32_t agent = 0;
  std::vector<uint32_t> weights = {1};
  int threads = 1;
  std::string ca_pem = {};  // trusted for TLS instead of the system's
  std::vector<std::pair<std::string, std::string>> files = {};  // name, content: beside the plan
  TargetPolicy targets = {};
};

class EngineRunner {
 public:
  explicit EngineRunner(const std::string& yaml, const EnginePlace& place = {}) {
    LoadedPlan loaded = LoadPlan(yaml, "plan.yaml", {});
    EXPECT_TRUE(loaded.ok()) << loaded.FaultText();
    v1::Prepare prepare;
    *prepare.mutable_plan() = loaded.plan;
    prepare.set_seed(1);
    prepare.set_ca_pem(place.ca_pem);
    for (const auto& [name, content] : place.files) {
      v1::PlanFile& file = *prepare.add_files();
      file.set_name(name);
      file.set_content(content);
    }
    prepare.mutable_assignment()->set_agent(place.agent);
    for (const uint32_t weight : place.weights) {
      prepare.mutable_assignment()->add_weights(weight);
    }
    absl::StatusOr<std::unique_ptr<Engine>> made =
        Engine::Make(prepare, {.threads = place.threads, .sources = {}, .targets = place.targets});
    EXPECT_TRUE(made.ok()) << made.status();
    engine_ = *std::move(made);
  }

  Engine& engine() { return *engine_; }

  // Setup, if the plan has one, the whole load, teardown likewise.
  void Run(bool setup = false, bool teardown = false) {
    std::string data;
    if (setup) {
      Once<absl::StatusOr<std::string>> done;
      engine_->RunSetup([&](absl::StatusOr<std::string> json) { done.Set(std::move(json)); });
      const absl::StatusOr<std::string> json = done.Wait();
      ASSERT_TRUE(json.ok()) << json.status();
      data = *json;
    }
    ASSERT_TRUE(engine_->Arm(data).ok());
    Begin();
    Drained();
    if (teardown) {
      Once<absl::Status> done;
      engine_->RunTeardown([&](absl::Status status) { done.Set(std::move(status)); });
      const absl::Status status = done.Wait();
      EXPECT_TRUE(status.ok()) << status;
    }
    Collect();
  }

  void Begin(LoadEvents events = {}) {
    start_ns_ = MonotonicNow();
    engine_->Start(
        start_ns_, [this](uint64_t) { drained_.Set(true); }, std::move(events));
  }
  void Drained() {
    drained_.Wait();
    seconds_ = static_cast<double>(MonotonicNow() - start_ns_) / 1e9;
  }
  double seconds() const { return seconds_; }

  // Applies what was measured since the last time.
  void Collect() {
    const v1::Delta delta = engine_->TakeDelta();
    const absl::Status status = reader_.Apply(delta, &store_);
    EXPECT_TRUE(status.ok()) << status;
    for (const v1::ErrorCount& error : delta.errors()) errors_.push_back(error);
    health_ = delta.health();
  }

  double Count(std::string_view metric, const Tags& tags = {}) const {
    const auto value = store_.Aggregate(metric, tags);
    return value ? value->counter.Value() : 0;
  }
  SeriesValue Value(std::string_view metric, const Tags& tags = {}) const {
    const auto value = store_.Aggregate(metric, tags);
    return value ? *value : SeriesValue{};
  }
  const std::vector<v1::ErrorCount>& errors() const { return errors_; }
  uint64_t ErrorsOf(std::string_view kind) const {
    uint64_t count = 0;
    for (const v1::ErrorCount& error : errors_) {
      if (error.kind() == kind) count += error.count();
    }
    return count;
  }
  const v1::AgentHealth& health() const { return health_; }

 private:
  std::unique_ptr<Engine> engine_;
  Once<bool> drained_;
  int64_t start_ns_ = 0;
  double seconds_ = 0;
  DeltaReader reader_;
  SeriesStore store_;
  std::vector<v1::ErrorCount> errors_;
  v1::AgentHealth health_;
};

}  // namespace rampart::agent

#endif  // RAMPART_TESTS_SUPPORT_ENGINE_RUNNER_H_
