#include "common/tls/x509.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <utility>

namespace rampart {
namespace {

X509Handle<BIO> Reading(std::string_view text) {
  return X509Handle<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string Written(BIO& bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&bio, &data);
  return size <= 0 ? "" : std::string(data, static_cast<size_t>(size));
}

// Nobody is asked: the program has no terminal to itself.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

std::vector<X509Handle<X509>> CertificatesOf(std::string_view pem) {
  const X509Handle<BIO> bio = Reading(pem);
  std::vector<X509Handle<X509>> certificates;
  while (X509* one = PEM_read_bio_X509(bio.get(), nullptr, NoPassphrase, nullptr)) {
    certificates.emplace_back(one);
  }
  ERR_clear_error();  // the end of the text is an error too
  return certificates;
}

X509Handle<EVP_PKEY> KeyOf(std::string_view pem) {
  X509Handle<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(Reading(pem).get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return key;
}

std::string PemOf(const X509& certificate) {
  const X509Handle<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), &certificate);
  return Written(*bio);
}

std::string PemOf(const EVP_PKEY& key) {
  const X509Handle<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(bio.get(), &key, nullptr, nullptr, 0, nullptr, nullptr);
  return Written(*bio);
}

std::string OpenSslError() {
  const unsigned long first = ERR_get_error();
  ERR_clear_error();
  const char* reason = ERR_reason_error_string(first);
  return reason == nullptr ? "no reason was given" : reason;
}

}  // namespace rampart
