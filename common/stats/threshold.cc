#include "common/stats/threshold.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "absl/status/status.h"

namespace rampart {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool ParseNumber(std::string_view text, double* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size() && std::isfinite(*value);
}

std::string_view AggregatesOf(v1::MetricKind kind) {
  switch (kind) {
    case v1::COUNTER:
      return "count, rate";
    case v1::RATE:
      return "rate";
    case v1::GAUGE:
      return "value, min, max";
    default:
      return "avg, min, max, med, p(N), count";
  }
}

}  // namespace

absl::StatusOr<Selector> Selector::Parse(std::string_view text) {
  const auto bad = [text](std::string_view why) {
    return absl::InvalidArgumentError("`" + std::string(text) + "`: " + std::string(why) +
                                      "; write `metric` or `metric{tag:value,tag:value}`");
  };
  Selector selector;
  const size_t brace = text.find('{');
  selector.metric = Trim(text.substr(0, brace));
  if (selector.metric.empty()) return bad("no metric is named");
  if (brace == std::string_view::npos) return selector;
  std::string_view rest = Trim(text.substr(brace + 1));
  if (!rest.ends_with('}')) return bad("`{` without `}` at the end");
  rest.remove_suffix(1);
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view tag = rest.substr(0, comma);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    const size_t colon = tag.find(':');
    if (colon == std::string_view::npos) return bad("a tag without `:`");
    selector.tags.emplace_back(Trim(tag.substr(0, colon)), Trim(tag.substr(colon + 1)));
  }
  std::sort(selector.tags.begin(), selector.tags.end());
  return selector;
}

absl::StatusOr<Condition> Condition::Parse(std::string_view text, v1::MetricKind kind) {
  const auto bad = [text](const std::string& why) {
    return absl::InvalidArgumentError("`" + std::string(text) + "`: " + why);
  };
  const size_t at = text.find_first_of("<>=!");
  if (at == std::string_view::npos) {
    return bad("no comparison; write for example `p(95)<200`");
  }
  Condition condition;
  const std::string_view name = Trim(text.substr(0, at));
  std::string_view rest = text.substr(at);
  const auto comparison = [&rest](std::string_view sign) {
    if (!rest.starts_with(sign)) return false;
    rest.remove_prefix(sign.size());
    return true;
  };
  if (comparison("<=")) {
    condition.comparison = Comparison::kLessOrEqual;
  } else if (comparison("<")) {
    condition.comparison = Comparison::kLess;
  } else if (comparison(">=")) {
    condition.comparison = Comparison::kGreaterOrEqual;
  } else if (comparison(">")) {
    condition.comparison = Comparison::kGreater;
  } else if (comparison("===") || comparison("==")) {
    condition.comparison = Comparison::kEqual;
  } else if (comparison("!=")) {
    condition.comparison = Comparison::kNotEqual;
  } else {
    return bad("use one of < <= > >= == !=");
  }
  if (!ParseNumber(Trim(rest), &condition.limit)) return bad("no number behind the comparison");

  const bool trend = kind == v1::TREND;
  const bool gauge = kind == v1::GAUGE;
  if (name == "avg" && trend) {
    condition.aggregate = Aggregate::kAverage;
  } else if (name == "min" && (trend || gauge)) {
    condition.aggregate = Aggregate::kMin;
  } else if (name == "max" && (trend || gauge)) {
    condition.aggregate = Aggregate::kMax;
  } else if (name == "med" && trend) {
    condition.aggregate = Aggregate::kMedian;
  } else if (name == "count" && (trend || kind == v1::COUNTER)) {
    condition.aggregate = Aggregate::kCount;
  } else if (name == "rate" && (kind == v1::COUNTER || kind == v1::RATE)) {
    condition.aggregate = Aggregate::kRate;
  } else if (name == "value" && gauge) {
    condition.aggregate = Aggregate::kValue;
  } else if (name.starts_with("p(") && name.ends_with(")") && trend) {
    condition.aggregate = Aggregate::kPercentile;
    if (!ParseNumber(Trim(name.substr(2, name.size() - 3)), &condition.percentile) ||
        condition.percentile < 0 || condition.percentile > 100) {
      return bad("the percentile must be a number from 0 to 100");
    }
  } else {
    return bad("a metric of this kind has " + std::string(AggregatesOf(kind)) + ", not `" +
               std::string(name) + "`");
  }
  return condition;
}

