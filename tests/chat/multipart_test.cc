#include "tests/chat/net/multipart.h"

#include <string>

#include "gtest/gtest.h"

namespace rampart::chat {
namespace {

struct Parts {
  std::string text;  // every part as [field|file|type]content
  absl::Status status;
};

// Feeds `body` in pieces of `step` bytes.
Parts ReadBy(std::string_view body, size_t step) {
  Parts parts;
  MultipartReader reader("XX", {[&](const PartHeader& part) {
                                  parts.text += "[" + part.field + "|" + part.file_name + "|" +
                                                part.content_type + "]";
                                  return absl::OkStatus();
                                },
                                [&](std::string_view bytes) {
                                  parts.text += bytes;
                                  return absl::OkStatus();
                                }});
  for (size_t i = 0; i < body.size() && parts.status.ok(); i += step) {
    parts.status = reader.Feed(body.substr(i, step));
  }
  if (parts.status.ok()) parts.status = reader.Finish();
  return parts;
}

constexpr std::string_view kBody =
    "a preamble\r\n--XX\r\nContent-Disposition: form-data; name=\"title\"\r\n\r\nhello\r\n--XX\r\n"
    "content-disposition: form-data; name=file; filename=\"a \\\"b\\\";c.bin\"\r\n"
    "Content-Type: image/png\r\n\r\n\r\n--X\r\n--XY not a "
    "boundary\r\n\r\n--XX\r\n\r\n\r\n--XX--\r\n";

TEST(MultipartReaderTest, PiecesOfAnySizeMakeTheSameParts) {
  const std::string whole =
      "[title||]hello[file|a \"b\";c.bin|image/png]\r\n--X\r\n--XY not a boundary\r\n[||]";
  for (size_t step = 1; step <= kBody.size(); ++step) {
    // A boundary must be followed by a line end: `--XX`, then `Y`, is content only when it does not
    // begin with the whole boundary, as `--XY` here.
    const Parts parts = ReadBy(kBody, step);
    EXPECT_TRUE(parts.status.ok()) << step << ": " << parts.status;
    EXPECT_EQ(parts.text, whole) << step;
  }
}

TEST(MultipartReaderTest, CutBodiesAreErrors) {
  const size_t last_boundary = kBody.rfind("--\r\n");
  for (size_t size = 0; size < last_boundary; ++size) {
    EXPECT_FALSE(ReadBy(kBody.substr(0, size), 7).status.ok()) << size;
  }
}

TEST(MultipartReaderTest, AnEndlessPartHeaderIsRefused) {
  std::string body = "--XX\r\nX: ";
  body.append(2 * MultipartReader::kMaxHeaderBytes, 'x');
  EXPECT_FALSE(ReadBy(body, 1000).status.ok());
}

TEST(MultipartReaderTest, TheBoundaryComesFromTheContentType) {
  EXPECT_EQ(MultipartReader::Boundary("Multipart/Form-Data; charset=utf-8; boundary=\"a b\""),
            "a b");
  EXPECT_EQ(MultipartReader::Boundary("multipart/form-data; boundary=----x1"), "----x1");
  EXPECT_EQ(MultipartReader::Boundary("multipart/form-data"), "");
  EXPECT_EQ(MultipartReader::Boundary("text/plain; boundary=x"), "");
}

}  // namespace
}  // namespace rampart::chat
