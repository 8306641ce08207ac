#include "tests/chat/store/digester.h"

#include <openssl/evp.h>

#include <array>
#include <fstream>
#include <memory>
#include <vector>

#include "absl/strings/escaping.h"

namespace rampart::chat {
namespace {

constexpr size_t kBlockBytes = 64 * 1024;

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Empty: the file cannot be read.
std::string Sha256Of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return "";
  const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr);
  std::vector<char> block(kBlockBytes);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    EVP_DigestUpdate(context.get(), block.data(), static_cast<size_t>(in.gcount()));
  }
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
  unsigned size = 0;
  EVP_DigestFinal_ex(context.get(), digest.data(), &size);
  return absl::BytesToHexString({reinterpret_cast<char*>(digest.data()), size});
}

}  // namespace

Digester::Digester(Store& store) : store_(store) {
  absl::StatusOr<std::vector<int64_t>> left = store_.Lock()->files.Unprocessed();
  if (left.ok()) queue_.assign(left->begin(), left->end());
  thread_ = std::thread([this] { Run(); });
}

Digester::~Digester() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

bool Digester::Submit(int64_t file_id) {
  std::lock_guard lock(mutex_);
  if (queue_.size() >= kMaxQueued) return false;
  queue_.push_back(file_id);
  changed_.notify_one();
  return true;
}

void Digester::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const int64_t file_id = queue_.front();
    queue_.pop_front();
    lock.unlock();
    Process(file_id);
    lock.lock();
  }
}

void Digester::Process(int64_t file_id) {
  const std::string digest = Sha256Of(store_.FilePath(file_id));
  Store::Access tables = store_.Lock();
  // A database that does not take this leaves the file `processing`, as a crash would.
  absl::Status ignored = digest.empty() ? tables->files.SetFailed(file_id)
                                        : tables->files.SetProcessed(file_id, digest);
  ignored.IgnoreError();
}

}  // namespace rampart::chat
