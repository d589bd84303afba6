// How an association is resumed, and what it can be resumed with. session.h tells how that works.
#include "association.h"

namespace avs {
namespace {

// RFC 5246 §7.4.1.4, RFC 6066 §3
constexpr uint8_t kHostName = 0;

struct Extension {
  bool present = false;
  Span body;
};

Extension FindExtension(SSL* ssl, unsigned int type) {
  Extension extension;
  const unsigned char* data = nullptr;
  extension.present = SSL_client_hello_get0_ext(ssl, type, &data, &extension.body.size) == 1;
  extension.body.data = data;
  return extension;
}

// Empty: there is none, or OpenSSL will refuse it.
std::string ServerName(SSL* ssl) {
  const Span body = FindExtension(ssl, TLSEXT_TYPE_server_name).body;
  constexpr size_t kHeader = 5;
  if (body.size <= kHeader || body.data[2] != kHostName) return std::string();
  const size_t size = static_cast<size_t>(body.data[3]) << 8 | body.data[4];
  if (size != body.size - kHeader) return std::string();
  return std::string(reinterpret_cast<const char*>(body.data) + kHeader, size);
}

SessionOffer ReadOffer(SSL* ssl) {
  SessionOffer offer;
  const unsigned char* id = nullptr;
  const size_t size = SSL_client_hello_get0_session_id(ssl, &id);
  if (size > 0) offer.sessionId.assign(id, id + size);
  const Span ticket = FindExtension(ssl, TLSEXT_TYPE_session_ticket).body;
  if (ticket.size > 0) offer.ticket.assign(ticket.data, ticket.data + ticket.size);
  offer.serverName = ServerName(ssl);
  return offer;
}

bool OffersSuite(SSL* ssl, uint16_t number) {
  const unsigned char* suites = nullptr;
  const size_t size = SSL_client_hello_get0_ciphers(ssl, &suites);
  for (size_t at = 0; at + 1 < size; at += 2) {
    if ((suites[at] << 8 | suites[at + 1]) == number) return true;
  }
  return false;
}

bool HasSuite(const SSL* ssl, const SSL_CIPHER* cipher) {
  return sk_SSL_CIPHER_find(SSL_get_ciphers(ssl), const_cast<SSL_CIPHER*>(cipher)) >= 0;
}

// OpenSSL ends the handshake where a ClientHello does not go with the session: without its suite, or with another maximum fragment length
// (RFC 6066 §4). A full handshake serves the client better.
bool Fits(SSL* ssl, const SSL_SESSION* session) {
  const SSL_CIPHER* cipher = SSL_SESSION_get0_cipher(session);
  if (cipher == nullptr || !HasSuite(ssl, cipher) || !OffersSuite(ssl, SSL_CIPHER_get_protocol_id(cipher))) return false;
  const Span length = FindExtension(ssl, TLSEXT_TYPE_max_fragment_length).body;
  return (length.size == 1 ? length.data[0] : 0) == SSL_SESSION_get_max_fragment_length(session);
}

}  // namespace

void Association::AllowResumption(bool byId, Secret ticketKey) {
  keepsSessions_ = true;
  sessionsById_ = byId;
  if (ticketKey.size() == kTicketKeySize) ticketKey_ = std::move(ticketKey);
}

bool Association::OfferSession(Span state) {
  ErrorQueue errors;
  if (context_->server()) return false;
  session_ = DecodeSession(state);
  if (session_ && SSL_set_session(ssl_.get(), session_.get()) != 1) session_.reset();
  return session_ != nullptr;
}

Bytes Association::ConsiderSession(Span state) {
  ErrorQueue errors;
  return Consider(DecodeSession(state));
}

Bytes Association::ConsiderTicket(Span key) {
  ErrorQueue errors;
  return Consider(OpenTicket(context_->ticket_cipher(), key, {offer_.ticket.data(), offer_.ticket.size()}));
}

Bytes Association::Consider(SessionPointer session) {
  if (search_ != Search::kAwaited) return Bytes();
  session_ = std::move(session);
  return session_ ? OwnerOf(session_.get()) : Bytes();
}

bool Association::Decide(bool resume) {
  ErrorQueue errors;
  if (search_ != Search::kAwaited) return false;
  search_ = Search::kOver;
  // The ID of a ticket's, which the client does not know, or that in the cache, which is this one.
  if (!resume || (session_ && SSL_SESSION_set1_id(session_.get(), offer_.sessionId.data(),
                                                  static_cast<unsigned int>(offer_.sessionId.size())) != 1)) {
    session_.reset();
  }
  return session_ != nullptr;
}

std::optional<KeptSession> Association::TakeSession() const {
  ErrorQueue errors;
  SSL* ssl = ssl_.get();
  SSL_SESSION* session = SSL_get_session(ssl);
  // RFC 7627 §5.3: only sessions with an extended master secret are worth keeping.
  if (!established_ || session == nullptr || SSL_SESSION_is_resumable(session) != 1 || SSL_get_extms_support(ssl) != 1) {
    return std::nullopt;
  }
  KeptSession kept;
  unsigned int size = 0;
  const unsigned char* id = SSL_SESSION_get_id(session, &size);
  if (context_->server() && size == 0) return std::nullopt;
  kept.sessionId.assign(id, id + size);
  kept.lifetimeHint = static_cast<uint32_t>(SSL_SESSION_get_ticket_lifetime_hint(session));
  kept.isOffered = session == session_.get();
  kept.state = EncodeSession(session);
  if (kept.state.empty()) return std::nullopt;
  return kept;
}

int Association::OnClientHello(SSL* ssl, int*, void*) {
  Association* self = Of(ssl);
  const bool takesTickets = FindExtension(ssl, TLSEXT_TYPE_session_ticket).present && !self->ticketKey_.empty();
  const bool extendedMasterSecret = FindExtension(ssl, TLSEXT_TYPE_extended_master_secret).present;
  self->resumable_ = extendedMasterSecret && (takesTickets || self->sessionsById_);
  if (self->search_ == Search::kNone && self->keepsSessions_) {
    self->offer_ = ReadOffer(ssl);
    if (!self->offer_.sessionId.empty()) {
      self->search_ = Search::kAwaited;
      self->progress_ |= kSessionOffered;
    }
  }
  if (self->search_ == Search::kAwaited) return SSL_CLIENT_HELLO_RETRY;
  if (self->session_ && !Fits(ssl, self->session_.get())) self->session_.reset();
  // With a session the ticket has been opened already, and no other is given for it.
  if (!takesTickets || self->session_) SSL_set_options(ssl, SSL_OP_NO_TICKET);
  return SSL_CLIENT_HELLO_SUCCESS;
}

SSL_SESSION* Association::OnFindSession(SSL* ssl, const unsigned char*, int, int* copy) {
  // It is OpenSSL's from now on.
  *copy = 0;
  return Of(ssl)->session_.release();
}

int Association::OnIsNotResumable(SSL* ssl, int) {
  if (Of(ssl)->resumable_) return 0;
  // Later ones send the ID of such a session all the same. RFC 5246 §7.4.1.3: an empty one says that it will not be resumed.
  constexpr unsigned char kNothing[1] = {0};
  SSL_SESSION_set1_id(SSL_get_session(ssl), kNothing, 0);
  return 1;
}

// Returns 0 for no key: a new ticket is then sent empty (RFC 5077 §3.3), and one that the client brings is not taken.
int Association::OnTicketKey(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac,
                             int sealing) {
  const Association* self = Of(ssl);
  if (sealing != 1 || self->ticketKey_.empty()) return 0;
  Context& context = *self->context_;
  return PrepareTicket(context.library(), context.ticket_cipher(), self->ticketKey_, name, iv, cipher, mac) ? 1 : -1;
}

}  // namespace avs
