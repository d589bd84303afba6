// What is known of a protected record from outside.
#pragma once

#include <openssl/ssl.h>

#include "record.h"

namespace avs {

// SECURITY: OpenSSL (3.0 to 3.5) takes a protected record that is too short for its suite for an error of its own and ends the
// association with internal_error: one datagram of an attacker would do. So it never sees such a record. RFC 6347 §4.1.2.7
bool TooShort(const Record& record, const SSL_CIPHER* cipher);

// Whether the record has the size of one that protects `size` bytes, with no more padding than it must have.
bool HasPlaintextOf(size_t size, const Record& record, const SSL_CIPHER* cipher);

}  // namespace avs
