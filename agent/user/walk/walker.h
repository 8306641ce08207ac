// Walker: takes one user through the steps of its scenario.
#ifndef RAMPART_AGENT_USER_WALK_WALKER_H_
#define RAMPART_AGENT_USER_WALK_WALKER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "agent/engine/task.h"
#include "agent/user/compiled/compiled_plan.h"
#include "agent/user/thread_context.h"
#include "agent/user/user.h"
#include "agent/user/walk/socketio_session.h"
#include "agent/user/walk/websocket_session.h"

namespace rampart::agent {

class EventStream;
struct GraphqlAnswer;

// How a step leaves its iteration.
enum class Flow : uint8_t {
  kNext,
  kEnd,  // a `fail` step, an expression that failed or a feed at its end: the iteration ends
  kInterrupted,  // the user was stopped
  kClose,        // a `close` step, or the WebSocket has ended
};

// Of one thread; the references must outlive it. Expressions that fail are errors of class
// `script`, counted in step_errors, and end the iteration, with one exception: after an exchange
// that failed, what cannot be checked, recorded or saved is no further error, and a check does not
// hold.
class Walker {
 public:
  Walker(ThreadContext& context, User& user) : context_(context), user_(user) {}

  Task<Flow> Run(const Steps& steps);

  // The user waits for something from now on, a request is ready to be sent, or the iteration has
  // ended without: how late the arrival was is known. Only the first call of an iteration counts.
  void Begun(int64_t now_ns) {
    if (user_.due_ns != kNever) CountLateness(now_ns);
  }

  // Why the last iteration ended with kEnd.
  std::string_view failure() const {
    return {failure_.message().data(), failure_.message().size()};
  }
  // That was for want of a row of a feed.
  bool out_of_rows() const { return out_of_rows_; }

 private:
  // How a step ended at once, or what it goes on with.
  using Started = std::variant<Flow, Task<Flow>>;

  Started Start(const Step& step);
  // A step that sends, and may not yet.
  Task<Flow> StartAfterPause(const Step& step);
  Flow Set(const SetStep& step, const Step& at);
  Task<Flow> Sleep(const SleepStep& step);
  Task<Flow> When(const WhenStep& step, const Step& at);
  Task<Flow> Repeat(const RepeatStep& step, const Step& at);
  Task<Flow> ForEach(const ForEachStep& step, const Step& at);
  Task<Flow> Choose(const ChooseStep& step);
  Task<Flow> Group(const GroupStep& step, const Step& at);
  Flow Fail(const FailStep& step, const Step& at);
  Flow RunScript(const ScriptStep& step, const Step& at);

  // walker_take.cc
  Flow Take(const TakeStep& step, const Step& at);
  Flow OutOfRows(const TakeStep& step, const Step& at);

  // walker_http.cc
  Task<Flow> Http(const HttpStep& step, const Step& at);
  // A failure where the request cannot be sent as written.
  Flow RenderRequest(const HttpStep& step, const Step& at, ExchangeBuffers& buffers,
                     std::optional<Failure>* failed);
  void CountExchange(const HttpStep& step, std::string_view method, const HttpTimes& times,
                     int status, const std::optional<Failure>& failed, bool ok);
  const HttpSeries& SeriesOf(const HttpStep& step, std::string_view method, int status,
                             const std::optional<Failure>& failed);
  Flow AfterExchange(const HttpStep& step, const Step& at);

  // walker_session.cc: what all steps over a WebSocket share; see websocket_session.h.
  Task<Flow> OpenWebsocket(WebsocketSession& session);
  Task<Flow> CloseWebsocket(WebsocketSession& session, Flow flow);
  void StartTimes(WebsocketSession& session);
  Task<Flow> RunDue(WebsocketSession& session);
  // After every Next of the session: what its end of a pause is for.
  void Unpark(WebsocketSession& session);
  // What Next's kInterrupted means: the end of a pause ends its wait, too.
  Flow Interrupted() const { return user_.soft.requested() ? Flow::kInterrupted : Flow::kNext; }
  // After kClosed and kFailed.
  Flow SessionEnded(WebsocketSession& session, Websocket::Event event);
  void CountMessages(WebsocketSession& session);
  // An error of the connection, counted once: the first says why.
  void FailSession(WebsocketSession& session, const Failure& failure);
  Flow BeginClose(const CloseStep& step, const Step& at);

