#include "session.h"

#include <openssl/evp.h>

#include <ctime>

namespace avs {
namespace {

// RFC 5246 §8.1
constexpr size_t kMasterSecretSize = 48;
constexpr long kDay = 86400;
// 0 would be read as the present, and OpenSSL refuses to seal what it reads otherwise than it was written.
constexpr long kNoTime = 1;

}  // namespace

SessionPointer DecodeSession(Span state) {
  const unsigned char* at = state.data;
  SessionPointer session(state.size == 0 ? nullptr : d2i_SSL_SESSION(nullptr, &at, static_cast<long>(state.size)));
  if (!session || at != state.data + state.size) return nullptr;
  if (SSL_SESSION_get_master_key(session.get(), nullptr, 0) != kMasterSecretSize) return nullptr;
  // Whether it has expired was judged by the clock that it was made by, which need not be the system's.
  SSL_SESSION_set_time(session.get(), static_cast<long>(std::time(nullptr)));
  SSL_SESSION_set_timeout(session.get(), kDay);
  return session;
}

Bytes EncodeSession(SSL_SESSION* session) {
  const int size = i2d_SSL_SESSION(session, nullptr);
  if (size <= 0) return Bytes();
  Bytes state(static_cast<size_t>(size));
  unsigned char* at = state.data();
  if (i2d_SSL_SESSION(session, &at) != size) return Bytes();
  return state;
}

bool OwnSession(SSL_SESSION* session, const Bytes& owner) {
  SSL_SESSION_set_time(session, kNoTime);
  return owner.empty() || SSL_SESSION_set1_ticket_appdata(session, owner.data(), owner.size()) == 1;
}

Bytes OwnerOf(SSL_SESSION* session) {
  void* owner = nullptr;
  size_t size = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &owner, &size) != 1 || owner == nullptr) return Bytes();
  const auto* bytes = static_cast<const uint8_t*>(owner);
  return Bytes(bytes, bytes + size);
}

}  // namespace avs
