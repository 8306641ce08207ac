#include "agent/user/engine.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "agent/stats/process_health.h"
#include "agent/user/engine_thread.h"
#include "common/feed/feeds.h"
#include "common/plan/plan_files.h"
#include "common/plan/secrets.h"

namespace rampart::agent {
namespace {

// Waits until it was counted down `count` times.
class Latch {
 public:
  explicit Latch(size_t count) : count_(count) {}
  void CountDown() {
    // Signalled under the lock: the waiter may destroy the latch as soon as it is free.
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) done_.notify_all();
  }
  void Wait() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  size_t count_;
};

// SplitMix64 (Steele, Lea, Flood 2014): threads of one run draw apart from one seed.
uint64_t Mix(uint64_t value) {
  value += 0x9e3779b97f4a7c15;
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
  value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
  return value ^ (value >> 31);
}

}  // namespace

struct Engine::State {
  State(const v1::Prepare& prepare, size_t thread_count, TlsContext its_tls)
      : secrets(prepare.plan(), prepare.secrets()),
        catalog(prepare.plan()),
        tls(std::move(its_tls)),
        resolver(std::make_unique<Resolver>()),
        waiting(prepare.plan(), thread_count) {
    for (const v1::Scenario& scenario : prepare.plan().scenarios()) {
      scenario_names.push_back(scenario.name());
      loads.push_back(scenario.load());
    }
  }

  // Runs `call` on every thread, one after the other or at the same time, and waits for all.
  template <typename Call>
  void OnEach(Call call) {
    Latch latch(threads.size());
    for (size_t i = 0; i < threads.size(); ++i) {
      threads[i]->Post([&, i] {
        call(i, *threads[i]);
        latch.CountDown();
      });
    }
    latch.Wait();
  }

  const Secrets secrets;
  MetricCatalog catalog;
  TlsContext tls;
  RunClock clock;
  std::unique_ptr<Resolver> resolver;
  WaitingUsers waiting;
  std::vector<std::unique_ptr<EngineThread>> threads;

  std::vector<std::string> scenario_names;
  std::vector<v1::Load> loads;  // by scenario
  std::vector<Place> places;    // of the shares, in their order
  absl::StatusOr<std::vector<std::vector<Share>>> SharesOf(Place place) const;
  // By scenario, as `draining`.
  std::deque<std::atomic<uint64_t>> scenario_parts;

  // One share more, a part for each thread.
  void Give();
  void PartDrained();

  bool started = false;
  bool stopped = false;
  LoadEvents events;
  std::function<void(uint64_t shares)> drained;
  std::mutex mutex;
  std::condition_variable has_drained;
  size_t running = 0;  // parts whose load goes on; guarded by mutex
  // Shares that were given in the upper half, and in the lower one parts that have not said that
  // theirs has ended: one step decides which part is the last, and of how many shares.
  std::atomic<uint64_t> draining = 0;
  std::atomic<int64_t> lease_until_ns = kNever;
  std::string setup_json;

  // Of the flushes.
  DeltaWriter writer;
  std::vector<std::deque<Recorder::Key>> keys;  // of every thread's recorder
  std::vector<int64_t> cpu_ns;
  std::vector<int64_t> flushed_ns;
  ProcessHealth process;
  int64_t delta_from_ns = -1;
};

// By thread and scenario, of what is handed about: of loads that count iterations nothing.
absl::StatusOr<std::vector<std::vector<Share>>> Engine::State::SharesOf(Place place) const {
  place.threads = static_cast<int>(threads.size());
  std::vector<std::vector<Share>> shares(threads.size());
  for (size_t i = 0; i < shares.size(); ++i) {
    place.thread = static_cast<int>(i);
    for (const v1::Load& load : loads) {
      absl::StatusOr<Share> share = CountsIterations(load) ? Share() : ShareOf(load, place);
      if (!share.ok()) return share.status();
      shares[i].push_back(*std::move(share));
    }
  }
  return shares;
}

