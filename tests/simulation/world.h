// World: one controller's Fleet and its agents' Links, the real cores, on a virtual network with a
// virtual clock. Everything follows from the seed.
#ifndef RAMPART_TESTS_SIMULATION_WORLD_H_
#define RAMPART_TESTS_SIMULATION_WORLD_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <queue>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "agent/link/link.h"
#include "common/load/stripe.h"
#include "controller/fleet/fleet.h"
#include "tests/simulation/crowd.h"
#include "tests/simulation/disk.h"
#include "tests/simulation/trouble.h"
#include "tests/simulation/users.h"

namespace rampart::simulation {

class World {
 public:
  using Agent = AgentState;

  World(uint64_t seed, int agents, v1::Plan plan, const Trouble& trouble)
      : random_(seed), trouble_(trouble) {
    controller::FleetOptions options;
    options.agents = agents;
    options.plan = std::move(plan);
    options.epoch = seed + 1;
    options.loss_policy = trouble.policy;
    users_ = std::make_unique<Users>(options.plan.scenarios(0).load());
    if (seed % 3 == 0) options.unanswered_bytes = 1;  // agents are asked one by one
    fleet_options_ = options;
    fleet_ = std::make_unique<controller::Fleet>(options);
    if (trouble.kills > 0) disk_ = std::make_unique<Disk>();
    kept_.resize(static_cast<size_t>(agents) + 1);
    kept_sequence_.resize(static_cast<size_t>(agents) + 1);
    load_ns_ = controller::DemandOf(options.plan)->length_ns;
    gathering_.agents = agents;
    const v1::Scenario& first = options.plan.scenarios(0);
    if (first.steps_size() > 0 && first.steps(0).has_rendezvous()) {
      gathering_.users = static_cast<int>(first.load().constant_users().users());
    }
    gathering_.patience_ns = trouble.patience_ns;
    agents_.reserve(static_cast<size_t>(agents) + 1);  // they are pointed to
    for (int i = 0; i < agents; ++i) AddAgent();
  }

  // Until the controller is done and every process has ended; false when that takes too long.
  bool Run(int64_t limit_ns) {
    TickController();
    for (size_t i = 0; i < agents_.size(); ++i) {
      At(Between(0, 3 * kSecond), [this, i] { TickAgent(i); });
    }
    Plague();
    if (look_ns_ > 0) {
      At(look_ns_, [this] {
        loading_then_ = users_->loading();
        last_loads_then_ = users_->loading_on(agents_.size() - 1);
      });
    }
    while (!queue_.empty() && !Over()) {
      const Scheduled next = queue_.top();
      queue_.pop();
      if (next.at_ns > limit_ns) return false;
      now_ns_ = next.at_ns;
      next.what();
    }
    return Over();
  }

  bool Over() const {
    return done_ && std::ranges::none_of(agents_, [](const Agent& a) { return a.alive; });
  }

  // What happened, for invariants.
  std::vector<Agent> agents_;
  std::vector<uint64_t> kept_;  // what was measured, by index in the run
  std::vector<uint64_t> kept_sequence_;
  std::map<std::string, int> index_;  // in the run, by name
  std::vector<std::string> failures_;
  std::vector<std::string> broken_;  // invariants
  int lost_ = 0;
  int teardown_failures_ = 0;
  int restarts_ = 0;
  bool ran_ = false;
  bool done_ = false;
  int64_t done_ns_ = 0;
  controller::Started started_;
  Gathering gathering_;
  std::unique_ptr<Users> users_;
  int returned_ = 0;
  std::set<int> lost_agents_;  // and not returned

  // Looked at when all must be at work again after what went wrong.
  int64_t look_ns_ = 0;
  int64_t loading_then_ = -1;
  int64_t last_loads_then_ = -1;  // the agent that came last

  // All that the controller was told, and when.
  bool keep_tape_ = false;
  std::vector<std::pair<int64_t, controller::FleetEvent>> tape_;
  const controller::FleetOptions& fleet_options() const { return fleet_options_; }

