#include "common/feed/csv_reader.h"

#include <algorithm>
#include <utility>

namespace rampart {

void CsvField::AppendTo(std::string* out) const {
  if (!doubled) {
    out->append(text);
    return;
  }
  for (size_t i = 0; i < text.size(); ++i) {
    out->push_back(text[i]);
    if (text[i] == '"') ++i;
  }
}

CsvReader::Got CsvReader::Next(std::vector<CsvField>* fields) {
  fields->clear();
  while (at_ < text_.size() && AtLineEnd()) SkipLineEnd();
  if (at_ == text_.size()) return Got::kEnd;
  begin_ = at_;
  line_ = next_line_;
  while (true) {
    CsvField& field = fields->emplace_back();
    const bool quoted = at_ < text_.size() && text_[at_] == '"';
    if (!(quoted ? Quoted(&field) : Plain(&field))) {
      at_ = std::min(text_.find('\n', at_), text_.size());
      return Got::kFault;
    }
    if (AtLineEnd()) {
      SkipLineEnd();
      return Got::kRecord;
    }
    ++at_;  // the comma
  }
}

bool CsvReader::AtLineEnd() const {
  const std::string_view rest = text_.substr(at_);
  return rest.empty() || rest[0] == '\n' || rest == "\r" || rest.starts_with("\r\n");
}

void CsvReader::SkipLineEnd() {
  if (at_ < text_.size() && text_[at_] == '\r') ++at_;
  if (at_ == text_.size()) return;
  ++at_;
  ++next_line_;
}

bool CsvReader::Plain(CsvField* field) {
  const size_t begin = at_;
  while (at_ < text_.size() && text_[at_] != ',' && !(text_[at_] <= '\r' && AtLineEnd())) {
    if (text_[at_] == '"') return Fail("a quote inside a field that does not begin with one");
    ++at_;
  }
  field->text = text_.substr(begin, at_ - begin);
  return true;
}

bool CsvReader::Quoted(CsvField* field) {
  const size_t begin = at_ + 1;
  const size_t first_line = next_line_;
  size_t end = begin;
  while (true) {
    end = text_.find('"', end);
    if (end == std::string_view::npos) {
      at_ = text_.size();
      next_line_ = first_line;
      return Fail("a quote that begins in this line is never closed");
    }
    if (end + 1 >= text_.size() || text_[end + 1] != '"') break;
    field->doubled = true;
    end += 2;
  }
  field->text = text_.substr(begin, end - begin);
  next_line_ += static_cast<size_t>(std::count(field->text.begin(), field->text.end(), '\n'));
  at_ = end + 1;
  if (AtLineEnd() || text_[at_] == ',') return true;
  return Fail("text after the closing quote of a field");
}

bool CsvReader::Fail(std::string why) {
  line_ = next_line_;
  fault_ = std::move(why);
  return false;
}

}  // namespace rampart
