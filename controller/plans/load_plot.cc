#include "controller/plans/load_plot.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <string_view>
#include <utility>

#include "common/load/arrival_schedule.h"
#include "common/load/nanoseconds.h"
#include "common/load/rate.h"
#include "common/load/share.h"
#include "common/load/user_schedule.h"
#include "controller/report/text/number.h"
#include "controller/report/text/printable.h"

namespace rampart::controller {
namespace {

constexpr int64_t kMsNs = 1'000'000;
constexpr int64_t kSecondNs = 1'000 * kMsNs;
constexpr int64_t kMinuteNs = 60 * kSecondNs;
constexpr int64_t kHourNs = 60 * kMinuteNs;
constexpr int64_t kDayNs = 24 * kHourNs;
constexpr int kPartsOfACell = 8;
constexpr int kLeastTickColumns = 10;

constexpr int64_t kSteps[] = {
    kMsNs,          2 * kMsNs,      5 * kMsNs,      10 * kMsNs,     20 * kMsNs,    50 * kMsNs,
    100 * kMsNs,    200 * kMsNs,    500 * kMsNs,    kSecondNs,      2 * kSecondNs, 5 * kSecondNs,
    10 * kSecondNs, 15 * kSecondNs, 30 * kSecondNs, kMinuteNs,      2 * kMinuteNs, 5 * kMinuteNs,
    10 * kMinuteNs, 15 * kMinuteNs, 20 * kMinuteNs, 30 * kMinuteNs, kHourNs,       2 * kHourNs,
    3 * kHourNs,    6 * kHourNs,    12 * kHourNs,   kDayNs,         2 * kDayNs,    7 * kDayNs};

double SizeOf(const v1::Rate& rate) { return PerSecondOf(rate); }
double SizeOf(int64_t users) { return static_cast<double>(users); }

// Corners and peak. The target of a stage without length counts where the next one begins with it.
template <typename From, typename Stages>
void Walk(const From& from, const Stages& stages, LoadCurve* curve) {
  double before = SizeOf(from);
  int64_t at = 0;
  curve->corners = {0};
  for (const auto& stage : stages) {
    const double after = SizeOf(stage.target());
    if (const int64_t length = Ns(stage.duration()); length > 0) {
      curve->peak = std::max({curve->peak, before, after});
      curve->corners.push_back(at += length);
    }
    before = after;
  }
}

// The most of [begin, end), of the run.
double MostIn(const LoadCurve& curve, int64_t begin, int64_t end) {
  begin = std::max<int64_t>(begin - curve.start_ns, 0);
  end = std::min(end - curve.start_ns, curve.length_ns);
  if (begin >= end) return 0;
  double most = std::max(curve.at(begin), curve.at(end - 1));
  for (const int64_t corner : curve.corners) {
    if (corner >= begin && corner < end) most = std::max(most, curve.at(corner));
    if (corner > begin && corner < end) most = std::max(most, curve.at(corner - 1));
  }
  return most;
}

// A cell of which so many parts are filled.
std::string_view Cell(int parts, bool pale, bool unicode) {
  constexpr std::string_view kBlocks[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  parts = std::clamp(parts, 0, kPartsOfACell);
  if (parts == 0) return " ";
  if (pale) return unicode ? "░" : ":";
  if (unicode) return kBlocks[parts];
  return parts == kPartsOfACell ? "#" : parts > kPartsOfACell / 2 ? ":" : ".";
}

struct Tick {
  int column;  // 0 is the axis itself
  std::string label;

  int begin() const { return std::max(column - static_cast<int>(label.size()) / 2, 0); }
  int end() const { return begin() + static_cast<int>(label.size()); }
};

// At round times, and at the end.
std::vector<Tick> Ticks(const PlotSize& size) {
  const double columns_per_ns = size.columns / static_cast<double>(size.run_ns);
  int64_t step = std::end(kSteps)[-1];
  for (const int64_t wanted : kSteps) {
    if (static_cast<double>(wanted) * columns_per_ns < kLeastTickColumns) continue;
    step = wanted;
    break;
  }
  while (static_cast<double>(step) * columns_per_ns < kLeastTickColumns) step *= 2;
  const Tick last{size.columns, PlanDuration(size.run_ns)};
  std::vector<Tick> ticks;
  for (int64_t t = 0; t < size.run_ns; t += step) {
    Tick tick{static_cast<int>(std::lround(static_cast<double>(t) * columns_per_ns)),
              PlanDuration(t)};
    if (tick.end() + 1 < last.begin()) ticks.push_back(std::move(tick));
  }
  ticks.push_back(last);
  return ticks;
}

}  // namespace

std::string PlanDuration(int64_t ns) {
  if (ns <= 0) return "0";
  // To what people can tell apart: three digits below a minute, whole seconds above.
  if (ns < kMinuteNs) {
    const bool short_one = ns < kSecondNs;
    const double unit = static_cast<double>(short_one ? kMsNs : kSecondNs);
    return Number(static_cast<double>(ns) / unit, {.count = 3}) + (short_one ? "ms" : "s");
  }
  int64_t rest = (ns + kSecondNs / 2) / kSecondNs * kSecondNs;
  std::string text;
  constexpr std::pair<std::string_view, int64_t> kUnits[] = {
      {"d", kDayNs}, {"h", kHourNs}, {"m", kMinuteNs}, {"s", kSecondNs}};
  for (const auto& [name, unit] : kUnits) {
    if (rest >= unit) text.append(std::to_string(rest / unit)).append(name);
    rest %= unit;
  }
  return text;
}

absl::StatusOr<LoadCurve> CurveOf(const v1::Scenario& scenario) {
  const v1::Load& load = scenario.load();
  LoadCurve curve;
  curve.start_ns = Ns(scenario.start());
  if (IsArrivalRate(load)) {
    absl::StatusOr<ArrivalSchedule> schedule = ArrivalSchedule::Make(load);
    if (!schedule.ok()) return schedule.status();
    curve.arrivals = true;
    curve.length_ns = schedule->Length();
    curve.at = [schedule = *std::move(schedule)](int64_t t) { return schedule.RatePerSecondAt(t); };
  } else {
    absl::StatusOr<UserSchedule> schedule = UserSchedule::Make(load);
    if (!schedule.ok()) return schedule.status();
    curve.length_ns = schedule->Length();
    curve.at = [schedule = *std::move(schedule)](int64_t t) {
      return static_cast<double>(schedule.UsersAt(t));
    };
  }
  curve.may_end_sooner = load.has_iterations_per_user() || load.has_shared_iterations();
  if (load.has_ramping_users()) {
    Walk(load.ramping_users().start_users(), load.ramping_users().stages(), &curve);
  } else if (load.has_ramping_arrival_rate()) {
    const v1::RampingArrivalRate& ramp = load.ramping_arrival_rate();
    Walk(ramp.start_rate(), ramp.stages(), &curve);
  } else {
    curve.flat = true;
    curve.corners = {0, curve.length_ns};
    curve.peak = curve.length_ns > 0 ? curve.at(0) : 0;
  }
  return curve;
}

std::vector<std::string> PlotLabels(const LoadCurve& curve, double scale) {
  const double top = curve.peak * scale;
  std::vector<std::string> labels = {CompactNumber(top)};
  if (curve.flat) return labels;
  if (curve.arrivals || std::fmod(top, 2) == 0) labels.push_back(CompactNumber(top / 2));
  return labels;
}

std::vector<std::string> PlotLines(const LoadCurve& curve, const PlotSize& size, double scale) {
  std::vector<int> filled;  // parts of cells, of each column
  for (int column = 0; column < size.columns; ++column) {
    const auto time = [&size](int edge) {
      return static_cast<int64_t>(static_cast<__int128>(size.run_ns) * edge / size.columns);
    };
    const double most = MostIn(curve, time(column), time(column + 1));
    const double share = curve.peak > 0 ? std::min(most / curve.peak, 1.0) : 0;
    const int parts = static_cast<int>(std::lround(share * size.rows * kPartsOfACell));
    filled.push_back(share > 0 ? std::max(parts, 1) : 0);
  }
  const std::vector<std::string> labels = PlotLabels(curve, scale);
  std::vector<std::string> lines;
  for (int row = 0; row < size.rows; ++row) {
    const bool middle = row > 0 && 2 * row == size.rows && labels.size() > 1;
    const std::string label = row == 0 ? labels[0] : middle ? labels[1] : "";
    std::string line = PadLeft(label, size.label_width);
    line.append(size.unicode ? (label.empty() ? " │" : " ┤") : (label.empty() ? " |" : " +"));
    for (const int parts : filled) {
      line.append(
          Cell(parts - (size.rows - 1 - row) * kPartsOfACell, curve.may_end_sooner, size.unicode));
    }
    line.erase(line.find_last_not_of(' ') + 1);
    lines.push_back(std::move(line));
  }

  const std::vector<Tick> ticks = Ticks(size);
  std::string axis = PadLeft("0", size.label_width) + " ";
  for (int column = 0; column <= size.columns; ++column) {
    const bool tick = std::any_of(ticks.begin(), ticks.end(),
                                  [column](const Tick& one) { return one.column == column; });
    if (size.unicode) {
      axis.append(column == 0 ? "└" : column == size.columns ? "┘" : tick ? "┴" : "─");
    } else {
      axis.append(tick ? "+" : "-");
    }
  }
  lines.push_back(std::move(axis));
  std::string times;
  for (const Tick& tick : ticks) {
    times.append(static_cast<size_t>(std::max(tick.begin() - static_cast<int>(times.size()), 0)),
                 ' ');
    times.append(tick.label);
  }
  lines.push_back(std::string(static_cast<size_t>(size.label_width) + 1, ' ') + times);
  return lines;
}

}  // namespace rampart::controller