 private:
  struct Scheduled {
    int64_t at_ns;
    uint64_t order;
    std::function<void()> what;
    bool operator<(const Scheduled& other) const {
      return std::tie(at_ns, order) > std::tie(other.at_ns, other.order);
    }
  };
  struct Connection {
    size_t agent;
    bool up_open = true;                       // as the controller sees it
    bool down_open = true;                     // as the agent sees it
    bool cut = false;                          // nothing passes any more
    int64_t up_ns, down_ns;                    // delays
    int64_t up_last_ns = 0, down_last_ns = 0;  // when the last message arrives
  };

  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(random_() % static_cast<uint64_t>(high - low + 1));
  }
  bool Chance(double share) { return static_cast<double>(random_() >> 11) * 0x1p-53 < share; }
  void At(int64_t at_ns, std::function<void()> what) {
    queue_.push({at_ns, order_++, std::move(what)});
  }
  void After(int64_t ns, std::function<void()> what) { At(now_ns_ + ns, std::move(what)); }
  void AddAgent() {
    Agent& agent = agents_.emplace_back();
    agent.name = "agent-" + std::to_string(agents_.size());
    agent.clock_offset_ns = Between(-1000 * kSecond, 1000 * kSecond);
    v1::Hello hello;
    hello.set_name(agent.name);
    hello.set_incarnation(random_());
    hello.set_capacity(static_cast<uint64_t>(Between(50, 500)));
    agent.link = std::make_unique<agent::Link>(
        agent::LinkOptions{.hello = hello, .controller = "controller"});
  }
  // What a person asks for; what may not be is refused.
  void ChangeLoad() {
    if (fleet_ == nullptr) return;
    controller::LoadChangeAsked asked;
    asked.change.set_agent_ns(fleet_->NextChangeNs(now_ns_));
    if (fleet_->paused()) {
      asked.change.mutable_resume();
    } else {
      asked.change.mutable_pause();
    }
    if (fleet_->MayChange(asked.change).ok()) Tell(asked);
  }
  Agent& AnyAgent() { return agents_[random_() % agents_.size()]; }

  void Plague() {
    for (int i = 0; i < trouble_.cuts; ++i) {
      At(Between(0, 20 * kSecond), [this] {
        const Agent& agent = AnyAgent();
        if (agent.connection != 0) Cut(agent.connection);
      });
    }
    if (trouble_.death_ns > 0) At(trouble_.death_ns, [this] { Kill(AnyAgent()); });
    if (trouble_.isolation_ns > 0) {
      At(trouble_.isolation_ns, [this] {
        Agent& agent = AnyAgent();
        agent.isolated = true;
        if (agent.connection != 0) Cut(agent.connection);
        if (trouble_.healing_ns > 0) {
          At(trouble_.healing_ns, [&agent] { agent.isolated = false; });
        }
      });
    }
    if (trouble_.join_ns > 0) {
      At(trouble_.join_ns, [this] {
        if (done_) return;
        AddAgent();
        TickAgent(agents_.size() - 1);
      });
    }
    for (int i = 0; i < trouble_.changes; ++i) {
      At(Between(5 * kSecond, 40 * kSecond), [this] { ChangeLoad(); });
    }
    if (trouble_.term_ns > 0) {
      At(trouble_.term_ns, [this] { Tell(random_() % agents_.size(), agent::SignalTerm{}); });
    }
    for (int i = 0; i < trouble_.kills; ++i) {
      At(Between(0, 20 * kSecond), [this] { KillController(); });
    }
    if (trouble_.stop_ns > 0) {
      At(trouble_.stop_ns, [this] {
        Tell(controller::StopRequested{trouble_.stop, "somebody wants it"});
      });
    }
  }

  void TickController() {
    if (done_) return;
    Tell(controller::Tick{});
    After(200 * kMs, [this] { TickController(); });
  }

