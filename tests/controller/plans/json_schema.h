// JsonSchema: a JSON Schema for a test, of the keywords that ours uses; any other keyword fails.
#ifndef RAMPART_TESTS_CONTROLLER_PLANS_JSON_SCHEMA_H_
#define RAMPART_TESTS_CONTROLLER_PLANS_JSON_SCHEMA_H_

#include <regex.h>
#include <simdjson.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace rampart::controller {

// Owned by a test, on its thread. The text must be JSON, else construction throws.
class JsonSchema {
 public:
  explicit JsonSchema(const std::string& text) : root_(parser_.parse(text).value()) {}

  simdjson::dom::element root() const { return root_; }
  // `json` must be JSON.
  bool Takes(const std::string& json) const {
    simdjson::dom::parser parser;
    return Valid(root_, parser.parse(json).value());
  }

 private:
  using Element = simdjson::dom::element;

  // By value: what a loop walks must outlive it.
  static simdjson::dom::object ObjectOf(Element value) { return value.get_object(); }
  static simdjson::dom::array ArrayOf(Element value) { return value.get_array(); }

  static bool IsType(std::string_view type, Element value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "null") return value.is_null();
    if (type == "number") return value.is_number();
    if (type == "integer") return value.is_int64() || value.is_uint64();
    throw std::logic_error("no type " + std::string(type));
  }

  static bool Equal(Element a, Element b) { return simdjson::minify(a) == simdjson::minify(b); }

  template <typename Test>
  static size_t HowMany(Element list, Test test) {
    size_t count = 0;
    for (const Element one : ArrayOf(list)) count += test(one) ? 1 : 0;
    return count;
  }

  // Our patterns mean the same in POSIX's extended syntax as in ECMAScript's. (<regex> does not
  // compile without warnings under every sanitizer.)
  static bool Matches(const std::string& pattern, const std::string& text) {
    regex_t compiled;
    if (regcomp(&compiled, pattern.c_str(), REG_EXTENDED | REG_NOSUB) != 0) {
      throw std::logic_error("no pattern: " + pattern);
    }
    const bool found = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
    regfree(&compiled);
    return found;
  }

  bool Valid(Element schema, Element value) const {
    for (const auto& [name, argument] : ObjectOf(schema)) {
      if (!Holds(name, argument, schema, value)) return false;
    }
    return true;
  }

  bool Members(Element schema, Element value) const {
    for (const auto& [key, member] : ObjectOf(value)) {
      Element part;
      if (schema["properties"][key].get(part) == simdjson::SUCCESS) {
        if (!Valid(part, member)) return false;
      } else if (schema["additionalProperties"].get(part) == simdjson::SUCCESS) {
        if (part.is_bool() ? !bool{part.get_bool()} : !Valid(part, member)) return false;
      }
    }
    return true;
  }

  bool Holds(std::string_view name, Element argument, Element schema, Element value) const {
    const auto valid = [&](Element part) { return Valid(part, value); };
    if (name == "$schema" || name == "$defs" || name == "title" || name == "description") {
      return true;
    }
    if (name == "$ref") {
      const std::string_view target = argument.get_string().value();
      return Valid(root_.at_pointer(target.substr(1)).value(), value);
    }
    if (name == "type") {
      if (argument.is_string()) return IsType(argument.get_string().value(), value);
      return HowMany(argument,
                     [&](Element type) { return IsType(type.get_string().value(), value); }) > 0;
    }
    if (name == "anyOf") return HowMany(argument, valid) > 0;
    if (name == "oneOf") return HowMany(argument, valid) == 1;
    if (name == "allOf") return HowMany(argument, valid) == ArrayOf(argument).size();
    if (name == "not") return !Valid(argument, value);
    if (name == "const") return Equal(argument, value);
    if (name == "enum") {
      return HowMany(argument, [&](Element one) { return Equal(one, value); }) > 0;
    }
    if (name == "properties" || name == "additionalProperties") {
      return !value.is_object() || Members(schema, value);
    }
    if (name == "required") {
      return !value.is_object() ||
             HowMany(argument, [&](Element key) {
               return value[key.get_string().value()].error() != simdjson::SUCCESS;
             }) == 0;
    }
    if (name == "propertyNames") {
      if (!value.is_object()) return true;
      for (const auto& [key, member] : ObjectOf(value)) {
        simdjson::dom::parser parser;
        if (!Valid(argument, parser.parse("\"" + std::string(key) + "\"").value())) return false;
      }
      return true;
    }
    if (name == "items") {
      return !value.is_array() || HowMany(value, [&](Element item) {
                                    return Valid(argument, item);
                                  }) == ArrayOf(value).size();
    }
    if (name == "pattern") {
      return !value.is_string() || Matches(std::string(argument.get_string().value()),
                                           std::string(value.get_string().value()));
    }
    if (name == "minimum") {
      return !value.is_number() || double{value.get_double()} >= double{argument.get_double()};
    }
    if (name == "maximum") {
      return !value.is_number() || double{value.get_double()} <= double{argument.get_double()};
    }
    throw std::logic_error("a keyword that this validator does not know: " + std::string(name));
  }

  simdjson::dom::parser parser_;
  Element root_;
};

}  // namespace rampart::controller

#endif  // RAMPART_TESTS_CONTROLLER_PLANS_JSON_SCHEMA_H_
