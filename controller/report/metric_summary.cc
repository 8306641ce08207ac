#include "controller/report/metric_summary.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "controller/report/text/number.h"

namespace rampart::controller {
namespace {

// More rows than that of one metric are no summary; summary.json has them all.
constexpr size_t kMaxNested = 20;

// The metrics of a run, merged, and rows made of them.
class Rows {
 public:
  Rows(const RunResult& result, const Page& page)
      : result_(result), page_(page), catalog_(result.plan) {}

  std::optional<SeriesValue> Value(std::string_view metric) const {
    return result_.series.Aggregate(metric);
  }

  // No row when there was no sample.
  MetricRow* Add(std::string_view metric, MetricBlock* block) const {
    const std::optional<SeriesValue> value = Value(metric);
    if (!value || value->empty()) return nullptr;
    block->rows.push_back(RowOf(InfoOf(metric, *value), *value, result_.run_seconds, page_));
    return &block->rows.back();
  }

  // By the value of a tag, in one pass: there may be thousands of series.
  std::map<std::string, SeriesValue> By(std::string_view tag, std::string_view metric) const {
    std::map<std::string, SeriesValue> values;
    for (const auto& series : result_.series.all()) {
      if (series->metric != metric || series->value.empty()) continue;
      for (const auto& [key, name] : series->tags) {
        if (key != tag) continue;
        SeriesValue& value = values[name];
        value.kind = series->value.kind;
        value.gauge_merge = series->value.gauge_merge;
        value.Merge(series->value);
      }
    }
    return values;
  }

  // The parts of a trend, the most frequent first, as rows below it.
  void AddNested(std::string_view tag, std::string_view metric, size_t at_least,
                 MetricBlock* block) const {
    std::map<std::string, SeriesValue> parts = By(tag, metric);
    if (parts.size() < at_least) return;
    std::map<std::string, SeriesValue> failed;
    if (block->counts) failed = By(tag, "http_req_failed");
    std::vector<std::pair<const std::string, SeriesValue>*> order;
    for (auto& part : parts) order.push_back(&part);
    std::stable_sort(order.begin(), order.end(), [](const auto* a, const auto* b) {
      return a->second.trend.count() > b->second.trend.count();
    });
    for (size_t i = 0; i < std::min(order.size(), kMaxNested); ++i) {
      const auto& [name, value] = *order[i];
      MetricRow row = RowOf(InfoOf(metric, value), value, result_.run_seconds, page_);
      row.label = name.empty() ? "(no name)" : page_.Show(name);
      row.nested = true;
      if (block->counts) {
        row.reqs = Grouped(value.trend.count());
        const auto rate = failed.find(name);
        if (rate != failed.end()) {
          row.bad = rate->second.trues > 0;
          row.failed = Percent(static_cast<double>(rate->second.trues) /
                               static_cast<double>(rate->second.total));
        }
      }
      block->rows.push_back(std::move(row));
    }
    if (order.size() > kMaxNested) {
      MetricRow more;
      more.label = "and " + Grouped(order.size() - kMaxNested) + " more, less frequent";
      more.nested = true;
      block->rows.push_back(std::move(more));
    }
  }

  // The plan's own, in its order, and then what is in no catalog.
  void AddCustom(MetricBlock* block) const {
    for (const v1::Metric& metric : result_.plan.metrics()) Add(metric.name(), block);
    std::vector<std::string_view> unknown;
    for (const auto& series : result_.series.all()) {
      const bool seen = catalog_.Find(series->metric) != nullptr ||
                        std::find(unknown.begin(), unknown.end(), series->metric) != unknown.end();
      if (!seen) unknown.push_back(series->metric);
    }
    std::sort(unknown.begin(), unknown.end());
    for (const std::string_view metric : unknown) Add(metric, block);
  }

 private:
  MetricInfo InfoOf(std::string_view metric, const SeriesValue& value) const {
    if (const MetricInfo* info = catalog_.Find(metric)) return *info;
    MetricInfo info;
    info.name = metric;
    info.kind = value.kind;
    return info;
  }