  void TickAgent(size_t i) {
    Agent& agent = agents_[i];
    if (!agent.alive) return;
    if (agent.running) agent.unmeasured += random_() % 100;
    Tell(i, agent::Tick{});
    if (agent.alive && agent.loading && now_ns_ - agent.answered_ns > 12'200 * kMs) {
      broken_.push_back(agent.name + " loads the target past its lease");
    }
    After(200 * kMs, [this, i] { TickAgent(i); });
  }

  // ---- The network ----

  void Open(size_t i) {
    Agent& agent = agents_[i];
    const uint64_t dial = ++agent.dial;
    // Not so often in a row that the lease runs out: that is another trouble.
    const bool refused = agent.refused_dials < kMaxRefusedDials && Chance(trouble_.failed_dials);
    agent.refused_dials = refused ? agent.refused_dials + 1 : 0;
    if (agent.isolated || refused || fleet_ == nullptr) {
      After(Between(kMs, kSecond), [this, i, dial] {
        if (agents_[i].dial == dial) Tell(i, agent::Disconnected{"refused"});
      });
      return;
    }
    const uint64_t id = connections_.size() + 1;
    Connection& made = connections_[id];
    made.agent = i;
    made.up_ns = Between(kMs / 10, 50 * kMs);
    made.down_ns = Between(kMs / 10, 50 * kMs);
    agent.connection = id;
    Up(id, controller::Connected{id, agent.name});
    Down(id, agent::Connected{});
  }

  // Towards the controller, and towards the agent: in order on one connection.
  void Up(uint64_t id, controller::FleetEvent event) {
    Connection& c = connections_[id];
    c.up_last_ns = std::max(c.up_last_ns, now_ns_ + c.up_ns + Between(0, 20 * kMs));
    const auto* received = std::get_if<controller::Received>(&event);
    const bool delta = received != nullptr && received->message->has_delta();
    if (delta && trouble_.dropped > 0 && Chance(trouble_.dropped)) return;
    const auto arrive = [this, id, event = std::move(event)] {
      const Connection& at = connections_[id];
      if (at.up_open && !at.cut) Tell(event);
    };
    At(c.up_last_ns, arrive);
    if (delta && trouble_.repeated > 0 && Chance(trouble_.repeated)) {
      At(c.up_last_ns + Between(0, 3 * kSecond), arrive);
    }
  }
  void Down(uint64_t id, agent::LinkEvent event) {
    Connection& c = connections_[id];
    c.down_last_ns = std::max(c.down_last_ns, now_ns_ + c.down_ns + Between(0, 20 * kMs));
    At(c.down_last_ns, [this, id, event = std::move(event)] {
      const Connection& at = connections_[id];
      if (!at.down_open || at.cut || agents_[at.agent].connection != id) return;
      if (const auto* received = std::get_if<agent::Received>(&event)) {
        NoteHeartbeat(agents_[at.agent], received->message);
      }
      Tell(at.agent, event);
    });
  }

  void NoteHeartbeat(Agent& agent, const v1::ControllerMessage& message) {
    // The Hello counts as one.
    if (message.has_welcome()) agent.answered_ns = agent.heartbeats[0];
    if (!message.has_heartbeat()) return;
    agent.answered_ns = agent.heartbeats[message.heartbeat().number()];
  }

  // What is on its way is lost; each end notices in its own time.
  void Cut(uint64_t id) {
    Connection& c = connections_[id];
    if (c.cut) return;
    c.cut = true;
    After(Between(0, trouble_.unnoticed_ns), [this, id] { EndUp(id); });
    After(Between(0, trouble_.unnoticed_ns), [this, id] { EndDown(id); });
  }
  void EndUp(uint64_t id) {
    Connection& c = connections_[id];
    if (!std::exchange(c.up_open, false)) return;
    Tell(controller::Disconnected{id, "cut"});
  }
  void EndDown(uint64_t id) {
    Connection& c = connections_[id];
    if (!std::exchange(c.down_open, false)) return;
    Agent& agent = agents_[c.agent];
    if (agent.connection != id) return;
    agent.connection = 0;
    Tell(c.agent, agent::Disconnected{"cut"});
  }
  // In order, after what was sent.
  void Close(uint64_t id, bool by_controller) {
    Connection& c = connections_[id];
    int64_t& last = by_controller ? c.down_last_ns : c.up_last_ns;
    last = std::max(last, now_ns_ + (by_controller ? c.down_ns : c.up_ns));
    At(last, [this, id, by_controller] {
      if (connections_[id].cut) return;
      by_controller ? EndDown(id) : EndUp(id);
    });
  }

