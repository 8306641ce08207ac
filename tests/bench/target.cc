// A target that costs as little as it can, so that what is measured is the client: WebSockets are
// upgraded, texts and pings answered, bodies of requests dropped, `GET /count` says what was seen.
// Some processes share the load by SO_REUSEPORT, for descriptors are limited.
//
//   target PROCESSES ADDRESSES      listens on 127.0.0.1 to 127.0.0.ADDRESSES and prints `listening
//   on port N`
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr size_t kReadSize = 256 << 10;
constexpr size_t kMaxRest = 1 << 20;  // of a head or a frame that has not come whole
constexpr int kMaxEvents = 512;
constexpr int kBacklog = 65'535;

// In memory that all processes share.
struct Counts {
  std::atomic<int64_t> open{0};  // WebSockets
  std::atomic<int64_t> upgraded{0};
  std::atomic<int64_t> pings{0};
  std::atomic<int64_t> messages{0};
  std::atomic<int64_t> requests{0};  // with the body whole; those of /count are not counted
  std::atomic<int64_t> body_bytes{0};
  std::atomic<int64_t> first_body_ns{0};  // since the last /reset
  std::atomic<int64_t> last_body_ns{0};
};
Counts* counts;

struct Connection {
  bool websocket = false;
  uint64_t to_drop = 0;  // of a body
  std::string rest;      // of what has not come whole
};

int64_t Now() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

void Die(const char* what) {
  perror(what);
  exit(1);
}

std::string AcceptOf(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> hash;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
  std::array<unsigned char, 32> encoded;
  const int size = EVP_EncodeBlock(encoded.data(), hash.data(), static_cast<int>(hash.size()));
  return {reinterpret_cast<char*>(encoded.data()), static_cast<size_t>(size)};
}

// The value of a header, empty without it. Names match in any case.
std::string_view Header(std::string_view head, std::string_view name) {
  for (size_t at = head.find("\r\n"); at != head.npos; at = head.find("\r\n", at + 2)) {
    const std::string_view line = head.substr(at + 2, head.find("\r\n", at + 2) - at - 2);
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    const size_t begin = line.find_first_not_of(' ', name.size() + 1);
    return begin == line.npos ? std::string_view() : line.substr(begin);
  }
  return {};
}

std::string CountsText() {
  char text[400];
  const int size =
      snprintf(text, sizeof(text),
               "{\"open\":%ld,\"upgraded\":%ld,\"pings\":%ld,\"messages\":%ld,\"requests\":%ld,"
               "\"body_bytes\":%ld,\"body_ns\":%ld}",
               counts->open.load(), counts->upgraded.load(), counts->pings.load(),
               counts->messages.load(), counts->requests.load(), counts->body_bytes.load(),
               counts->last_body_ns.load() - counts->first_body_ns.load());
  return {text, static_cast<size_t>(size)};
}