void Engine::State::Give() {
  const std::lock_guard lock(mutex);
  running += threads.size();
  const uint64_t parts = (uint64_t{1} << 32) + threads.size();
  for (std::atomic<uint64_t>& scenario : scenario_parts) scenario += parts;
  draining += parts;
}

void Engine::State::PartDrained() {
  const uint64_t before = draining.fetch_sub(1);
  // `running` says so only after it was told, as the owner may destroy the engine once that is 0.
  if (static_cast<uint32_t>(before) == 1) drained(before >> 32);
  const std::lock_guard lock(mutex);
  --running;
  has_drained.notify_all();
}

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}

absl::StatusOr<std::unique_ptr<Engine>> Engine::Make(const v1::Prepare& prepare,
                                                     const EngineOptions& options) {
  const v1::Plan& plan = prepare.plan();
  TlsOptions tls_options;
  tls_options.insecure = plan.http().insecure();
  tls_options.ca_pem = prepare.ca_pem();
  absl::StatusOr<TlsContext> tls = TlsContext::Make(tls_options);
  if (!tls.ok()) return tls.status();
  auto state =
      std::make_unique<State>(prepare, static_cast<size_t>(options.threads), *std::move(tls));
  const auto files = std::make_shared<const PlanFiles>(prepare.files());
  Faults faults;
  const auto feeds = std::make_shared<const Feeds>(plan, files, &faults);
  if (!faults.empty()) return absl::InvalidArgumentError(faults.all()[0].Format(plan.file()));
  absl::StatusOr<Place> place = PlaceOf(prepare.assignment(), options.threads);
  if (!place.ok()) return place.status();
  state->places.push_back(*place);
  for (int thread = 0; thread < options.threads; ++thread) {
    place->thread = thread;
    const uint64_t seed = Mix(Mix(prepare.seed() + static_cast<uint64_t>(place->agent)) +
                              static_cast<uint64_t>(thread));
    state->threads.push_back(std::make_unique<EngineThread>(
        state->catalog, *state->resolver, state->tls, state->clock, seed, kCancelNs,
        SourceAddresses(options.sources), options.targets, state->secrets));
    absl::Status status = state->threads.back()->Prepare(plan, prepare.secrets(), files, feeds,
                                                         *place, state->waiting);
    if (!status.ok()) return status;
  }
  state->keys.resize(state->threads.size());
  state->cpu_ns.resize(state->threads.size());
  state->flushed_ns.assign(state->threads.size(), MonotonicNow());
  for (const auto& thread : state->threads) thread->Begin(options.real_time);
  return std::unique_ptr<Engine>(new Engine(std::move(state)));
}

Engine::~Engine() {
  if (state_->started) {
    Stop(v1::ABORT);
    std::unique_lock lock(state_->mutex);
    state_->has_drained.wait(lock, [this] { return state_->running == 0; });
  }
  Latch latch(state_->threads.size());
  for (const auto& thread : state_->threads) {
    thread->Post([&latch, &thread] { thread->Close([&latch] { latch.CountDown(); }); });
  }
  latch.Wait();
  // It posts to the loops, so it ends before them.
  state_->resolver.reset();
}

absl::Status Engine::Concealed(const absl::Status& status) const {
  return {status.code(), state_->secrets.Conceal(std::string(status.message()))};
}

void Engine::RunSetup(std::function<void(absl::StatusOr<std::string>)> done) {
  EngineThread& thread = *state_->threads[0];
  thread.Post([this, &thread, done = std::move(done)]() mutable {
    thread.RunSetup([this, done = std::move(done)](absl::StatusOr<std::string> data) {
      if (!data.ok()) return done(Concealed(data.status()));
      done(std::move(data));
    });
  });
}

