// FeedRows: the rows of a feed's file.
#ifndef RAMPART_COMMON_FEED_FEED_ROWS_H_
#define RAMPART_COMMON_FEED_FEED_ROWS_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/plan/feed_format.h"

namespace rampart {

struct FeedFault {
  size_t line = 0;  // of the file, from 1
  std::string message;
};

// CSV with a head line (see CsvReader), whose rows are texts by column, or JSON lines: an object a
// line, blank lines are none. UTF-8, with or without a byte order mark. Only where the rows begin
// is kept; the content must outlive it. Does not change, so any thread may read it.
class FeedRows {
 public:
  static constexpr size_t kMaxFaults = 20;  // the first ones

  // What is wrong is added to `faults`; the rows are for use only when nothing is.
  FeedRows(FeedFormat format, std::string_view content, std::vector<FeedFault>* faults);

  FeedFormat format() const { return format_; }
  size_t size() const { return begins_.size(); }

  // Of CSV: the names in the head line, and a row's fields in their order. The fields stay as long
  // as the content and `scratch` do.
  const std::vector<std::string>& columns() const { return columns_; }
  void Fields(size_t row, std::vector<std::string_view>* fields, std::string* scratch) const;

  // Of JSON lines: a row's text.
  std::string_view Json(size_t row) const;

 private:
  void IndexCsv(std::vector<FeedFault>* faults);
  void ReadHead(size_t line, std::vector<FeedFault>* faults);
  void IndexJsonLines(std::vector<FeedFault>* faults);

  FeedFormat format_;
  std::string_view content_;
  std::vector<std::string> columns_;
  std::vector<uint32_t> begins_;  // offsets in content_
};

}  // namespace rampart

#endif  // RAMPART_COMMON_FEED_FEED_ROWS_H_