  const RunResult& result_;
  const Page& page_;
  MetricCatalog catalog_;
};

// What is left at the end of a run is not of interest: how few and how many there were is.
void AddExtremes(const Rows& rows, std::string_view gauge, MetricBlock* block) {
  if (MetricRow* row = rows.Add(gauge, block)) row->cells.erase(row->cells.begin());
}

MetricBlock HttpBlock(const Rows& rows) {
  MetricBlock block{.title = "HTTP", .rows = {}, .counts = true};
  rows.Add("http_reqs", &block);
  if (MetricRow* failed = rows.Add("http_req_failed", &block)) {
    failed->bad = rows.Value("http_req_failed")->trues > 0;
  }
  if (rows.Add("http_req_duration", &block) != nullptr) {
    rows.AddNested("name", "http_req_duration", 2, &block);
  }
  rows.Add("http_req_intended_duration", &block);
  for (const std::string_view phase :
       {"http_req_blocked", "http_req_connecting", "http_req_tls_handshaking", "http_req_sending",
        "http_req_waiting", "http_req_receiving"}) {
    // A phase that no request had says nothing: TLS of a plain target.
    const std::optional<SeriesValue> value = rows.Value(phase);
    if (value && value->trend.Max() > 0) rows.Add(phase, &block);
  }
  return block;
}

MetricBlock WebsocketBlock(const Rows& rows) {
  MetricBlock block{.title = "WEBSOCKET", .rows = {}};
  rows.Add("ws_sessions", &block);
  if (MetricRow* errors = rows.Add("ws_errors", &block)) errors->bad = true;
  AddExtremes(rows, "ws_open", &block);
  for (const std::string_view metric :
       {"ws_msgs_sent", "ws_msgs_received", "ws_connecting", "ws_ping", "ws_session_duration"}) {
    rows.Add(metric, &block);
  }
  return block;
}

MetricBlock ExecutionBlock(const Rows& rows) {
  MetricBlock block{.title = "EXECUTION", .rows = {}};
  rows.Add("iterations", &block);
  if (MetricRow* dropped = rows.Add("dropped_iterations", &block)) {
    const double lost = rows.Value("dropped_iterations")->counter.Value();
    dropped->bad = lost > 0;
    double due = lost;
    for (const std::string_view started : {"iterations", "interrupted_iterations"}) {
      if (const auto value = rows.Value(started)) due += value->counter.Value();
    }
    if (lost > 0) dropped->cells.push_back(Percent(lost / due) + " of due");
  }
  rows.Add("interrupted_iterations", &block);
  if (MetricRow* errors = rows.Add("step_errors", &block)) errors->bad = true;
  AddExtremes(rows, "vus", &block);
  if (MetricRow* most = rows.Add("vus_max", &block)) most->cells.resize(1);
  rows.Add("iteration_duration", &block);
  rows.Add("iteration_lateness", &block);
  if (rows.Add("group_duration", &block) != nullptr) {
    rows.AddNested("group", "group_duration", 1, &block);
  }
  if (rows.Add("rendezvous_wait", &block) != nullptr) {
    rows.AddNested("name", "rendezvous_wait", 1, &block);
  }
  if (MetricRow* alone = rows.Add("rendezvous_timeouts", &block)) {
    alone->bad = rows.Value("rendezvous_timeouts")->counter.Value() > 0;
  }
  return block;
}

}  // namespace

std::vector<MetricBlock> MetricBlocks(const RunResult& result, const Page& page) {
  const Rows rows(result, page);
  std::vector<MetricBlock> blocks;
  blocks.push_back({.title = "CUSTOM", .rows = {}});
  rows.AddCustom(&blocks.back());
  blocks.push_back(HttpBlock(rows));
  blocks.push_back(WebsocketBlock(rows));
  blocks.push_back(ExecutionBlock(rows));
  blocks.push_back({.title = "NETWORK", .rows = {}});
  rows.Add("data_received", &blocks.back());
  rows.Add("data_sent", &blocks.back());
  return blocks;
}

}  // namespace rampart::controller