absl::Status Engine::Arm(const std::string& setup_json) {
  std::vector<absl::Status> results(state_->threads.size());
  state_->OnEach([&](size_t i, EngineThread& thread) { results[i] = thread.Arm(setup_json); });
  for (absl::Status& result : results) {
    if (!result.ok()) return std::move(result);
  }
  return absl::OkStatus();
}

void Engine::Start(int64_t start_ns, std::function<void(uint64_t shares)> drained,
                   LoadEvents events) {
  state_->clock.Begin(start_ns);
  state_->started = true;
  state_->drained = std::move(drained);
  state_->events = std::move(events);
  state_->waiting.OnChange(state_->events.waiting_changed);
  for (size_t i = 0; i < state_->scenario_names.size(); ++i) {
    state_->scenario_parts.emplace_back(0);
  }
  state_->Give();
  const auto scenario_ended = [this](size_t scenario) {
    const uint64_t before = state_->scenario_parts[scenario].fetch_sub(1);
    if (static_cast<uint32_t>(before) == 1) {
      state_->events.scenario_ended(state_->scenario_names[scenario], before >> 32);
    }
  };
  for (const auto& thread : state_->threads) {
    thread->Post([this, &thread, start_ns, scenario_ended] {
      thread->KeepLease(state_->lease_until_ns, state_->events.lease_over);
      thread->Start(start_ns, scenario_ended, [this] { state_->PartDrained(); });
    });
  }
}

absl::Status Engine::Take(const v1::TakeShare& take) {
  if (!state_->started || state_->stopped) return absl::OkStatus();
  absl::StatusOr<Place> place = PlaceOf(take.assignment());
  if (!place.ok()) return place.status();
  absl::StatusOr<std::vector<std::vector<Share>>> shares = state_->SharesOf(*place);
  if (!shares.ok()) return shares.status();
  state_->places.push_back(*std::move(place));
  state_->Give();
  const Entry entry{take.agent_ns(), take.spread_ns()};
  for (size_t i = 0; i < shares->size(); ++i) {
    EngineThread& thread = *state_->threads[i];
    thread.Post([&thread, entry, own = std::move((*shares)[i])] { thread.Take(own, entry); });
  }
  return absl::OkStatus();
}

absl::Status Engine::Give(const v1::Hand& keep, std::function<void()> given) {
  const absl::StatusOr<Hand> hand = HandOf(keep);
  if (!hand.ok()) return hand.status();
  // By thread, share and scenario.
  std::vector<std::vector<std::vector<Share>>> kept(state_->threads.size());
  std::vector<Place> places = state_->places;
  for (Place& place : places) {
    place.again.push_back(*hand);
    absl::StatusOr<std::vector<std::vector<Share>>> shares = state_->SharesOf(place);
    if (!shares.ok()) return shares.status();
    for (size_t i = 0; i < kept.size(); ++i) kept[i].push_back(std::move((*shares)[i]));
  }
  state_->places = std::move(places);
  const auto left = std::make_shared<std::atomic<size_t>>(kept.size());
  const auto one = [left, given = std::move(given)] {
    if (left->fetch_sub(1) == 1) given();
  };
  for (size_t i = 0; i < kept.size(); ++i) {
    EngineThread& thread = *state_->threads[i];
    thread.Post(
        [&thread, one, own = std::move(kept[i])]() mutable { thread.Give(std::move(own), one); });
  }
  return absl::OkStatus();
}

void Engine::Change(const v1::ChangeLoad& change) {
  LoadChange told;
  told.at_ns = change.agent_ns();
  if (change.has_resume()) {
    told.kind = LoadChange::Kind::kResume;
  } else if (change.has_scenario()) {
    told.kind = LoadChange::Kind::kLoad;
    const auto& names = state_->scenario_names;
    const auto found = std::ranges::find(names, change.scenario().scenario());
    if (found == names.end()) return;
    told.scenario = static_cast<size_t>(found - names.begin());
    told.load = change.scenario().load();
    state_->loads[told.scenario] = told.load;
  } else if (!change.has_pause()) {
    return;
  }
  for (const auto& thread : state_->threads) {
    thread->Post([&thread, told] { thread->Change(told); });
  }
}

