#include "common/feed/feed_rows.h"

#include <simdjson.h>

#include <algorithm>
#include <set>
#include <utility>

#include "common/feed/csv_reader.h"
#include "common/script/json.h"

namespace rampart {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::string_view kBlank = " \t\r";

std::string Count(size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

// The first line that is no UTF-8; 0 when all of it is.
size_t BadLine(std::string_view content) {
  if (simdjson::validate_utf8(content.data(), content.size())) return 0;
  size_t line = 1;
  while (true) {
    const size_t end = std::min(content.find('\n'), content.size());
    if (end == content.size() || !simdjson::validate_utf8(content.data(), end)) return line;
    content.remove_prefix(end + 1);
    ++line;
  }
}

}  // namespace

FeedRows::FeedRows(FeedFormat format, std::string_view content, std::vector<FeedFault>* faults)
    : format_(format), content_(content) {
  if (content_.starts_with(kByteOrderMark)) content_.remove_prefix(kByteOrderMark.size());
  const size_t before = faults->size();
  if (const size_t line = BadLine(content_); line > 0) {
    faults->push_back({line, "not UTF-8: save the file in that encoding"});
    return;
  }
  if (format_ == FeedFormat::kCsv) {
    IndexCsv(faults);
  } else {
    IndexJsonLines(faults);
  }
  if (begins_.empty() && faults->size() == before) {
    faults->push_back(
        {1, format_ == FeedFormat::kCsv ? "a head line, but no row below it" : "no row"});
  }
}

void FeedRows::IndexCsv(std::vector<FeedFault>* faults) {
  const size_t most = faults->size() + kMaxFaults;
  CsvReader reader(content_);
  std::vector<CsvField> fields;
  switch (reader.Next(&fields)) {
    case CsvReader::Got::kEnd:
      return faults->push_back({1, "empty: it needs a head line with the names of its columns"});
    case CsvReader::Got::kFault:
      return faults->push_back({reader.line(), reader.fault()});
    case CsvReader::Got::kRecord:
      break;
  }
  for (const CsvField& field : fields) field.AppendTo(&columns_.emplace_back());
  ReadHead(reader.line(), faults);
  while (faults->size() < most) {
    const CsvReader::Got got = reader.Next(&fields);
    if (got == CsvReader::Got::kEnd) return;
    if (got == CsvReader::Got::kFault) {
      faults->push_back({reader.line(), reader.fault()});
    } else if (fields.size() != columns_.size()) {
      faults->push_back({reader.line(), Count(fields.size(), "field") +
                                            " where the head line has " +
                                            std::to_string(columns_.size())});
    } else {
      begins_.push_back(static_cast<uint32_t>(reader.begin()));
    }
  }
}

void FeedRows::ReadHead(size_t line, std::vector<FeedFault>* faults) {
  std::set<std::string> seen;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const std::string& name = columns_[i];
    if (name.empty()) {
      faults->push_back({line, "column " + std::to_string(i + 1) + " has no name"});
    } else if (kBlank.find(name.front()) != kBlank.npos ||
               kBlank.find(name.back()) != kBlank.npos) {
      faults->push_back({line, "the column name `" + name + "` begins or ends with a space"});
    } else if (!seen.insert(name).second) {
      faults->push_back({line, "two columns have the name `" + name + "`"});
    }
  }
}

void FeedRows::IndexJsonLines(std::vector<FeedFault>* faults) {
  const size_t most = faults->size() + kMaxFaults;
  simdjson::dom::parser parser;
  // Deep values are refused here as they are where users take them.
  if (parser.allocate(1024, kMaxJsonDepth) != simdjson::SUCCESS) {
    return faults->push_back({1, "no memory to parse it"});
  }
  std::string padded;
  size_t number = 1;
  for (size_t begin = 0; begin < content_.size() && faults->size() < most; ++number) {
    const size_t end = std::min(content_.find('\n', begin), content_.size());
    const std::string_view line = content_.substr(begin, end - begin);
    if (line.find_first_not_of(kBlank) != line.npos) {
      padded.assign(line);
      padded.resize(line.size() + simdjson::SIMDJSON_PADDING);
      simdjson::dom::element element;
      const auto error = parser.parse(padded.data(), line.size(), false).get(element);
      if (error != simdjson::SUCCESS) {
        faults->push_back({number, std::string("not JSON: ") + simdjson::error_message(error)});
      } else if (!element.is_object()) {
        faults->push_back({number, "JSON, but no object"});
      } else {
        begins_.push_back(static_cast<uint32_t>(begin));
      }
    }
    begin = end + 1;
  }
}

void FeedRows::Fields(size_t row, std::vector<std::string_view>* fields,
                      std::string* scratch) const {
  const size_t begin = begins_[row];
  const size_t end = row + 1 < begins_.size() ? begins_[row + 1] : content_.size();
  CsvReader reader(content_.substr(begin, end - begin));
  std::vector<CsvField> raw;
  raw.reserve(columns_.size());
  reader.Next(&raw);
  fields->clear();
  scratch->clear();
  // Never grows again, so that what points into it stays.
  scratch->reserve(end - begin);
  for (const CsvField& field : raw) {
    if (!field.doubled) {
      fields->push_back(field.text);
      continue;
    }
    const size_t from = scratch->size();
    field.AppendTo(scratch);
    fields->push_back(std::string_view(*scratch).substr(from));
  }
}

std::string_view FeedRows::Json(size_t row) const {
  const size_t begin = begins_[row];
  return content_.substr(begin, std::min(content_.find('\n', begin), content_.size()) - begin);
}

}  // namespace rampart
