#include "agent/user/walk/walker.h"

#include <algorithm>
#include <utility>

#include "common/load/nanoseconds.h"

namespace rampart::agent {
namespace {

// Loops of steps that never wait let others go first this often.
constexpr int64_t kYieldEvery = 256;

bool Sends(const Step& step) {
  return std::holds_alternative<std::unique_ptr<HttpStep>>(step.kind) ||
         std::holds_alternative<std::unique_ptr<WebsocketStep>>(step.kind) ||
         std::holds_alternative<std::unique_ptr<SubscribeStep>>(step.kind) ||
         std::holds_alternative<std::unique_ptr<SseStep>>(step.kind) ||
         std::holds_alternative<std::unique_ptr<SocketioStep>>(step.kind) ||
         std::holds_alternative<std::unique_ptr<EmitStep>>(step.kind) ||
         std::holds_alternative<SendStep>(step.kind);
}

template <typename... Calls>
struct Overloaded : Calls... {
  using Calls::operator()...;
};

}  // namespace

Task<Flow> Walker::Run(const Steps& steps) {
  for (const Step& step : steps) {
    if (user_.soft.requested() && !unstoppable_) co_return Flow::kInterrupted;
    Started started = Start(step);
    Flow flow = Flow::kNext;
    if (const Flow* ended = std::get_if<Flow>(&started)) {
      flow = *ended;
    } else {
      flow = co_await std::get<Task<Flow>>(std::move(started));
    }
    if (flow != Flow::kNext) co_return flow;
  }
  co_return Flow::kNext;
}

Task<Flow> Walker::StartAfterPause(const Step& step) {
  co_await context_.pause.Hold(user_.soft);
  if (user_.soft.requested()) co_return Flow::kInterrupted;
  Started started = Start(step);
  if (const Flow* ended = std::get_if<Flow>(&started)) co_return *ended;
  co_return co_await std::get<Task<Flow>>(std::move(started));
}

// Apart from Run, whose frame is there as long as the user: this one has none.
Walker::Started Walker::Start(const Step& step) {
  if (context_.pause.on() && !unstoppable_ && Sends(step)) return StartAfterPause(step);
  return std::visit(
      Overloaded{
          [&](const std::unique_ptr<HttpStep>& http) -> Started { return Http(*http, step); },
          [&](const std::unique_ptr<WebsocketStep>& ws) -> Started {
            return RunWebsocket(*ws, step);
          },
          [&](const std::unique_ptr<SubscribeStep>& subscribe) -> Started {
            return RunSubscribe(*subscribe, step);
          },
          [&](const std::unique_ptr<SseStep>& sse) -> Started { return RunSse(*sse, step); },
          [&](const std::unique_ptr<SocketioStep>& socketio) -> Started {
            return RunSocketio(*socketio, step);
          },
          [&](const std::unique_ptr<EmitStep>& emit) -> Started { return Emit(*emit, step); },
          [&](const SleepStep& sleep) -> Started { return Sleep(sleep); },
          [&](const SetStep& set) -> Started { return Set(set, step); },
          [&](const WhenStep& when) -> Started { return When(when, step); },
          [&](const RepeatStep& repeat) -> Started { return Repeat(repeat, step); },
          [&](const ForEachStep& each) -> Started { return ForEach(each, step); },
          [&](const ChooseStep& choose) -> Started { return Choose(choose); },
          [&](const GroupStep& group) -> Started { return Group(group, step); },
          [&](const CheckStep& check) -> Started {
            See();
            lenient_ = false;
            Checks(check.checks, step.label);
            return Flow::kNext;
          },
          [&](const Recordings& record) -> Started {
            See();
            lenient_ = false;
            return Record(record, step.label);
          },
          [&](const SendStep& send) -> Started { return Send(send, step); },
          [&](const CloseStep& close) -> Started { return BeginClose(close, step); },
          [&](const FailStep& fail) -> Started { return Fail(fail, step); },
          [&](const TakeStep& take) -> Started { return Take(take, step); },
          [&](const RendezvousStep& rendezvous) -> Started { return Meet(rendezvous, step); },
          [&](const ScriptStep& script) -> Started { return RunScript(script, step); },
      },
      step.kind);
}

Task<Flow> Walker::Sleep(const SleepStep& step) {
  const int64_t now_ns = MonotonicNow();
  Begun(now_ns);
  const int64_t until_ns = now_ns + Draw(step.duration);
  if (socketio_ != nullptr) co_return co_await SleepInSocketio(until_ns);
  const Wake wake = co_await context_.loop.SleepUntil(until_ns, &user_.soft);
  co_return wake == Wake::kInterrupted ? Flow::kInterrupted : Flow::kNext;
}

Flow Walker::Set(const SetStep& step, const Step& at) {
  See();
  return Keep(step.variables, &Script::Store, at.label);
}

Task<Flow> Walker::When(const WhenStep& step, const Step& at) {
  See();
  const absl::StatusOr<bool> truth = context_.script.Truth(step.condition, user_.environment);
  if (!truth.ok()) co_return ScriptError(truth.status(), at.label, at.at);
  if (!*truth) co_return Flow::kNext;
  co_return co_await Run(at.steps);
}

Task<Flow> Walker::Repeat(const RepeatStep& step, const Step& at) {
  See();
  const absl::StatusOr<double> times = context_.script.Number(step.times, user_.environment);
  if (!times.ok()) co_return ScriptError(times.status(), at.label, at.at);
  int64_t due_ns = MonotonicNow();  // of the pass that runs
  for (int64_t i = 1; static_cast<double>(i) <= *times; ++i) {
    if (!step.as.empty()) context_.script.SetNumber(user_.environment, step.as, i);
    const Flow flow = co_await Run(at.steps);
    if (flow != Flow::kNext) co_return flow;
    if (step.until) {
      See();
      const absl::StatusOr<bool> done = context_.script.Truth(*step.until, user_.environment);
      if (!done.ok()) co_return ScriptError(done.status(), at.label, at.at);
      if (*done) co_return Flow::kNext;
    }
    if (step.every && static_cast<double>(i + 1) <= *times) {
      // A pass that took longer begins the grid anew: what it delayed is not caught up with.
      const int64_t now_ns = MonotonicNow();
      Begun(now_ns);
      due_ns = std::max(due_ns + Draw(*step.every), now_ns);
      const Wake wake = co_await context_.loop.SleepUntil(due_ns, &user_.soft);
      if (wake == Wake::kInterrupted) co_return Flow::kInterrupted;
    }
    if (i % kYieldEvery == 0) co_await context_.loop.Yield();
  }
  co_return Flow::kNext;
}

Task<Flow> Walker::ForEach(const ForEachStep& step, const Step& at) {
  See();
  absl::Status status = context_.script.Store(step.in, user_.environment, step.list);
  Flow flow = Flow::kNext;
  for (int64_t i = 1; status.ok() && flow == Flow::kNext; ++i) {
    const absl::StatusOr<bool> there =
        context_.script.StoreElement(step.list, i, user_.environment, step.as);
    status = there.status();
    if (!status.ok() || !*there) break;
    flow = co_await Run(at.steps);
    if (i % kYieldEvery == 0) co_await context_.loop.Yield();
  }
  context_.script.Unset(user_.environment, step.list);
  if (!status.ok()) co_return ScriptError(status, at.label, at.at);
  co_return flow;
}

Task<Flow> Walker::Choose(const ChooseStep& step) {
  const double drawn = context_.script.Draw() * step.up_to.back();
  const auto chosen = std::upper_bound(step.up_to.begin(), step.up_to.end(), drawn);
  const size_t option = static_cast<size_t>(chosen - step.up_to.begin());
  co_return co_await Run(step.options[std::min(option, step.options.size() - 1)]);
}

Task<Flow> Walker::Group(const GroupStep& step, const Step& at) {
  const int64_t begin_ns = MonotonicNow();
  const Flow flow = co_await Run(at.steps);
  if (flow != Flow::kInterrupted) {
    context_.recorder.Trend(step.duration, Ms(MonotonicNow() - begin_ns));
  }
  co_return flow;
}

Flow Walker::Fail(const FailStep& step, const Step& at) {
  See();
  std::string message;
  const absl::Status status = context_.script.Render(step.message, user_.environment, &message);
  if (!status.ok()) return ScriptError(status, at.label, at.at);
  context_.recorder.Count(user_.scenario.series.step_errors);
  failure_ = absl::AbortedError(message);
  Error({ErrorKind::kPlan, std::move(message)}, at.label, at.at);
  return Flow::kEnd;
}

Flow Walker::RunScript(const ScriptStep& step, const Step& at) {
  See();
  const absl::Status status = context_.script.Run(step.program, user_.environment);
  return status.ok() ? Flow::kNext : ScriptError(status, at.label, at.at);
}

void Walker::CountLateness(int64_t begun_ns) {
  const int64_t due_ns = std::exchange(user_.due_ns, kNever);
  user_.lateness_ns = begun_ns - due_ns;
  // That no user was idle is no lateness of this program.
  context_.health.Started(begun_ns - std::max(due_ns, user_.turn_ns));
  context_.recorder.Trend(user_.scenario.series.lateness, Ms(user_.lateness_ns));
}

int64_t Walker::Draw(const DurationNs& range) {
  if (range.min == range.max) return range.min;
  return range.min +
         static_cast<int64_t>(context_.script.Draw() * static_cast<double>(range.max - range.min));
}

Flow Walker::ScriptError(const absl::Status& status, const std::string& step,
                         const v1::Position& at) {
  context_.recorder.Count(user_.scenario.series.step_errors);
  failure_ = status;
  Error({ErrorKind::kScript, std::string(status.message())}, step, at);
  return Flow::kEnd;
}

void Walker::Error(const Failure& failure, const std::string& step, const v1::Position& at) {
  context_.recorder.Error(ErrorKindName(failure.kind), failure.detail, step, at,
                          context_.clock.Now());
}

void Walker::Checks(const std::vector<CheckCode>& checks, const std::string& step) {
  for (const CheckCode& check : checks) {
    const absl::StatusOr<bool> holds = context_.script.Truth(check.code, user_.environment);
    // A check that cannot be evaluated does not hold; only where the exchange was fine is that a
    // fault of the plan.
    if (!holds.ok() && !lenient_) ScriptError(holds.status(), step, check.at);
    context_.recorder.Rate(check.series, holds.ok() && *holds);
  }
}

Flow Walker::Judge(const std::vector<CheckCode>& checks, const Recordings& recordings,
                   const std::string& step, bool failed) {
  See();
  lenient_ = failed;
  Checks(checks, step);
  return Record(recordings, step);
}

Flow Walker::Record(const Recordings& recordings, const std::string& step) {
  if (recordings.all.empty()) return Flow::kNext;
  Tags tags;
  const bool rendered = !recordings.tags.rendered.empty();
  if (rendered) {
    const absl::Status status = RenderTags(recordings.tags, &tags);
    if (!status.ok()) {
      return lenient_ ? Flow::kNext : ScriptError(status, step, recordings.all[0].at);
    }
  }
  const int64_t now_ns = context_.clock.Now();
  for (const Recordings::One& one : recordings.all) {
    const absl::StatusOr<std::optional<double>> sample =
        context_.script.Sample(one.code, user_.environment);
    if (!sample.ok()) {
      if (lenient_) continue;
      return ScriptError(sample.status(), step, one.at);
    }
    if (!sample->has_value()) continue;  // nil: nothing to record
    const SeriesId series = rendered ? context_.recorder.Find(one.metric, tags) : one.series;
    if (!context_.recorder.Record(series, **sample, now_ns)) {
      return ScriptError(
          absl::InvalidArgumentError("`" + one.metric + "` was given a number that is not finite"),
          step, one.at);
    }
  }
  return Flow::kNext;
}

Flow Walker::Keep(const std::vector<NamedCode>& variables, decltype(&Script::Store) store,
                  const std::string& step) {
  for (const NamedCode& one : variables) {
    const absl::Status status = (context_.script.*store)(one.code, user_.environment, one.name);
    if (!status.ok()) return ScriptError(status, step, one.at);
  }
  return Flow::kNext;
}

absl::Status Walker::RenderUrl(const UrlText& url, std::string* out) {
  const absl::Status status = context_.script.Render(url.text, user_.environment, out);
  url.Complete(out);
  return status;
}

absl::Status Walker::RenderTags(const SampleTags& tags, Tags* all) {
  *all = tags.fixed;
  for (const auto& [key, text] : tags.rendered) {
    std::string value;
    const absl::Status status = context_.script.Render(text, user_.environment, &value);
    if (!status.ok()) return status;
    SetTag(key, value, all);
  }
  return absl::OkStatus();
}

void Walker::KeepCookies(const HttpResponse& response, const Url& url) {
  if (!response.sets_cookies) return;
  user_.Http().cookies().SetAll(response.head, url.host, url.target);
}

}  // namespace rampart::agent
