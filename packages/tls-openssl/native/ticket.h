// Tickets as OpenSSL seals them: key name, IV, the session under AES-256-CBC, and an HMAC-SHA-256 over all that. RFC 5077 §4
#pragma once

#include <openssl/evp.h>

#include "bytes.h"
#include "handles.h"

namespace avs {

// A ticket key: the name that the ticket shows, a key for the cipher, and one for the HMAC.
constexpr size_t kTicketKeyNameSize = 16;
constexpr size_t kTicketSecretSize = 32;
constexpr size_t kTicketKeySize = kTicketKeyNameSize + 2 * kTicketSecretSize;

// Has OpenSSL seal a new ticket: writes name and IV, and sets up the cipher and the MAC. False: OpenSSL refuses.
bool PrepareTicket(OSSL_LIB_CTX* library, const EVP_CIPHER* algorithm, const Secret& key, unsigned char* name, unsigned char* iv,
                   EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
// The session in a ticket. Null: it was not sealed with this key, or holds none.
SessionPointer OpenTicket(const EVP_CIPHER* algorithm, Span key, Span ticket);

}  // namespace avs
