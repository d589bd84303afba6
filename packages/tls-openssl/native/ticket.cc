#include "ticket.h"

#include <openssl/core_names.h>
#include <openssl/hmac.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <cstring>

#include "session.h"

namespace avs {
namespace {

constexpr size_t kIvSize = 16;
constexpr size_t kMacSize = 32;
constexpr size_t kBlock = 16;

}  // namespace

bool PrepareTicket(OSSL_LIB_CTX* library, const EVP_CIPHER* algorithm, const Secret& key, unsigned char* name, unsigned char* iv,
                   EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac) {
  const uint8_t* secret = key.data() + kTicketKeyNameSize;
  // OpenSSL takes the key of a MAC for something that it might change.
  Secret macKey(Span{secret + kTicketSecretSize, kTicketSecretSize});
  char digest[] = "SHA256";
  const OSSL_PARAM parameters[] = {
      OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, macKey.data(), macKey.size()),
      OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
      OSSL_PARAM_construct_end(),
  };
  if (algorithm == nullptr || RAND_bytes_ex(library, iv, kIvSize, 0) != 1 ||
      EVP_EncryptInit_ex2(cipher, algorithm, secret, iv, nullptr) != 1 || EVP_MAC_CTX_set_params(mac, parameters) != 1) {
    return false;
  }
  std::memcpy(name, key.data(), kTicketKeyNameSize);
  return true;
}

SessionPointer OpenTicket(const EVP_CIPHER* algorithm, Span key, Span ticket) {
  constexpr size_t kHeader = kTicketKeyNameSize + kIvSize;
  if (algorithm == nullptr || key.size != kTicketKeySize || ticket.size < kHeader + kBlock + kMacSize) return nullptr;
  const size_t sealedSize = ticket.size - kHeader - kMacSize;
  if (sealedSize % kBlock != 0) return nullptr;
  const uint8_t* secret = key.data + kTicketKeyNameSize;
  uint8_t mac[kMacSize];
  unsigned int macSize = 0;
  const bool isAuthentic = HMAC(EVP_sha256(), secret + kTicketSecretSize, kTicketSecretSize, ticket.data, ticket.size - kMacSize, mac,
                                &macSize) != nullptr &&
                           macSize == kMacSize && CRYPTO_memcmp(mac, ticket.data + ticket.size - kMacSize, kMacSize) == 0;
  if (!isAuthentic) return nullptr;
  const CipherContextPointer cipher(EVP_CIPHER_CTX_new());
  Secret state(sealedSize + kBlock);
  int size = 0;
  int rest = 0;
  if (!cipher || EVP_DecryptInit_ex2(cipher.get(), algorithm, secret, ticket.data + kTicketKeyNameSize, nullptr) != 1 ||
      EVP_DecryptUpdate(cipher.get(), state.data(), &size, ticket.data + kHeader, static_cast<int>(sealedSize)) != 1 ||
      EVP_DecryptFinal_ex(cipher.get(), state.data() + size, &rest) != 1) {
    return nullptr;
  }
  return DecodeSession({state.data(), static_cast<size_t>(size + rest)});
}

}  // namespace avs
