// JsonWriter: JSON text, written front to back.
#ifndef RAMPART_CONTROLLER_REPORT_JSON_WRITER_H_
#define RAMPART_CONTROLLER_REPORT_JSON_WRITER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rampart::controller {

// Owned by who writes, on its thread. What comes out is always valid JSON and UTF-8: a double that
// is no number is `null`, bytes that are no UTF-8 become U+FFFD. A whole double is written as an
// integer; every number reads back as the same double. The caller closes what it opens, in order; a
// broken order crashes.
class JsonWriter {
 public:
  void BeginObject() { Begin('{'); }
  void EndObject() { End('}'); }
  void BeginArray() { Begin('['); }
  void EndArray() { End(']'); }
  // The name of the next value, inside of an object.
  void Key(std::string_view key);

  void String(std::string_view value);
  void Double(double value);
  void Integer(int64_t value);
  void Unsigned(uint64_t value);
  void Bool(bool value);
  void Null();

  // A member in one go.
  void Member(std::string_view key, std::string_view value) { Key(key), String(value); }
  void Member(std::string_view key, const char* value) { Key(key), String(value); }
  void Member(std::string_view key, double value) { Key(key), Double(value); }
  void Member(std::string_view key, int64_t value) { Key(key), Integer(value); }
  void Member(std::string_view key, uint64_t value) { Key(key), Unsigned(value); }
  void Member(std::string_view key, int value) { Key(key), Integer(value); }
  void Member(std::string_view key, bool value) { Key(key), Bool(value); }
  // Without a value: null.
  void Member(std::string_view key, const std::optional<double>& value) {
    Key(key);
    if (value) return Double(*value);
    Null();
  }
  void Member(std::string_view key, const std::vector<std::string>& values) {
    Key(key), BeginArray();
    for (const std::string& value : values) String(value);
    EndArray();
  }

  // The whole text, once everything is closed.
  std::string Take();

 private:
  struct Open {
    char close;
    bool empty = true;
  };

  void Begin(char open);
  void End(char close);
  void BeforeValue();
  void NewLine();
  void Quote(std::string_view text);

  std::string out_;
  std::vector<Open> open_;
  bool after_key_ = false;
};

}  // namespace rampart::controller

#endif  // RAMPART_CONTROLLER_REPORT_JSON_WRITER_H_