double Observe(const Condition& condition, const SeriesValue& value, double elapsed_seconds) {
  const bool gauge = value.kind == v1::GAUGE;
  switch (condition.aggregate) {
    case Aggregate::kAverage:
      return value.trend.Mean();
    case Aggregate::kMin:
      return gauge ? value.gauge.min : value.trend.Min();
    case Aggregate::kMax:
      return gauge ? value.gauge.max : value.trend.Max();
    case Aggregate::kMedian:
      return value.trend.Percentile(50);
    case Aggregate::kPercentile:
      return value.trend.Percentile(condition.percentile);
    case Aggregate::kCount:
      return value.kind == v1::TREND ? static_cast<double>(value.trend.count())
                                     : value.counter.Value();
    case Aggregate::kRate:
      if (value.kind == v1::RATE) {
        return value.total == 0
                   ? 0
                   : static_cast<double>(value.trues) / static_cast<double>(value.total);
      }
      return elapsed_seconds <= 0 ? 0 : value.counter.Value() / elapsed_seconds;
    case Aggregate::kValue:
      return value.gauge.value;
  }
  return 0;
}

bool Holds(const Condition& condition, double observed) {
  switch (condition.comparison) {
    case Comparison::kLess:
      return observed < condition.limit;
    case Comparison::kLessOrEqual:
      return observed <= condition.limit;
    case Comparison::kGreater:
      return observed > condition.limit;
    case Comparison::kGreaterOrEqual:
      return observed >= condition.limit;
    case Comparison::kEqual:
      return observed == condition.limit;
    case Comparison::kNotEqual:
      return observed != condition.limit;
  }
  return false;
}

Bounds ObserveWithin(const Condition& condition, const SeriesValue& value, double elapsed_seconds,
                     double missing) {
  const auto more = [missing](double known) { return std::ceil(known * missing); };
  const auto percentile = [&](double p) -> Bounds {
    const auto unknown = static_cast<uint64_t>(more(static_cast<double>(value.trend.count())));
    const auto [low, high] = value.trend.PercentileWithin(p, unknown);
    return {low, high};
  };
  const double observed = Observe(condition, value, elapsed_seconds);
  switch (condition.aggregate) {
    case Aggregate::kMedian:
      return percentile(50);
    case Aggregate::kPercentile:
      return percentile(condition.percentile);
    case Aggregate::kCount:
      return {observed, observed + more(observed)};
    case Aggregate::kRate: {
      if (value.kind != v1::RATE) return {observed, observed * (1 + missing)};
      const double all = static_cast<double>(value.total) + more(static_cast<double>(value.total));
      const auto trues = static_cast<double>(value.trues);
      return {trues / all, (trues + all - static_cast<double>(value.total)) / all};
    }
    case Aggregate::kAverage:
    case Aggregate::kMin:
    case Aggregate::kMax:
    case Aggregate::kValue:
      return {observed, observed};
  }
  return {observed, observed};
}

Outcome Judge(const Condition& condition, const Bounds& bounds) {
  const bool low = Holds(condition, bounds.low);
  const bool high = Holds(condition, bounds.high);
  const bool between = condition.limit > bounds.low && condition.limit < bounds.high;
  const bool equality =
      condition.comparison == Comparison::kEqual || condition.comparison == Comparison::kNotEqual;
  if (low != high || (equality && between)) return Outcome::kUnknown;
  return low ? Outcome::kPass : Outcome::kFail;
}

}  // namespace rampart
