// Owners of OpenSSL's objects: each is freed exactly once, on every path.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/ssl.h>

#include <memory>

namespace avs {

struct SslDeleter {
  void operator()(SSL* ssl) const { SSL_free(ssl); }
};
struct SslContextDeleter {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
};
struct BioDeleter {
  void operator()(BIO* bio) const { BIO_free_all(bio); }
};
struct BioMethodDeleter {
  void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
};
struct BioAddressDeleter {
  void operator()(BIO_ADDR* address) const { BIO_ADDR_free(address); }
};

struct LibraryContextDeleter {
  void operator()(OSSL_LIB_CTX* library) const { OSSL_LIB_CTX_free(library); }
};
struct ProviderDeleter {
  void operator()(OSSL_PROVIDER* provider) const { OSSL_PROVIDER_unload(provider); }
};
struct SessionDeleter {
  void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
};
struct CipherDeleter {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
struct CipherContextDeleter {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};

using SslPointer = std::unique_ptr<SSL, SslDeleter>;
using SslContextPointer = std::unique_ptr<SSL_CTX, SslContextDeleter>;
using LibraryContextPointer = std::unique_ptr<OSSL_LIB_CTX, LibraryContextDeleter>;
using ProviderPointer = std::unique_ptr<OSSL_PROVIDER, ProviderDeleter>;
using SessionPointer = std::unique_ptr<SSL_SESSION, SessionDeleter>;
using CipherContextPointer = std::unique_ptr<EVP_CIPHER_CTX, CipherContextDeleter>;
using CipherPointer = std::unique_ptr<EVP_CIPHER, CipherDeleter>;
using BioPointer = std::unique_ptr<BIO, BioDeleter>;
using BioMethodPointer = std::unique_ptr<BIO_METHOD, BioMethodDeleter>;
using BioAddressPointer = std::unique_ptr<BIO_ADDR, BioAddressDeleter>;

}  // namespace avs