std::string Answer(std::string_view body) {
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

class Server {
 public:
  Server(std::vector<int> listeners) : buffer_(kReadSize), epoll_(epoll_create1(0)) {
    for (const int listener : listeners) Watch(listener);
    listeners_ = std::move(listeners);
  }

  void Run() {
    std::array<epoll_event, kMaxEvents> events;
    for (;;) {
      const int count = epoll_wait(epoll_, events.data(), kMaxEvents, -1);
      for (int i = 0; i < count; ++i) {
        const int fd = events[static_cast<size_t>(i)].data.fd;
        if (std::find(listeners_.begin(), listeners_.end(), fd) != listeners_.end()) {
          Accept(fd);
        } else if (!Read(fd)) {
          Close(fd);
        }
      }
    }
  }

 private:
  void Watch(int fd) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = fd;
    if (epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) Die("epoll_ctl");
  }

  void Accept(int listener) {
    for (;;) {
      const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd < 0) return;
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      if (connections_.size() <= static_cast<size_t>(fd)) {
        connections_.resize(static_cast<size_t>(fd) + 1);
      }
      connections_[static_cast<size_t>(fd)] = {};
      Watch(fd);
    }
  }

  void Close(int fd) {
    Connection& connection = connections_[static_cast<size_t>(fd)];
    if (connection.websocket) --counts->open;
    connection = {};
    close(fd);
  }

  // False when the connection is over.
  bool Read(int fd) {
    Connection& connection = connections_[static_cast<size_t>(fd)];
    if (connection.to_drop > 0) return Drop(fd, connection);
    const ssize_t got = recv(fd, buffer_.data(), buffer_.size(), 0);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    std::string_view data(buffer_.data(), static_cast<size_t>(got));
    if (!connection.rest.empty()) {
      connection.rest.append(data);
      whole_.swap(connection.rest);
      connection.rest.clear();
      data = whole_;
    }
    while (!data.empty()) {
      const size_t before = data.size();
      if (!(connection.websocket ? Frame(fd, data) : Request(fd, connection, data))) return false;
      if (data.size() == before) break;
    }
    if (!data.empty()) connection.rest = data;
    return connection.rest.size() <= kMaxRest;
  }

  // TCP throws away what nobody looks at: nothing is copied.
  bool Drop(int fd, Connection& connection) {
    const size_t wanted = std::min<uint64_t>(connection.to_drop, 16 << 20);
    const ssize_t got = recv(fd, nullptr, wanted, MSG_TRUNC);
    if (got <= 0) return got < 0 && errno == EAGAIN;
    return Dropped(fd, connection, static_cast<uint64_t>(got));
  }

  bool Dropped(int fd, Connection& connection, uint64_t size) {
    const int64_t now = Now();
    int64_t none = 0;
    counts->first_body_ns.compare_exchange_strong(none, now);
    counts->last_body_ns = now;
    counts->body_bytes += static_cast<int64_t>(size);
    connection.to_drop -= size;
    return connection.to_drop > 0 || Whole(fd);
  }

  bool Whole(int fd) {
    ++counts->requests;
    return Send(fd, Answer("{}"));
  }

  bool Request(int fd, Connection& connection, std::string_view& data) {
    const size_t end = data.find("\r\n\r\n");
    if (end == data.npos) return true;
    const std::string_view head = data.substr(0, end + 2);
    data.remove_prefix(end + 4);
    if (const std::string_view key = Header(head, "Sec-WebSocket-Key"); !key.empty()) {
      connection.websocket = true;
      ++counts->open;
      ++counts->upgraded;
      return Send(fd,
                  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade"
                  "\r\nSec-WebSocket-Accept: " +
                      AcceptOf(key) + "\r\n\r\n");
    }
    if (head.starts_with("GET /count ")) return Send(fd, Answer(CountsText()));
    if (head.starts_with("GET /reset ")) {
      counts->body_bytes = counts->requests = counts->pings = counts->messages = 0;
      counts->first_body_ns = counts->last_body_ns = 0;
      return Send(fd, Answer("{}"));
    }
    const std::string length(Header(head, "Content-Length"));
    connection.to_drop = strtoull(length.c_str(), nullptr, 10);
    if (!Header(head, "Expect").empty() && !Send(fd, "HTTP/1.1 100 Continue\r\n\r\n")) return false;
    if (connection.to_drop == 0) return Whole(fd);
    const uint64_t here = std::min<uint64_t>(connection.to_drop, data.size());
    data.remove_prefix(here);
    return Dropped(fd, connection, here);
  }

  // Takes a client's frame off `data` once it is whole.
  bool Frame(int fd, std::string_view& data) {
    if (data.size() < 2) return true;
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(data[i]); };
    uint64_t length = byte(1) & 0x7f;
    size_t head = 2;
    if (length >= 126) {
      head = length == 126 ? 4 : 10;
      if (data.size() < head) return true;
      length = 0;
      for (size_t i = 2; i < head; ++i) length = length << 8 | byte(i);
    }
    if ((byte(1) & 0x80) == 0 || length > kMaxRest) return false;
    if (data.size() < head + 4 + length) return true;
    const int opcode = byte(0) & 0x0f;
    std::string payload(data.substr(head + 4, length));
    for (size_t i = 0; i < payload.size(); ++i) {
      payload[i] = static_cast<char>(payload[i] ^ data[head + i % 4]);
    }
    data.remove_prefix(head + 4 + length);
    constexpr int kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10;
    if (opcode == kPing) {
      ++counts->pings;
      return SendFrame(fd, kPong, payload);
    }
    if (opcode == kText || opcode == kBinary) {
      ++counts->messages;
      return SendFrame(fd, opcode, payload);
    }
    if (opcode == kClose) SendFrame(fd, kClose, payload);
    return opcode != kClose;
  }

  bool SendFrame(int fd, int opcode, const std::string& payload) {
    std::string frame(1, static_cast<char>(0x80 | opcode));
    if (payload.size() < 126) {
      frame += static_cast<char>(payload.size());
    } else {
      const int bytes = payload.size() < 65'536 ? 2 : 8;
      frame += static_cast<char>(bytes == 2 ? 126 : 127);
      for (int i = bytes - 1; i >= 0; --i) frame += static_cast<char>(payload.size() >> (8 * i));
    }
    return Send(fd, frame + payload);
  }

  // Who does not read its short answers loses the connection.
  bool Send(int fd, const std::string& text) {
    return send(fd, text.data(), text.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(text.size());
  }

  std::vector<char> buffer_;
  std::string whole_;
  int epoll_;
  std::vector<int> listeners_;
  std::vector<Connection> connections_;  // by descriptor
};

// Port 0 lets the kernel choose, and is set to what it chose.
int Listen(int address, uint16_t* port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(*port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK + static_cast<uint32_t>(address));
  if (bind(fd, reinterpret_cast<sockaddr*>(&at), sizeof(at)) != 0) Die("bind");
  if (listen(fd, kBacklog) != 0) Die("listen");
  socklen_t size = sizeof(at);
  getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size);
  *port = ntohs(at.sin_port);
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  const int processes = argc > 1 ? atoi(argv[1]) : 1;
  const int addresses = argc > 2 ? atoi(argv[2]) : 1;
  rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  void* shared =
      mmap(nullptr, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) Die("mmap");
  counts = new (shared) Counts;
  uint16_t port = 0;
  // All sockets of all processes stand before the first connection comes.
  std::vector<std::vector<int>> listeners(static_cast<size_t>(processes));
  for (std::vector<int>& own : listeners) {
    for (int address = 0; address < addresses; ++address) own.push_back(Listen(address, &port));
  }
  for (size_t i = 0; i < listeners.size(); ++i) {
    const pid_t parent = getpid();
    if (const pid_t child = fork(); child < 0) {
      Die("fork");
    } else if (child == 0) {
      prctl(PR_SET_PDEATHSIG, SIGTERM);
      if (getppid() != parent) return 0;
      for (size_t other = 0; other < listeners.size(); ++other) {
        if (other == i) continue;
        for (const int fd : listeners[other]) close(fd);
      }
      Server(std::move(listeners[i])).Run();
    }
  }
  for (const std::vector<int>& own : listeners) {
    for (const int fd : own) close(fd);
  }
  printf("listening on port %d\n", port);
  fflush(stdout);
  while (wait(nullptr) > 0 || errno == EINTR) {
  }
  return 0;
}
