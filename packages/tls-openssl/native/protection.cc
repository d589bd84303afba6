#include "protection.h"

#include "context.h"

namespace avs {
namespace {

// Of the HMAC of a CBC suite.
size_t MacSize(const SSL_CIPHER* cipher) {
  constexpr size_t kSha1 = 20;
  constexpr size_t kSha256 = 32;
  return SSL_CIPHER_get_digest_nid(cipher) == NID_sha1 ? kSha1 : kSha256;
}

// IV, and blocks of plaintext, MAC and padding, of which there is a byte at least.
size_t CbcFragment(size_t plaintext, const SSL_CIPHER* cipher) {
  constexpr size_t kBlock = 16;
  return kBlock + (plaintext + MacSize(cipher) + kBlock) / kBlock * kBlock;
}

// The least that a protected fragment has under a suite: explicit nonce and tag, or IV and padded MAC.
size_t LeastFragment(const SSL_CIPHER* cipher) {
  if (SSL_CIPHER_is_aead(cipher) == 0) return CbcFragment(0, cipher);
  if (SSL_CIPHER_get_cipher_nid(cipher) == NID_chacha20_poly1305) return 16;
  return IsPskCcm8(SSL_CIPHER_get_protocol_id(cipher)) ? 8 + 8 : 8 + 16;
}

}  // namespace

bool TooShort(const Record& record, const SSL_CIPHER* cipher) {
  return record.epoch != 0 && record.whole.size - kRecordHeaderSize < LeastFragment(cipher);
}

bool HasPlaintextOf(size_t size, const Record& record, const SSL_CIPHER* cipher) {
  const size_t fragment = record.whole.size - kRecordHeaderSize;
  if (SSL_CIPHER_is_aead(cipher) != 0) return fragment == LeastFragment(cipher) + size;
  return fragment == CbcFragment(size, cipher);
}

}  // namespace avs
