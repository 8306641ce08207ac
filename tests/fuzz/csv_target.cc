// Feeds: every byte of a CSV text is in a record or a fault; records written again are the same.
#include <algorithm>

#include "common/feed/csv_reader.h"
#include "tests/fuzz/fuzz_target.h"

namespace rampart {
namespace {

using Records = std::vector<std::vector<std::string>>;

Records Read(std::string_view text, bool* faults) {
  CsvReader reader(text);
  Records records;
  std::vector<CsvField> fields;
  size_t begin = 0;
  size_t line = 0;
  const auto lines = static_cast<size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (;;) {
    const CsvReader::Got got = reader.Next(&fields);
    if (got == CsvReader::Got::kEnd) return records;
    FUZZ_CHECK(reader.begin() >= begin && reader.begin() <= text.size());
    FUZZ_CHECK(reader.line() > line && reader.line() <= lines);
    begin = reader.begin();
    line = reader.line();
    if (got == CsvReader::Got::kFault) {
      FUZZ_CHECK(!reader.fault().empty());
      *faults = true;
      continue;
    }
    std::vector<std::string>& record = records.emplace_back();
    for (const CsvField& field : fields) field.AppendTo(&record.emplace_back());
    FUZZ_CHECK(!record.empty());
  }
}

std::string Written(const Records& records) {
  std::string out;
  for (const auto& record : records) {
    for (size_t i = 0; i < record.size(); ++i) {
      out += i == 0 ? "\"" : ",\"";
      for (const char c : record[i]) out.append(c == '"' ? 2 : 1, c);
      out += '"';
    }
    out += "\r\n";
  }
  return out;
}

}  // namespace

void FuzzCsv(std::string_view input) {
  bool faults = false;
  const Records records = Read(input, &faults);
  bool none = false;
  FUZZ_CHECK(Read(Written(records), &none) == records);
  FUZZ_CHECK(!none);
}

}  // namespace rampart