  void Kill(Agent& agent) {
    if (!agent.alive) return;
    Ended(agent);
    if (agent.connection != 0) Cut(agent.connection);
    if (trouble_.death_seen) {
      After(Between(0, kSecond), [this, name = agent.name] {
        Tell(controller::ProcessExited{name, "killed by SIGKILL"});
      });
    }
  }

  void Ended(Agent& agent) {
    agent.alive = agent.loading = agent.running = false;
    users_->End(static_cast<size_t>(&agent - agents_.data()));
  }

  // ---- The controller's shell ----

  void Tell(controller::FleetEvent event) {
    if (fleet_ == nullptr) return;
    if (keep_tape_) tape_.emplace_back(now_ns_, event);
    const std::vector<controller::FleetAction> actions = fleet_->Step(event, now_ns_);
    if (disk_ != nullptr && controller::BelongsIntoJournal(event, actions)) {
      auto* tick = std::get_if<controller::Tick>(&event);
      if (tick != nullptr) tick->heard_ns = fleet_->heard_ns();
      disk_->Append(now_ns_, event);
    }
    bool held = false;
    for (const controller::FleetAction& action : actions) {
      if (disk_ != nullptr && IsOutward(action) && !disk_->MayOvertake(action, held)) {
        held = true;
        disk_->Hold(action);
      } else {
        std::visit([this](const auto& a) { Do(a); }, action);
      }
    }
    if (disk_ != nullptr) Sync();
  }
  static bool IsOutward(const controller::FleetAction& action) {
    return std::holds_alternative<controller::SendTo>(action) ||
           std::holds_alternative<controller::CloseConnection>(action) ||
           std::holds_alternative<controller::Done>(action);
  }
  // What is for the journal comes to the disk, and what waits for that happens.
  void Sync() {
    if (disk_->idle() || disk_->syncing() || sync_begins_) return;
    sync_begins_ = true;
    const int kills = kills_;
    After(Between(0, 100 * kMs), [this, kills] {
      if (kills != kills_) return;
      sync_begins_ = false;
      disk_->BeginSync();
      After(Between(0, Chance(0.05) ? kSecond : 30 * kMs), [this, kills] {
        if (kills != kills_) return;
        disk_->EndSync();
        for (const controller::FleetAction& action : disk_->Actions()) {
          std::visit([this](const auto& a) { Do(a); }, action);
        }
        for (const controller::DeltaKept& kept : disk_->Kept()) Tell(kept);
        Sync();
      });
    });
  }
  void KillController() {
    if (done_ || fleet_ == nullptr || now_ns_ < back_ns_ + 3 * kSecond) return;
    fleet_ = nullptr;
    ++kills_;
    sync_begins_ = false;
    disk_->Crash(random_);
    for (auto& [id, connection] : connections_) {
      connection.up_open = false;
      if (std::exchange(connection.cut, true)) continue;
      After(Between(0, 100 * kMs), [this, id = id] { EndDown(id); });
    }
    After(Between(0, trouble_.gone_ns), [this] { RestartController(); });
  }
  // It knows no more than its disk does.
  void RestartController() {
    std::ranges::fill(kept_, 0);
    std::ranges::fill(kept_sequence_, 0);
    failures_.clear();
    lost_ = returned_ = teardown_failures_ = 0;
    lost_agents_.clear();
    ran_ = false;
    fleet_ = std::make_unique<controller::Fleet>(fleet_options_);
    for (const controller::JournalEntry& entry : disk_->Read()) {
      for (const controller::FleetAction& action :
           fleet_->Step(std::get<controller::FleetEvent>(entry.event), entry.now_ns)) {
        const bool outward = IsOutward(action) && !std::holds_alternative<controller::Done>(action);
        if (!outward) std::visit([this](const auto& a) { Do(a); }, action);
      }
    }
    ++restarts_;
    back_ns_ = now_ns_;
    if (done_) return;
    Tell(controller::Restarted{0});
    for (const Agent& agent : agents_) {
      if (agent.alive || (agent.exit_code == -1 && !trouble_.death_seen)) continue;
      Tell(controller::ProcessExited{agent.name, "while its controller was not there"});
    }
  }
  void Do(const controller::SendTo& action) {
    Down(action.connection, agent::Received{action.message});
  }
  void Do(const controller::CloseConnection& action) {
    connections_[action.connection].up_open = false;
    Close(action.connection, true);
  }
  void Do(const controller::JoinRefused&) {}
  void Do(const controller::AgentJoined& action) { index_[action.hello.name()] = action.agent; }
  void Do(const controller::AgentStateChanged&) {}
  void Do(const controller::KeepDelta& action) {
    const auto i = static_cast<size_t>(action.agent);
    if (action.delta->sequence() != ++kept_sequence_[i]) {
      broken_.push_back("delta " + std::to_string(action.delta->sequence()) + " was kept as the " +
                        std::to_string(kept_sequence_[i]));
    }
    kept_[i] += action.delta->health().late_starts();
    if (disk_ != nullptr)
      return disk_->Hold(controller::DeltaKept{action.agent, action.delta->sequence()});
    keep_ns_ = std::max(keep_ns_, now_ns_ + Between(0, Chance(0.1) ? 2 * kSecond : 300 * kMs));
    At(keep_ns_, [this, agent = action.agent, sequence = action.delta->sequence()] {
      Tell(controller::DeltaKept{agent, sequence});
    });
  }
  void Do(const controller::AgentLost& action) {
    ++lost_;
    lost_agents_.insert(action.agent);
  }
  void Do(const controller::AgentReturned& action) {
    ++returned_;
    lost_agents_.erase(action.agent);
  }
  void Do(const controller::PhaseChanged& action) {
    if (action.phase == controller::Phase::kRunning) ran_ = true;
    if (action.phase != controller::Phase::kTeardown) return;
    for (const Agent& agent : agents_) {
      if (agent.running && lost_ == 0) broken_.push_back("teardown began before the load's end");
    }
  }
  void Do(const controller::Started& action) { started_ = action; }
  void Do(const controller::ScenarioStarted&) {}
  void Do(const controller::LoadChanged&) {}
  void Do(const controller::RunFailed& action) { failures_.push_back(action.why); }
  void Do(const controller::TeardownFailed&) { ++teardown_failures_; }
  void Do(const controller::Done&) {
    done_ = true;
    done_ns_ = now_ns_;
  }

