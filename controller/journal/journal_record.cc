#include "controller/journal/journal_record.h"

#include <memory>
#include <utility>

namespace rampart::controller {
namespace {

using Record = v1::JournalRecord;

absl::Status Append(const Record& record, JournalFile* file) {
  const size_t size = record.ByteSizeLong();
  return file->Append(size, [&](char* to) {
    record.SerializeWithCachedSizesToArray(reinterpret_cast<uint8_t*>(to));
  });
}

// ---- To records ----

void Put(const Connected& event, Record* record) {
  record->mutable_connected()->set_connection(event.connection);
  record->mutable_connected()->set_peer(event.peer);
}
void Put(const Received& event, Record* record) {
  record->mutable_received()->set_connection(event.connection);
  // Lent, until LetGo: a delta is not small. It is written and not changed.
  record->mutable_received()->unsafe_arena_set_allocated_message(
      const_cast<v1::AgentMessage*>(event.message.get()));
}
void Put(const Disconnected& event, Record* record) {
  record->mutable_disconnected()->set_connection(event.connection);
  record->mutable_disconnected()->set_why(event.why);
}
void Put(const ProcessExited& event, Record* record) {
  record->mutable_process_exited()->set_agent(event.agent);
  record->mutable_process_exited()->set_how(event.how);
  record->mutable_process_exited()->set_in_order(event.in_order);
}
void Put(const DeltaKept& event, Record* record) {
  record->mutable_delta_kept()->set_agent(static_cast<uint32_t>(event.agent));
  record->mutable_delta_kept()->set_sequence(event.sequence);
}
void Put(const StopRequested& event, Record* record) {
  record->mutable_stop_requested()->set_kind(event.kind);
  record->mutable_stop_requested()->set_why(event.why);
}
void Put(const LoadChangeAsked& event, Record* record) {
  *record->mutable_load_change_asked()->mutable_change() = event.change;
  record->mutable_load_change_asked()->set_what(event.what);
}
void Put(const Tick& event, Record* record) {
  record->mutable_tick()->mutable_heard_ns()->Add(event.heard_ns.begin(), event.heard_ns.end());
}
void Put(const Restarted& event, Record* record) {
  record->mutable_restarted()->set_unix_ns(event.unix_ns);
}
void Put(const Judge&, Record* record) { record->mutable_judged(); }
void Put(const Interrupt& event, Record* record) {
  record->mutable_interrupted()->set_what(event.what);
}
void Put(const Fail& event, Record* record) { record->mutable_failed()->set_why(event.why); }
void Put(const Launched& event, Record* record) {
  record->mutable_launched()->set_name(event.name);
  record->mutable_launched()->set_pid(event.pid);
  record->mutable_launched()->set_started(event.started);
}
void Put(const ReportWritten&, Record* record) { record->mutable_report_written(); }
// They follow from what is in the journal, or say that there is none.
void Put(const DeltaRefused&, Record*) {}
void Put(const JournalLost&, Record*) {}
void Put(const FleetEvent& event, Record* record) {
  std::visit([record](const auto& e) { Put(e, record); }, event);
}

void LetGo(Record* record) {
  if (record->has_received()) record->mutable_received()->unsafe_arena_release_message();
}

// ---- From records ----

absl::StatusOr<RunEvent> EventOf(Record* record) {
  switch (record->kind_case()) {
    case Record::kConnected:
      return FleetEvent(Connected{record->connected().connection(), record->connected().peer()});
    case Record::kReceived: {
      if (!record->received().has_message()) break;
      const uint64_t connection = record->received().connection();
      return FleetEvent(Received{connection, std::shared_ptr<const v1::AgentMessage>(
                                                 record->mutable_received()->release_message())});
    }
    case Record::kDisconnected:
      return FleetEvent(
          Disconnected{record->disconnected().connection(), record->disconnected().why()});
    case Record::kProcessExited:
      return FleetEvent(ProcessExited{record->process_exited().agent(),
                                      record->process_exited().how(),
                                      record->process_exited().in_order()});
    case Record::kDeltaKept:
      return FleetEvent(DeltaKept{static_cast<int>(record->delta_kept().agent()),
                                  record->delta_kept().sequence()});
    case Record::kStopRequested:
      return FleetEvent(
          StopRequested{record->stop_requested().kind(), record->stop_requested().why()});
    case Record::kLoadChangeAsked:
      return FleetEvent(LoadChangeAsked{record->load_change_asked().change(),
                                        record->load_change_asked().what()});
    case Record::kTick:
      return FleetEvent(Tick{{record->tick().heard_ns().begin(), record->tick().heard_ns().end()}});
    case Record::kRestarted:
      return FleetEvent(Restarted{record->restarted().unix_ns()});
    case Record::kJudged:
      return Judge{};
    case Record::kInterrupted:
      return Interrupt{record->interrupted().what()};
    case Record::kFailed:
      return Fail{record->failed().why()};
    case Record::kLaunched:
      return Launched{record->launched().name(), record->launched().pid(),
                      record->launched().started()};
    case Record::kReportWritten:
      return ReportWritten{};
    case Record::kMeta:
    case Record::KIND_NOT_SET:
      break;
  }
  return absl::DataLossError("it is no event of a run");
}

}  // namespace

absl::Status AppendEntry(const JournalEntry& entry, JournalFile* file) {
  Record record;
  record.set_now_ns(entry.now_ns);
  std::visit([&record](const auto& event) { Put(event, &record); }, entry.event);
  const absl::Status status = Append(record, file);
  LetGo(&record);
  return status;
}

absl::Status AppendMeta(int64_t now_ns, const v1::JournalMeta& meta, JournalFile* file) {
  Record record;
  record.set_now_ns(now_ns);
  *record.mutable_meta() = meta;
  return Append(record, file);
}

absl::StatusOr<JournalEntry> ReadEntry(std::string_view bytes) {
  Record record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("it is no record of a run");
  }
  absl::StatusOr<RunEvent> event = EventOf(&record);
  if (!event.ok()) return event.status();
  return JournalEntry{record.now_ns(), *std::move(event)};
}

}  // namespace rampart::controller
