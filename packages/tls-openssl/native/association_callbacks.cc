// What OpenSSL calls back while an association's operation runs. See association.h for the timer.
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>

#include "association.h"

namespace avs {
namespace {

// Durations for OpenSSL's timer, in microseconds.
constexpr unsigned int kAtOnce = 1;
constexpr unsigned int kNever = 0xffffffff;

constexpr size_t kHandshakeHeaderSize = 12;

}  // namespace

unsigned int Association::OnTimer(SSL* ssl, unsigned int duration) {
  Association* self = Of(ssl);
  if (duration == 0) {
    self->copies_.clear();
    self->destination_ = Destination::kPeer;
    self->progress_ |= kFlightBegun;
  } else if (self->copies_.size() < self->wantedCopies_) {
    self->copies_.emplace_back();
    self->destination_ = Destination::kCopy;
  } else {
    self->destination_ = Destination::kNowhere;
  }
  return self->copies_.size() < self->wantedCopies_ ? kAtOnce : kNever;
}

void Association::OnInfo(const SSL* ssl, int where, int value) {
  if ((where & SSL_CB_ALERT) == 0) return;
  Association* self = Of(ssl);
  const bool sent = (where & SSL_CB_WRITE) != 0;
  // OpenSSL 3.0 takes a warning off its records only when the peer has shut down, and reads it again and again until it is five of them, which is
  // too many. So the peer has shut down, for as long as this read lasts.
  if (!sent && self->established_ && value >> 8 == SSL3_AL_WARNING && (value & 0xff) != SSL_AD_CLOSE_NOTIFY) {
    self->warned_ = true;
    SSL_set_shutdown(self->ssl_.get(), SSL_get_shutdown(ssl) | SSL_RECEIVED_SHUTDOWN);
  }
  self->alerts_.push_back((sent ? 1u << 16 : 0) | static_cast<uint32_t>(value));
}

void Association::OnMessage(int sent, int, int type, const void* message, size_t size, SSL* ssl, void*) {
  const Span span{static_cast<const uint8_t*>(message), size};
  if (type != SSL3_RT_HANDSHAKE || size < kHandshakeHeaderSize) return;
  if (sent == 0) Of(ssl)->nextPeerMessage_ = static_cast<uint16_t>((span.data[4] << 8 | span.data[5]) + 1);
}

void Association::OnKeyLog(const SSL* ssl, const char* line) { Of(ssl)->keyLog_.emplace_back(line); }

unsigned int Association::OnServerPsk(SSL* ssl, const char* identity, unsigned char* key, unsigned int maxLength) {
  Association* self = Of(ssl);
  // The key was found before OpenSSL has seen these messages: were they others than those that it was found for, it would not be theirs.
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const bool known = !self->peerKey_.empty() && self->peerKey_.size() <= maxLength &&
                     self->peerIdentity_ == identity && self->peerServerName_ == (name != nullptr ? name : "");
  if (known) {
    const unsigned int length = static_cast<unsigned int>(self->peerKey_.size());
    std::memcpy(key, self->peerKey_.data(), length);
    self->peerKey_.Wipe();
    return OwnSession(SSL_get_session(ssl), self->peerOwner_) ? length : 0;
  }
  // Returning 0 would send unknown_psk_identity and tell an attacker which identities exist. RFC 4279 §2 allows the server to go
  // on as if the key were wrong; so it does, with a key that nobody has.
  constexpr unsigned int kDecoySize = 32;
  return maxLength >= kDecoySize && RAND_bytes_ex(self->context_->library(), key, kDecoySize, 0) == 1 ? kDecoySize : 0;
}

int Association::OnServerName(SSL* ssl, int* alert, void*) {
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
  const size_t length = std::strlen(name);
  if (length > 0 && std::all_of(name, name + length, [](char each) { return each > 0x20 && each < 0x7f; })) {
    return SSL_TLSEXT_ERR_OK;
  }
  *alert = SSL_AD_ILLEGAL_PARAMETER;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

unsigned int Association::OnClientPsk(SSL* ssl, const char*, char* identity, unsigned int maxIdentityLength,
                                      unsigned char* key, unsigned int maxKeyLength) {
  const Context& context = *Of(ssl)->context_;
  if (context.key().empty() || context.key().size() > maxKeyLength || context.identity().size() >= maxIdentityLength + 1u) {
    return 0;
  }
  std::memcpy(identity, context.identity().c_str(), context.identity().size() + 1);
  std::memcpy(key, context.key().data(), context.key().size());
  return static_cast<unsigned int>(context.key().size());
}

}  // namespace avs
