// What the associations of one factory share: an SSL_CTX and, on a client, the credentials.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bytes.h"
#include "handles.h"
#include "library_error.h"
#include "random_source.h"

namespace avs {

struct ContextOptions {
  bool server = false;
  // As on the wire: DTLS1_2_VERSION, or DTLS1_VERSION for a peer that knows nothing newer.
  uint16_t lowestVersion = DTLS1_2_VERSION;
  uint16_t highestVersion = DTLS1_2_VERSION;
  // OpenSSL's names in order of preference, separated by colons.
  std::string ciphersuites;
  bool keyLog = false;
  // Client: what to offer. Neither holds a zero byte where OpenSSL would stop at it.
  std::string identity;
  Secret key;
  // Server: empty for none.
  std::string identityHint;
  // Client: RFC 6066 §4, the code on the wire (1 to 4), 0 for none.
  uint8_t maxFragmentLength = 0;
  // Client: go on with a server that does not know renegotiation_info. RFC 5746 §4.1
  bool legacyServers = false;
  // Server: the client's order of ciphersuites decides, not its own.
  bool clientOrder = false;
  // Server: what tickets say of their lifetime, seconds.
  uint32_t sessionLifetime = 0;
  // What the associations draw their randomness from; null for OpenSSL's own generator.
  std::unique_ptr<RandomSource> random;
};

class ContextCache;

class Context {
 public:
  // Null with `error` set if OpenSSL refuses. Contexts that differ in their credentials only may share an SSL_CTX, through the cache.
  static std::shared_ptr<Context> Create(ContextOptions options, ContextCache* cache, LibraryError* error);

  SSL_CTX* ssl_context() const { return context_.get(); }
  bool server() const { return options_.server; }
  const std::string& identity() const { return options_.identity; }
  const Secret& key() const { return options_.key; }

  // The library context in use; null for that of the process.
  OSSL_LIB_CTX* library() const { return options_.random ? options_.random->library() : nullptr; }
  RandomSource* random() const { return options_.random.get(); }
  // What tickets are sealed with, looked up once. Null: OpenSSL lacks it.
  const EVP_CIPHER* ticket_cipher();

  void WipeKey() { options_.key.Wipe(); }

 private:
  Context(ContextOptions options, SslContextPointer context)
      : options_(std::move(options)), context_(std::move(context)) {}

  ContextOptions options_;
  SslContextPointer context_;
  CipherPointer ticketCipher_;
};

// TLS_PSK_WITH_AES_128_CCM_8 and TLS_PSK_WITH_AES_256_CCM_8. RFC 6655 §3
bool IsPskCcm8(uint16_t number);

struct CiphersuiteName {
  uint16_t number;
  std::string name;
};

// The PSK suites for DTLS 1.2 that this process's OpenSSL has.
std::vector<CiphersuiteName> PskCiphersuites();

}  // namespace avs
