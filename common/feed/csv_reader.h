// CsvReader: the records of a CSV text (RFC 4180), one after the other.
#ifndef RAMPART_COMMON_FEED_CSV_READER_H_
#define RAMPART_COMMON_FEED_CSV_READER_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rampart {

// As it stands in the text; of a quoted field what is between the quotes.
struct CsvField {
  std::string_view text;
  bool doubled = false;  // has `""` where `"` is meant

  void AppendTo(std::string* out) const;
};

// Lines end with LF or CRLF. An empty line is no record: a record of one empty field is written
// `""`. The text must outlive it.
class CsvReader {
 public:
  enum class Got { kRecord, kFault, kEnd };

  explicit CsvReader(std::string_view text) : text_(text) {}

  // After a fault goes on behind the line that has it.
  Got Next(std::vector<CsvField>* fields);

  // Of the record, or the fault, that came last: where it begins, the line that it is in (from 1),
  // and what is wrong.
  size_t begin() const { return begin_; }
  size_t line() const { return line_; }
  const std::string& fault() const { return fault_; }

 private:
  bool AtLineEnd() const;
  void SkipLineEnd();
  bool Plain(CsvField* field);
  bool Quoted(CsvField* field);
  bool Fail(std::string why);

  std::string_view text_;
  size_t at_ = 0;
  size_t next_line_ = 1;  // that at_ is in
  size_t begin_ = 0;
  size_t line_ = 1;
  std::string fault_;
};

}  // namespace rampart

#endif  // RAMPART_COMMON_FEED_CSV_READER_H_
