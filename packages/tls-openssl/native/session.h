// Sessions outside of OpenSSL: a client's in its owner's buffer, a server's in a cache or in a ticket. RFC 5246 §7.3, RFC 5077.
//
// Their form is OpenSSL's own (ASN.1), with the master secret in it; whoever keeps one seals it. A server's holds the owner besides, whatever
// JavaScript wants to know again before it lets the session be resumed.
//
// OpenSSL asks for sessions from within the handshake and cannot wait for an answer, and it opens tickets before anyone has been asked. So
// the server's handshake stops at the ClientHello (SSL_CTX_set_client_hello_cb may say "not yet"), JavaScript looks for the session, in the
// cache or with the key of the ticket, asks whether its owner may still resume, and tells `Association::Decide`. OpenSSL then finds it under the
// ClientHello's session ID, which a client that offers a ticket sends as well, to learn from its return that the ticket was taken (RFC 5077
// §3.4); a ticket without any ID is not taken. OpenSSL makes and seals the tickets.
#pragma once

#include <string>

#include "bytes.h"
#include "handles.h"

namespace avs {

// What a client offers to resume.
struct SessionOffer {
  Bytes sessionId;
  Bytes ticket;
  // Empty for none.
  std::string serverName;
};

// What an association can be resumed with.
struct KeptSession {
  // Never empty on the server.
  Bytes sessionId;
  // Secret.
  Bytes state;
  // Client: what the ticket says, seconds; 0 for nothing. RFC 5077 §3.3
  uint32_t lifetimeHint = 0;
  // It is the session that was offered, and no ticket has come in its place.
  bool isOffered = false;
};

// Null: these bytes are no session, or none with a master secret.
SessionPointer DecodeSession(Span state);
// Empty: there is no memory.
Bytes EncodeSession(SSL_SESSION* session);
// Puts an owner into a server's new session, if there is one, and takes the system's time out of it: the owner has the time, by the clock that
// counts. False: there is no memory.
bool OwnSession(SSL_SESSION* session, const Bytes& owner);
// Empty: there is none.
Bytes OwnerOf(SSL_SESSION* session);

}  // namespace avs
