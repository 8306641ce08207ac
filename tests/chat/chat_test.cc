// The HTTP side of the chat server, against the real one over loopback.
#include <zlib.h>

#include <filesystem>
#include <string>

#include "gmock/gmock.h"
#include "tests/chat/test_client.h"

namespace rampart::chat {
namespace {

using ::testing::HasSubstr;

uint64_t Count(Client& client, const char* name) {
  return client.Get("/api/stats").Json().at(name).to_number<uint64_t>();
}

std::string FileBody(const std::string& content) {
  return "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"f.bin\"\r\n\r\n" +
         content + "\r\n--XX--\r\n";
}
constexpr char kMultipart[] = "multipart/form-data; boundary=XX";

TEST(ChatAccountTest, ATokenIsCheckedAndARefreshReplacesIt) {
  RunningServer server(Options{});
  Client client(server);
  EXPECT_EQ(client.Get("/api/users/me").status, 401u);
  const std::string id = client.SignIn("ann");
  EXPECT_EQ(client.Get("/api/users/me").Text("name"), "ann");
  const std::string old = client.token;
  client.token = client.Post("/api/auth/refresh", json::object()).Text("token");
  EXPECT_EQ(client.Get("/api/users/me").Text("id"), id);
  client.token = old;
  EXPECT_EQ(client.Get("/api/users/me").status, 401u);
  EXPECT_EQ(client.Post("/api/auth/refresh", json::object()).status, 401u);
}

TEST(ChatAccountTest, AWrongOrEmptyPasswordIsRefused) {
  RunningServer server(Options{});
  Client client(server);
  client.SignIn("ann");
  const auto sign_in = [&](const char* password) {
    return client.Post("/api/auth/signin", {{"username", "ann"}, {"password", password}}).status;
  };
  EXPECT_EQ(sign_in("guess"), 401u);
  EXPECT_EQ(sign_in(""), 401u);
  EXPECT_EQ(sign_in("secret of ann"), 200u);
}

TEST(ChatAccountTest, TheUserHeaderSignsInOnlyWhenAllowed) {
  RunningServer strict(Options{});
  Client refused(strict);
  refused.user_header = "bob";
  EXPECT_EQ(refused.Get("/api/users/me").status, 401u);
  RunningServer open(Options{.allow_user_header = true});
  Client allowed(open);
  allowed.user_header = "bob";
  EXPECT_EQ(allowed.Get("/api/users/me").Text("name"), "bob");
}

TEST(ChatChannelTest, ChannelsAreListedInPartsAndDeletedWithTheirMessages) {
  RunningServer server(Options{});
  Client client(server);
  client.SignIn("ann");
  const std::string first = client.NewChannel();
  const std::string second = client.NewChannel();
  const std::string message = client.NewMessage(first, "soon gone");
  const json::value page = client.Get("/api/channels?limit=1&offset=1").Json();
  ASSERT_EQ(page.at("channels").as_array().size(), 1u);
  EXPECT_EQ(page.at("channels").at(0).at("id"), json::string_view(second));
  EXPECT_EQ(client.Do(http::verb::delete_, "/api/channels/" + first).status, 204u);
  EXPECT_EQ(client.Get("/api/channels/" + first).status, 404u);
  EXPECT_EQ(client.Get("/api/messages/" + message).status, 404u);
  EXPECT_EQ(client.Get("/api/messages?channel_id=" + first).status, 404u);
  EXPECT_TRUE(client.Get("/api/search?q=soon").Json().at("results").as_array().empty());
}

TEST(ChatMessageTest, MessagesAreListedNewestFirstAndInParts) {
  RunningServer server(Options{});
  Client client(server);
  client.SignIn("ann");
  const std::string channel = client.NewChannel();
  std::string ids[3];
  for (std::string& id : ids) id = client.NewMessage(channel, "text");
  const json::value newest = client.Get("/api/messages?limit=2&channel_id=" + channel).Json();
  ASSERT_EQ(newest.at("messages").as_array().size(), 2u);
  EXPECT_EQ(newest.at("messages").at(0).at("id"), json::string_view(ids[2]));
  const json::value older =
      client.Get("/api/messages?channel_id=" + channel + "&before=" + ids[1]).Json();
  ASSERT_EQ(older.at("messages").as_array().size(), 1u);
  EXPECT_EQ(older.at("messages").at(0).at("id"), json::string_view(ids[0]));
}

TEST(ChatMessageTest, WhoIsMentionedIsNotified) {
  RunningServer server(Options{});
  Client bob(server);
  bob.SignIn("bob");
  Client ann(server);
  ann.SignIn("ann");
  const std::string message = ann.NewMessage(ann.NewChannel(), "dear @bob, and @nobody");
  const json::value list = bob.Get("/api/notifications").Json();
  ASSERT_EQ(list.at("notifications").as_array().size(), 1u);
  EXPECT_EQ(list.at("notifications").at(0).at("message").at("id"), json::string_view(message));
  EXPECT_TRUE(ann.Get("/api/notifications").Json().at("notifications").as_array().empty());
}

TEST(ChatFileTest, AnUploadIsProcessedAndDownloadsUnchanged) {
  RunningServer server(Options{});
  Client client(server);
  client.SignIn("ann");
  std::string content;
  for (uint32_t i = 0; content.size() < 3'000'000; ++i) content += "\r\n--X" + std::to_string(i);
  const Answered uploaded =
      client.Do(http::verb::post, "/api/files/upload", FileBody(content), kMultipart);
  ASSERT_EQ(uploaded.status, 201u) << uploaded.body;
  EXPECT_EQ(uploaded.Text("status"), "processing");
  EXPECT_EQ(uploaded.Json().at("size"), content.size());
  const std::string target = "/api/files/" + uploaded.Text("id");
  Answered file = client.Get(target);
  while (file.Text("status") == "processing") file = client.Get(target);
  EXPECT_EQ(file.Text("status"), "processed");
  EXPECT_EQ(file.Text("sha256").size(), 64u);
  EXPECT_TRUE(client.Get(target + "/download").body == content);
}

TEST(ChatFileTest, AFileIsListedUntilItIsDeleted) {
  const std::string folder = testing::TempDir() + "chat_deleted";
  std::filesystem::remove_all(folder);
  RunningServer server(Options{.data_dir = folder});
  Client client(server);
  client.SignIn("ann");
  const auto upload = [&client](const std::string& content) {
    return client.Do(http::verb::post, "/api/files/upload", FileBody(content), kMultipart)
        .Text("id");
  };
  const std::string first = upload("one");
  const std::string second = upload("second");
  const auto listed = [&client](const std::string& query) {
    std::string ids;
    const json::value answer = client.Get("/api/files" + query).Json();
    for (const json::value& file : answer.at("files").as_array()) {
      ids += std::string(file.at("id").as_string()) + " ";
    }
    return ids;
  };
  EXPECT_EQ(listed(""), second + " " + first + " ");
  EXPECT_EQ(listed("?limit=1"), second + " ");
  EXPECT_EQ(client.Do(http::verb::delete_, "/api/files/" + first).status, 204u);
  EXPECT_EQ(client.Do(http::verb::delete_, "/api/files/" + first).status, 404u);
  EXPECT_EQ(client.Get("/api/files/" + first).status, 404u);
  EXPECT_EQ(client.Get("/api/files/" + first + "/download").status, 404u);
  EXPECT_EQ(listed(""), second + " ");
  EXPECT_FALSE(std::filesystem::exists(folder + "/files/" + first));
  const json::value stats = client.Get("/api/stats").Json();
  EXPECT_EQ(stats.at("files_stored").to_number<int>(), 2);
  EXPECT_EQ(stats.at("files_deleted").to_number<int>(), 1);
  EXPECT_EQ(stats.at("file_bytes_stored").to_number<int>(), 9);
}

TEST(ChatFileTest, WhatIsNoUploadIsRefusedAndLeavesNothing) {
  const std::string folder = ::testing::TempDir() + "/chat_refused";
  std::filesystem::remove_all(folder);
  RunningServer server(Options{.data_dir = folder});
  Client client(server);
  const auto upload = [&](const std::string& body, const std::string& type) {
    return client.Do(http::verb::post, "/api/files/upload", body, type).status;
  };
  EXPECT_EQ(upload(FileBody("x"), kMultipart), 401u);
  client.SignIn("ann");
  EXPECT_EQ(upload(FileBody("x"), "text/plain"), 400u);
  EXPECT_EQ(upload("--XX\r\n\r\nno file\r\n--XX--\r\n", kMultipart), 400u);
  EXPECT_EQ(upload(FileBody("x").substr(0, 76), kMultipart), 400u);
  EXPECT_TRUE(std::filesystem::is_empty(folder + "/incoming"));
  EXPECT_TRUE(std::filesystem::is_empty(folder + "/files"));
}

TEST(ChatServerTest, MalformedRequestsAreAnsweredAndCounted) {
  RunningServer server(Options{});
  EXPECT_EQ(Client(server).Raw("NONSENSE\r\n\r\n").status, 400u);
  EXPECT_EQ(Client(server).Raw("GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x')).status, 431u);
  EXPECT_EQ(
      Client(server).Raw("POST /api/messages HTTP/1.1\r\nContent-Length: 9000000\r\n\r\n").status,
      413u);
  EXPECT_EQ(Client(server)
                .Raw("POST /api/messages HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
                .status,
            400u);
  Client client(server);
  client.SignIn("ann");
  EXPECT_EQ(client.Do(http::verb::post, "/api/messages", "{").status, 400u);
  EXPECT_EQ(client.Do(http::verb::post, "/api/messages", "[1]").status, 400u);
  EXPECT_EQ(client.Post("/api/messages", {{"channel_id", 1}}).status, 400u);
  EXPECT_EQ(client.Post("/api/messages", {{"channel_id", 1}, {"content", "x"}}).status, 404u);
  EXPECT_EQ(client.Get("/api/nothing").status, 404u);
  EXPECT_EQ(client.Do(http::verb::delete_, "/api/messages").status, 405u);
  EXPECT_EQ(client.Get("/api/channels?limit=many").status, 400u);
  EXPECT_EQ(Count(client, "http_requests_incomplete"), 4u);
}

TEST(ChatServerTest, RequestsAreCountedExactly) {
  RunningServer server(Options{});
  Client client(server);
  client.SignIn("ann");
  client.Get("/api/health");
  client.Get("/api/users/me");
  client.Get("/api/nothing");
  SocketClient socket(server);
  const json::value stats = client.Get("/api/stats").Json();
  EXPECT_EQ(stats.at("http_requests"), 3);
  EXPECT_EQ(stats.at("http_requests_total"), 6);
  EXPECT_EQ(json::serialize(stats.at("http_responses_by_status")), R"({"200":2,"404":1})");
  EXPECT_EQ(stats.at("tcp_connections_accepted"), 2);
  EXPECT_EQ(stats.at("tcp_connections_open"), 2);
  EXPECT_EQ(stats.at("ws_connections_opened"), 1);
}

TEST(ChatServerTest, PipelinedRequestsAreAnsweredInOrder) {
  RunningServer server(Options{});
  Client client(server);
  EXPECT_EQ(client.Raw("GET /api/health HTTP/1.1\r\n\r\nGET /none HTTP/1.1\r\n\r\n").status, 200u);
  EXPECT_EQ(client.Read().status, 404u);
}

TEST(ChatServerTest, AnIdleConnectionIsClosed) {
  RunningServer server(Options{.idle_timeout = std::chrono::milliseconds(1)});
  EXPECT_TRUE(Client(server).ReadsEof());
}

TEST(ChatServerTest, LargeAnswersArePackedWhenTheClientAcceptsIt) {
  RunningServer server(Options{.compress = true});
  Client client(server);
  client.SignIn("ann");
  const std::string channel = client.NewChannel();
  const std::string id = client.NewMessage(channel, std::string(5000, 'x'));
  const std::string plain = client.Get("/api/messages/" + id).body;
  client.accept_gzip = true;
  const Answered packed = client.Get("/api/messages/" + id);
  EXPECT_EQ(packed.encoding, "gzip");
  EXPECT_LT(packed.body.size(), 500u);
  std::string text(plain.size() + 1, '\0');
  z_stream stream{};
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.body.data()));
  stream.avail_in = static_cast<uInt>(packed.body.size());
  stream.next_out = reinterpret_cast<Bytef*>(text.data());
  stream.avail_out = static_cast<uInt>(text.size());
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  text.resize(stream.total_out);
  inflateEnd(&stream);
  EXPECT_EQ(text, plain);
  EXPECT_EQ(client.Get("/api/health").encoding, "");
}

TEST(ChatServerTest, WhatWasWrittenIsThereAfterARestart) {
  const std::string folder = ::testing::TempDir() + "/chat_restart";
  std::filesystem::remove_all(folder);
  {
    RunningServer server(Options{.data_dir = folder});
    Client client(server);
    client.SignIn("ann");
    client.NewMessage(client.NewChannel(), "durable words");
  }
  RunningServer server(Options{.data_dir = folder});
  Client client(server);
  EXPECT_EQ(client.SignIn("ann"), "1");
  EXPECT_EQ(client.Get("/api/search?q=durable").Json().at("total"), 1);
  EXPECT_EQ(client.Get("/api/search/suggest?q=du").body, R"({"suggestions":["durable"]})");
}

TEST(ChatServerTest, ATakenPortIsSaidClearly) {
  RunningServer server(Options{});
  const auto second = Server::Start(Options{.port = server.endpoint().port()});
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(second.status().message()), HasSubstr("is taken by another program"));
}

}  // namespace
}  // namespace rampart::chat