void Engine::Park() {
  for (const auto& thread : state_->threads) thread->Post([&thread] { thread->Park(); });
}

void Engine::SetLease(int64_t until_ns) { state_->lease_until_ns = until_ns; }

void Engine::StartScenario(const v1::StartScenario& start) {
  for (size_t i = 0; i < state_->scenario_names.size(); ++i) {
    if (state_->scenario_names[i] != start.scenario()) continue;
    for (const auto& thread : state_->threads) {
      thread->Post([&thread, i, at_ns = start.agent_ns()] { thread->StartScenario(i, at_ns); });
    }
  }
}

void Engine::OpenRendezvous(const v1::OpenRendezvous& open) {
  const std::optional<size_t> found = state_->waiting.Open(open.rendezvous(), open.opening());
  if (!found) return;
  for (const auto& thread : state_->threads) {
    thread->Post([&thread, rendezvous = *found, opening = open.opening(), at_ns = open.agent_ns()] {
      thread->OpenRendezvous(rendezvous, opening, at_ns);
    });
  }
}

std::vector<v1::Waiting> Engine::Waiting() const { return state_->waiting.Now(); }

void Engine::Stop(v1::StopKind kind) {
  state_->stopped = true;
  for (const auto& thread : state_->threads) {
    thread->Post([&thread, kind] { thread->Stop(kind); });
  }
}

void Engine::RunTeardown(std::function<void(absl::Status)> done) {
  EngineThread& thread = *state_->threads[0];
  thread.Post([this, &thread, done = std::move(done)]() mutable {
    thread.RunTeardown(
        [this, done = std::move(done)](const absl::Status& status) { done(Concealed(status)); });
  });
}

v1::Delta Engine::TakeDelta() {
  State& state = *state_;
  std::vector<ThreadFlush> flushes(state.threads.size());
  state.OnEach([&](size_t i, EngineThread& thread) { flushes[i] = thread.Flush(); });

  v1::AgentHealth health = state.process.Take();
  ThreadHealth all;
  double busiest = 0;
  for (size_t i = 0; i < flushes.size(); ++i) {
    ThreadFlush& flush = flushes[i];
    for (Recorder::Key& key : flush.new_keys) state.keys[i].push_back(std::move(key));
    if (flush.bank != nullptr) {
      state.writer.Drain(static_cast<int>(i), state.keys[i], flush.bank);
      EngineThread& thread = *state.threads[i];
      thread.Post([&thread, bank = flush.bank] { thread.Return(bank); });
    }
    const int64_t wall_ns = flush.at_ns - state.flushed_ns[i];
    if (wall_ns > 0) {
      busiest = std::max(busiest, static_cast<double>(flush.cpu_ns - state.cpu_ns[i]) /
                                      static_cast<double>(wall_ns));
    }
    state.cpu_ns[i] = flush.cpu_ns;
    state.flushed_ns[i] = flush.at_ns;
    all.late_starts += flush.health.late_starts;
    all.late_max_ns = std::max(all.late_max_ns, flush.health.late_max_ns);
    all.loop_lag_ms.Merge(flush.health.loop_lag_ms);
  }
  health.set_busiest_thread_cpu(busiest);
  health.set_loop_lag_p99_ms(all.loop_lag_ms.Percentile(99));
  health.set_loop_lag_max_ms(all.loop_lag_ms.Max());
  health.set_late_starts(all.late_starts);
  health.set_late_start_max_ms(static_cast<double>(all.late_max_ns) / 1e6);
  const int64_t now_ns = state.clock.Now();
  // Before the start is known the clock says -1, which is after what it says then.
  const int64_t from_ns = std::min(std::exchange(state.delta_from_ns, now_ns), now_ns);
  return state.writer.Take(from_ns, now_ns, health);
}

}  // namespace rampart::agent
