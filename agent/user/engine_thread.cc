#include "agent/user/engine_thread.h"

#include <utility>

#include "agent/engine/real_time.h"
#include "agent/user/walk/walker.h"
#include "common/load/load_change.h"
#include "common/plan/secret_uses.h"

namespace rampart::agent {
namespace {

// The loop's lag is how late this sleep ends.
constexpr int64_t kProbeNs = 10'000'000;

}  // namespace

EngineThread::EngineThread(const MetricCatalog& catalog, Resolver& resolver, const TlsContext& tls,
                           const RunClock& clock, uint64_t seed, int64_t cancel_ns,
                           SourceAddresses sources, TargetPolicy targets, const Secrets& secrets)
    : connector_(loop_, resolver, tls, std::move(sources), std::move(targets)),
      script_(seed),
      names_(script_.lua()),
      recorder_(catalog, secrets),
      pause_(loop_),
      context_{loop_, connector_, script_, names_, recorder_, clock, pause_},
      cuts_(loop_, cancel_ns) {
  script_.SetDynamicNames(&names_);
  context_.vus = recorder_.Find("vus", {});
  context_.vus_max = recorder_.Find("vus_max", {});
}

EngineThread::~EngineThread() {
  if (!thread_.joinable()) return;
  loop_.Stop();
  thread_.join();
}

absl::Status EngineThread::Prepare(const v1::Plan& plan,
                                   const google::protobuf::RepeatedPtrField<v1::Secret>& secrets,
                                   std::shared_ptr<const PlanFiles> files,
                                   std::shared_ptr<const Feeds> feeds, const Place& place,
                                   WaitingUsers& waiting) {
  std::vector<std::string> names;
  std::vector<std::string_view> values;
  for (const v1::Secret& secret : secrets) {
    names.push_back(secret.name());
    values.push_back(secret.value());
  }
  if (absl::Status status = script_.SetSharedTexts(kSecretTable, names, values); !status.ok()) {
    return status;
  }
  absl::StatusOr<CompiledPlan> compiled = Compile(plan, std::move(files), script_, recorder_);
  if (!compiled.ok()) return compiled.status();
  plan_ = *std::move(compiled);
  context_.keeps_response = plan_.keeps_response;
  context_.hashes = plan_.hashes;
  absl::StatusOr<std::unique_ptr<FeedCursors>> cursors =
      FeedCursors::Make(plan, std::move(feeds), place);
  if (!cursors.ok()) return cursors.status();
  feeds_ = *std::move(cursors);
  context_.feeds = feeds_.get();
  context_.measures_bodies = plan_.measures_bodies;
  for (const CompiledScenario& scenario : plan_.scenarios) {
    absl::StatusOr<Share> share = ShareOf(scenario.load, place);
    if (!share.ok()) return share.status();
    shares_.push_back(*std::move(share));
    loads_.push_back(scenario.load);
  }
  const auto thread = static_cast<size_t>(place.thread);
  for (size_t i = 0; i < RendezvousOf(plan).size(); ++i) {
    context_.meetings.push_back(
        std::make_unique<Meeting>(loop_, [&waiting, i, thread](uint64_t opening, int64_t users) {
          waiting.Set(i, thread, opening, users);
        }));
  }
  return absl::OkStatus();
}

void EngineThread::Begin(bool real_time) {
  thread_ = std::thread([this, real_time] {
    if (real_time) RunInRealTime().IgnoreError();  // it was tried before
    const auto ended = [this] {
      if (--beside_ == 0 && closed_ != nullptr) closed_();
    };
    beside_ = 3;
    Spawn(cuts_.Run(), ended);
    Spawn(ChangeLoad(), ended);
    Spawn(ProbeLag(), ended);
    loop_.Run();
  });
}

Task<> EngineThread::ProbeLag() {
  while (!closing_) {
    const int64_t due_ns = MonotonicNow() + kProbeNs;
    co_await loop_.SleepUntil(due_ns, &probe_);
    if (closing_) co_return;
    context_.health.loop_lag_ms.Record(static_cast<double>(MonotonicNow() - due_ns) / 1e6);
  }
}

absl::Status EngineThread::Arm(const std::string& setup_json) {
  if (setup_json.empty()) return absl::OkStatus();
  return script_.SetSharedJson("setup", setup_json);
}

void EngineThread::Start(int64_t start_ns, std::function<void(size_t scenario)> ended,
                         std::function<void()> drained) {
  ended_ = std::move(ended);
  drained_ = std::move(drained);
  for (const CompiledScenario& scenario : plan_.scenarios) {
    std::optional<int64_t>& known_ns = starts_ns_.emplace_back();
    if (scenario.start_after.empty()) known_ns = start_ns + scenario.start_ns;
  }
  Hold(shares_, std::nullopt);
}

void EngineThread::StartScenario(size_t scenario, int64_t start_ns) {
  if (scenario >= starts_ns_.size() || starts_ns_[scenario]) return;
  starts_ns_[scenario] = start_ns;
  for (Held& held : held_) held.runs[scenario]->Start(start_ns, held.entry);
}

void EngineThread::Take(const std::vector<Share>& shares, const Entry& entry) {
  Hold(shares, entry);
}

void EngineThread::Hold(const std::vector<Share>& shares, std::optional<Entry> entry) {
  Held& held = held_.emplace_back();
  held.entry = entry;
  held.running = plan_.scenarios.size();
  for (size_t i = 0; i < plan_.scenarios.size(); ++i) {
    held.runs.push_back(std::make_unique<ScenarioRun>(context_, cuts_, plan_.scenarios[i],
                                                      loads_[i], shares[i], [this, &held, i] {
                                                        ended_(i);
                                                        if (--held.running == 0) drained_();
                                                      }));
  }
  // Only now: a scenario may end at once.
  for (size_t i = 0; i < plan_.scenarios.size(); ++i) {
    if (starts_ns_[i]) held.runs[i]->Start(*starts_ns_[i], entry);
  }
}

void EngineThread::Give(std::vector<std::vector<Share>> keep, std::function<void()> given) {
  // One more than there are runs, so that it is not over before all were asked.
  const auto left = std::make_shared<size_t>(1);
  const auto one = [left, given = std::move(given)] {
    if (--*left == 0) given();
  };
  for (size_t i = 0; i < held_.size() && i < keep.size(); ++i) {
    for (size_t scenario = 0; scenario < keep[i].size(); ++scenario) {
      ++*left;
      held_[i].runs[scenario]->Give(std::move(keep[i][scenario]), one);
    }
  }
  one();
}

void EngineThread::Change(LoadChange change) {
  changes_.push_back(std::move(change));
  changed_.EndWait();
}

Task<> EngineThread::ChangeLoad() {
  while (!closing_) {
    const int64_t next_ns = changes_.empty() ? kNever : changes_.front().at_ns;
    if (next_ns > MonotonicNow()) co_await loop_.SleepUntil(next_ns, &changed_);
    while (!changes_.empty() && changes_.front().at_ns <= MonotonicNow()) {
      LoadChange change = std::move(changes_.front());
      changes_.pop_front();
      Apply(change);
    }
  }
}

void EngineThread::Apply(LoadChange& change) {
  switch (change.kind) {
    case LoadChange::Kind::kPause:
      return pause_.Begin(change.at_ns);
    case LoadChange::Kind::kResume:
      return EndPause(change.at_ns);
    case LoadChange::Kind::kLoad:
      loads_[change.scenario] = std::move(change.load);
      for (Held& held : held_) held.runs[change.scenario]->LoadChanged();
      return;
  }
}

void EngineThread::EndPause(int64_t at_ns) {
  if (!pause_.on()) return;
  const int64_t since_ns = pause_.since_ns();
  const int64_t length_ns = pause_.End(at_ns);
  for (std::optional<int64_t>& start_ns : starts_ns_) {
    if (start_ns) *start_ns += length_ns;
  }
  for (Held& held : held_) {
    for (const auto& run : held.runs) run->Shift(since_ns, since_ns + length_ns);
    if (held.entry) {
      held.entry->at_ns = AfterPause(held.entry->at_ns, since_ns, since_ns + length_ns);
    }
  }
}

void EngineThread::EndRuns(v1::StopKind kind) {
  for (Held& held : held_) {
    for (const auto& run : held.runs) run->Stop(kind);
  }
}

void EngineThread::Stop(v1::StopKind kind) {
  // Who is held has its grace to end.
  changes_.clear();
  EndPause(MonotonicNow());
  EndRuns(kind);
  if (aside_ != nullptr && kind == v1::ABORT) cuts_.Now(aside_);
}

Task<> EngineThread::Aside(const CompiledScenario& scenario, std::shared_ptr<User> user,
                           absl::Status* result) {
  Walker walker(context_, *user);
  switch (co_await walker.Run(scenario.steps)) {
    case Flow::kEnd:
      *result =
          absl::AbortedError(scenario.name + " ended early: " + std::string(walker.failure()));
      break;
    case Flow::kInterrupted:
      *result = absl::CancelledError(scenario.name + " was interrupted");
      break;
    default:
      break;
  }
}

void EngineThread::RunSetup(std::function<void(absl::StatusOr<std::string>)> done) {
  auto user = std::make_shared<User>(context_, plan_.setup, 0);
  auto result = std::make_shared<absl::Status>();
  aside_ = user;
  Spawn(Aside(plan_.setup, user, result.get()), [this, user, result, done = std::move(done)] {
    aside_.reset();
    if (!result->ok()) return done(*result);
    done(script_.ToJson(user->environment));
  });
}

void EngineThread::RunTeardown(std::function<void(absl::Status)> done) {
  auto user = std::make_shared<User>(context_, plan_.teardown, 0);
  auto result = std::make_shared<absl::Status>();
  aside_ = user;
  Spawn(Aside(plan_.teardown, user, result.get()), [this, user, result, done = std::move(done)] {
    aside_.reset();
    done(*result);
  });
}

ThreadFlush EngineThread::Flush() {
  ThreadFlush flush;
  flush.bank = recorder_.Swap();
  flush.cpu_ns = Loop::ThreadCpuNow();
  flush.at_ns = MonotonicNow();
  flush.health = std::exchange(context_.health, {});
  for (; keys_flushed_ < recorder_.keys().size(); ++keys_flushed_) {
    flush.new_keys.push_back(recorder_.keys()[keys_flushed_]);
  }
  return flush;
}

void EngineThread::Close(std::function<void()> ended) {
  closed_ = std::move(ended);
  closing_ = true;
  cuts_.Stop();
  changed_.Request();
  probe_.Request();
}

}  // namespace rampart::agent