  // ---- An agent's shell, and its engine ----

  void Tell(size_t i, const agent::LinkEvent& event) {
    Agent& agent = agents_[i];
    if (!agent.alive) return;
    for (const agent::LinkAction& action :
         agent.link->Step(event, now_ns_ + agent.clock_offset_ns)) {
      std::visit([this, i](const auto& a) { Do(i, a); }, action);
    }
  }
  // Later, unless something else was begun since.
  void EndWork(size_t i, int64_t after_ns, agent::LinkEvent event) {
    After(after_ns, [this, i, work = ++agents_[i].work, event = std::move(event)] {
      if (agents_[i].work != work || !agents_[i].alive) return;
      agents_[i].loading = agents_[i].running = false;
      users_->End(i);
      Tell(i, event);
    });
  }
  void Do(size_t i, const agent::Dial& action) {
    Agent& agent = agents_[i];
    if (agent.connection != 0) Close(std::exchange(agent.connection, 0), false);
    After(action.after_ns, [this, i, dial = ++agent.dial] {
      if (agents_[i].alive && agents_[i].dial == dial) Open(i);
    });
  }
  void Do(size_t i, const agent::SendMessage& action) {
    Agent& agent = agents_[i];
    if (action.message.has_hello()) agent.heartbeats[0] = now_ns_;
    if (action.message.has_heartbeat()) {
      agent.heartbeats[action.message.heartbeat().number()] = now_ns_;
    }
    if (agent.connection != 0) {
      Up(agent.connection,
         controller::Received{agent.connection,
                              std::make_shared<v1::AgentMessage>(action.message)});
    }
  }
  void Do(size_t i, const agent::MakeEngine& action) {
    ++agents_[i].made;
    agents_[i].held = {action.prepare.assignment()};
    EndWork(i, Between(0, 200 * kMs), agent::EngineMade{});
  }
  void Do(size_t i, const agent::RunSetup&) {
    ++agents_[i].setups;
    agents_[i].loading = true;
    agents_[i].unmeasured += 7;
    EndWork(i, Between(100 * kMs, 3 * kSecond), agent::SetupEnded{"", "{}"});
  }
  void Do(size_t i, const agent::ArmEngine& action) {
    if (action.data != "{}") broken_.push_back("setup's data did not reach " + agents_[i].name);
    EndWork(i, Between(0, 10 * kMs), agent::EngineArmed{});
  }
  void Do(size_t i, const agent::StartEngine& action) {
    Agent& agent = agents_[i];
    ++agent.starts;
    agent.start_ns = action.start_ns;
    agent.loading = agent.running = true;
    const int64_t start_ns = action.start_ns - agent.clock_offset_ns;
    load_end_ns_ = start_ns + load_ns_;
    if (gathering_.users > 0) return Gather(i, start_ns);
    Load(i, start_ns);
  }
  void Do(size_t i, const agent::TakeShare& action) {
    agents_[i].loading = agents_[i].running = true;
    agents_[i].held.push_back(action.take.assignment());
    Load(i, action.take.agent_ns() - agents_[i].clock_offset_ns);
  }
  // What it was given last.
  void Load(size_t i, int64_t from_ns) {
    const size_t share = agents_[i].held.size() - 1;
    // A cut or an end before then is of all shares.
    const uint64_t work = agents_[i].work + 1;
    At(std::max(from_ns, now_ns_), [this, i, share, work] {
      if (agents_[i].alive && agents_[i].work >= work && agents_[i].running && !agents_[i].cut &&
          now_ns_ < load_end_ns_) {
        users_->Begin(i, agents_[i].held[share]);
      }
    });
    agents_[i].cut = false;
    EndWork(i, std::max<int64_t>(0, load_end_ns_ - now_ns_) + Between(0, kSecond),
            agent::EngineDrained{agents_[i].held.size()});
  }
  void Do(size_t i, const agent::GiveShare& action) {
    for (v1::Assignment& share : agents_[i].held) *share.add_again() = action.give.keep();
    After(Between(0, 5 * kSecond), [this, i, number = action.give.number()] {
      if (!agents_[i].alive) return;
      const auto& held = agents_[i].held;
      users_->Keep(i, {held.begin() + agents_[i].parked_shares, held.end()});
      Tell(i, agent::EngineGave{number});
    });
  }
  void Do(size_t i, const agent::ChangeLoad& action) {
    if (action.change.number() != ++agents_[i].changes) {
      broken_.push_back(agents_[i].name + " was told of change " +
                        std::to_string(action.change.number()) + " as the " +
                        std::to_string(agents_[i].changes));
    }
  }
  void Do(size_t i, const agent::ParkEngine&) {
    ++agents_[i].parks;
    agents_[i].parked_shares = static_cast<int64_t>(agents_[i].held.size());
    agents_[i].cut = true;
    if (!agents_[i].running) return;
    if (agents_[i].crowd != nullptr) {
      After(0, [crowd = agents_[i].crowd] { crowd->Stop(); });
    }
    EndWork(i, Between(0, 2 * kSecond), agent::EngineDrained{agents_[i].held.size()});
  }
  void Do(size_t, const agent::ExtendLease&) {}
  void Gather(size_t i, int64_t start_ns) {
    Agent& agent = agents_[i];
    const auto& weights = agent.held[0].weights();
    const Stripe own = Stripes::Make({weights.begin(), weights.end()})
                           ->Of(static_cast<int>(agent.held[0].agent()));
    const int users = own.empty() ? 0 : static_cast<int>(own.CountBefore(gathering_.users));
    ++agent.work;
    agent.crowd = std::make_shared<Crowd>(
        users, gathering_,
        Crowd::Shell{
            .after = [this](int64_t ns, std::function<void()> what) { After(ns, std::move(what)); },
            .between = [this](int64_t low, int64_t high) { return Between(low, high); },
            .tell = [this, i](agent::LinkEvent event) { Tell(i, event); },
            .drained = [this, i] { EndWork(i, 0, agent::EngineDrained{}); }});
    After(0, [crowd = agent.crowd, in_ns = std::max<int64_t>(0, start_ns - now_ns_)] {
      crowd->Begin(in_ns);
    });
  }
  void Do(size_t i, const agent::OpenMeeting& action) {
    const int64_t at_ns = action.open.agent_ns() - agents_[i].clock_offset_ns;
    After(0, [this, crowd = agents_[i].crowd, opening = action.open.opening(), at_ns] {
      crowd->Open(opening, at_ns, now_ns_);
    });
  }
  void Do(size_t i, const agent::BeginScenario& action) {
    const int64_t at_ns = action.start.agent_ns() - agents_[i].clock_offset_ns;
    After(0, [this, crowd = agents_[i].crowd, at_ns] { crowd->BeginLate(at_ns, now_ns_); });
  }
  void Do(size_t i, const agent::StopEngine& action) {
    if (!agents_[i].running) return;
    agents_[i].cut = true;
    if (agents_[i].crowd != nullptr) {
      // Not now: the Link is in the middle of a step.
      After(0, [crowd = agents_[i].crowd] { crowd->Stop(); });
    }
    EndWork(i, Between(0, action.kind == v1::ABORT ? kSecond : 3 * kSecond),
            agent::EngineDrained{agents_[i].held.size()});
  }
  void Do(size_t i, const agent::RunTeardown&) {
    ++agents_[i].teardowns;
    agents_[i].loading = true;
    agents_[i].unmeasured += 11;
    EndWork(i, Between(100 * kMs, 3 * kSecond), agent::TeardownEnded{});
  }
  void Do(size_t i, const agent::TakeDelta& action) {
    Agent& agent = agents_[i];
    v1::Delta delta;
    delta.set_sequence(4711);  // the Link numbers them
    const uint64_t measured = std::exchange(agent.unmeasured, 0);
    agent.measured += measured;
    if (measured > 0) {
      delta.add_errors()->set_count(1);
      delta.mutable_health()->set_late_starts(measured);
    }
    Tell(i, agent::DeltaTaken{delta, action.last});
  }
  void Do(size_t i, const agent::Exit& action) {
    Agent& agent = agents_[i];
    Ended(agent);
    agent.exit_code = action.code;
    agent.exit_why = action.why;
    if (agent.connection != 0) Close(std::exchange(agent.connection, 0), false);
    After(Between(0, kSecond), [this, name = agent.name, code = action.code] {
      Tell(controller::ProcessExited{name, "exit status " + std::to_string(code), code == 0});
    });
  }

  std::mt19937_64 random_;
  const Trouble trouble_;
  controller::FleetOptions fleet_options_;
  std::unique_ptr<controller::Fleet> fleet_;  // null while the controller is gone
  std::unique_ptr<Disk> disk_;                // null without kills
  int kills_ = 0;
  bool sync_begins_ = false;
  int64_t back_ns_ = -10 * kSecond;
  int64_t load_ns_ = 0;
  int64_t load_end_ns_ = 0;
  int64_t now_ns_ = 0;
  int64_t keep_ns_ = 0;
  uint64_t order_ = 0;
  std::priority_queue<Scheduled> queue_;
  std::map<uint64_t, Connection> connections_;
};

}  // namespace rampart::simulation

#endif  // RAMPART_TESTS_SIMULATION_WORLD_H_
