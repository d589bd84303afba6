// What every program here has in common: a DTLS 1.2 context with one pre-shared key, set up as the OpenSSL backend sets up its own.
#pragma once

#include <openssl/ssl.h>

enum { kServer = 1, kClient = 0 };

// NULL if OpenSSL does not have the suite, which is named as OpenSSL names it.
SSL_CTX *new_context(int role, const char *suite);

// Prints what went wrong, with OpenSSL's own words, and exits.
void die(const char *what);
