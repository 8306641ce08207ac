// What tests of whole runs share: the programs, a plan's file, the summary and the target's counts.
#ifndef RAMPART_TESTS_INTEGRATION_RUN_SUPPORT_H_
#define RAMPART_TESTS_INTEGRATION_RUN_SUPPORT_H_

#include <gtest/gtest.h>
#include <simdjson.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <string>

namespace rampart {

inline const std::string kController = PROGRAM_DIR "/controller";
inline const std::string kChat = PROGRAM_DIR "/chat";
// Runs keep their journals there, and not where a person's are.
inline const bool kOwnState = setenv("XDG_STATE_HOME", "/tmp/rampart_test_state", 1) == 0;

// A file that goes with the test.
class TemporaryFile {
 public:
  TemporaryFile(const char* ending, const std::string& text) {
    char path[] = "/tmp/rampart_test_XXXXXX";
    close(mkstemp(path));
    unlink(path);
    path_ = std::string(path) + ending;
    std::ofstream(path_) << text;
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

struct Json {
  explicit Json(const std::string& path) { error = parser.load(path).get(root); }

  double Number(std::string_view pointer) const {
    double number = -1;
    EXPECT_EQ(root.at_pointer(pointer).get(number), simdjson::SUCCESS) << pointer;
    return number;
  }

  simdjson::dom::parser parser;
  simdjson::dom::element root;
  simdjson::error_code error;
};

// `sockets`: the run had WebSockets, so none of the counts is 0.
inline void ExpectTargetAgrees(const Json& summary, bool sockets = true) {
  ASSERT_EQ(summary.error, simdjson::SUCCESS);
  simdjson::dom::array counts;
  ASSERT_EQ(summary.root["target_counts"].get(counts), simdjson::SUCCESS);
  EXPECT_GE(counts.size(), 4u);
  for (const simdjson::dom::element count : counts) {
    const uint64_t ours = count["ours"];
    const uint64_t theirs = count["theirs"];
    const std::string_view what = count["what"];
    EXPECT_EQ(ours, theirs) << what;
    EXPECT_TRUE(ours > 0 || !sockets) << what;
  }
}

}  // namespace rampart

#endif  // RAMPART_TESTS_INTEGRATION_RUN_SUPPORT_H_
