// X509 and keys as values: OpenSSL's handles that free themselves, and PEM.
#ifndef RAMPART_COMMON_TLS_X509_H_
#define RAMPART_COMMON_TLS_X509_H_

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace rampart {

struct X509Free {
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  void operator()(X509_STORE_CTX* context) const { X509_STORE_CTX_free(context); }
  void operator()(X509_EXTENSION* extension) const { X509_EXTENSION_free(extension); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(BIGNUM* number) const { BN_free(number); }
};
template <typename T>
using X509Handle = std::unique_ptr<T, X509Free>;

// In order; none when the text has none. The first is the certificate, those that follow its chain.
std::vector<X509Handle<X509>> CertificatesOf(std::string_view pem);
// Null when the text has none that can be read without a passphrase.
X509Handle<EVP_PKEY> KeyOf(std::string_view pem);

std::string PemOf(const X509& certificate);
// Unencrypted PKCS #8.
std::string PemOf(const EVP_PKEY& key);

// What OpenSSL complained of first, for people; takes its complaints away.
std::string OpenSslError();

}  // namespace rampart

#endif  // RAMPART_COMMON_TLS_X509_H_