  // walker_multipart.cc
  absl::Status RenderParts(const std::vector<PartContent>& parts, ExchangeBuffers& buffers,
                           std::optional<Failure>* failed);

  // walker_graphql.cc
  // Why an answer over HTTP is none of GraphQL, or has errors.
  static std::optional<Failure> JudgeGraphql(const HttpResponse& response, bool expected_status);
  void CountGraphql(const GraphqlMark& mark, bool failed);

  // walker_subscribe.cc
  Task<Flow> RunSubscribe(const SubscribeStep& step, const Step& at);
  Task<Flow> InitGraphql(const SubscribeStep& step, WebsocketSession& session);
  Task<Flow> TakeResults(const SubscribeStep& step, WebsocketSession& session);
  Task<Flow> TakeResult(const SubscribeStep& step, WebsocketSession& session,
                        const GraphqlAnswer& answer);
  Flow SendGraphql(const ValueTemplate& message, WebsocketSession& session);
  Flow SayGraphql(std::string_view text, WebsocketSession& session);
  // The server broke the protocol.
  Flow RefuseGraphql(WebsocketSession& session, const std::string& why);
  Flow GraphqlEnded(WebsocketSession& session, Websocket::Event event);

  // walker_sse.cc
  Task<Flow> RunSse(const SseStep& step, const Step& at);
  Task<Flow> TakeEvents(const SseStep& step, const Step& at, const SseSeries& series,
                        EventStream& stream);

  // walker_websocket.cc
  Task<Flow> RunWebsocket(const WebsocketStep& step, const Step& at);
  Task<Flow> Converse(const WebsocketStep& step, WebsocketSession& session);
  Task<Flow> TakeMessage(const WebsocketStep& step, const Websocket& websocket);
  Flow Send(const SendStep& step, const Step& at);

  // walker_rendezvous.cc
  Task<Flow> Meet(const RendezvousStep& step, const Step& at);

  // walker_socketio.cc
  Task<Flow> RunSocketio(const SocketioStep& step, const Step& at);
  Task<Flow> ConverseSocketio(const SocketioStep& step, SocketioSession& session);
  Task<Flow> HandleEvent(const SocketioStep& step, SocketioSession& session);
  Task<Flow> Emit(const EmitStep& step, const Step& at);
  Flow AfterEmit(const EmitStep& step, const Step& at);
  absl::Status RenderEvent(const EmitStep& step, std::string* event, std::string* args);
  // Reads on while a step inside waits: the server wants its pings answered.
  Task<Flow> SleepInSocketio(int64_t until_ns);
  Flow SocketioEnded(SocketioSession& session, SocketioConnection::Event event);
  void CountEvents(SocketioSession& session);
  void FailSocketio(SocketioSession& session, const Failure& failure);

  // What all steps use.
  void CountLateness(int64_t begun_ns);
  void See() { context_.names.Use(user_.scope); }
  int64_t Draw(const DurationNs& range);
  Flow ScriptError(const absl::Status& status, const std::string& step, const v1::Position& at);
  void Error(const Failure& failure, const std::string& step, const v1::Position& at);
  void Checks(const std::vector<CheckCode>& checks, const std::string& step);
  Flow Record(const Recordings& recordings, const std::string& step);
  // Both, after an exchange or where a connection was asked for.
  Flow Judge(const std::vector<CheckCode>& checks, const Recordings& recordings,
             const std::string& step, bool failed);
  // `store`: Script's Store or Append.
  Flow Keep(const std::vector<NamedCode>& variables, decltype(&Script::Store) store,
            const std::string& step);
  // Appends to `out`, which must be empty.
  absl::Status RenderUrl(const UrlText& url, std::string* out);
  // Rendered tags added to the fixed ones.
  absl::Status RenderTags(const SampleTags& tags, Tags* all);
  // What an answer of `url` gives the user.
  void KeepCookies(const HttpResponse& response, const Url& url);

  ThreadContext& context_;
  User& user_;
  absl::Status failure_;
  bool out_of_rows_ = false;  // of a feed
  bool lenient_ = false;      // after a failed exchange
  bool unstoppable_ = false;  // steps run although the user was stopped: they wait for nothing
  WebsocketSession* session_ = nullptr;  // while a WebSocket is open
  SocketioSession* socketio_ = nullptr;  // while a namespace is connected on it
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_USER_WALK_WALKER_H_
