// Sha256: of bytes that come piece by piece.
#ifndef RAMPART_AGENT_PROTOCOL_SHA256_H_
#define RAMPART_AGENT_PROTOCOL_SHA256_H_

#include <openssl/evp.h>

#include <memory>
#include <string>
#include <string_view>

namespace rampart::agent {

// Costs a pointer until the first byte.
class Sha256 {
 public:
  void Update(std::string_view bytes);
  // 64 digits in lower case; of nothing, too. Begins anew.
  std::string Hex();
  void Reset() { context_.reset(); }

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  };

  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace rampart::agent

#endif  // RAMPART_AGENT_PROTOCOL_SHA256_H_
