#include "psk.h"

#include <openssl/err.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// As src/work/psk.ts has them.
static const unsigned char kKey[16] = {0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7,
                                       0xb8, 0xb9, 0xba, 0xbb, 0xbc, 0xbd, 0xbe, 0xbf};
static const char kIdentity[] = "urn:dev:bench";

static unsigned char cookie_secret[32];

static unsigned int client_psk(SSL *ssl, const char *hint, char *identity, unsigned int max_identity,
                               unsigned char *key, unsigned int max_key) {
  (void)ssl, (void)hint;
  if (max_identity < sizeof kIdentity || max_key < sizeof kKey) return 0;
  memcpy(identity, kIdentity, sizeof kIdentity);
  memcpy(key, kKey, sizeof kKey);
  return sizeof kKey;
}

static unsigned int server_psk(SSL *ssl, const char *identity, unsigned char *key, unsigned int max_key) {
  (void)ssl;
  if (strcmp(identity, kIdentity) != 0 || max_key < sizeof kKey) return 0;
  memcpy(key, kKey, sizeof kKey);
  return sizeof kKey;
}

// An HMAC, as a real server computes one over the peer's address.
static int generate_cookie(SSL *ssl, unsigned char *cookie, unsigned int *size) {
  static const unsigned char address[6] = {127, 0, 0, 1, 0x16, 0x34};
  (void)ssl;
  return HMAC(EVP_sha256(), cookie_secret, sizeof cookie_secret, address, sizeof address, cookie, size) != NULL;
}

static int verify_cookie(SSL *ssl, const unsigned char *cookie, unsigned int size) {
  unsigned char wanted[EVP_MAX_MD_SIZE];
  unsigned int wanted_size = sizeof wanted;
  return generate_cookie(ssl, wanted, &wanted_size) && size == wanted_size && CRYPTO_memcmp(cookie, wanted, size) == 0;
}

SSL_CTX *new_context(int role, const char *suite) {
  char ciphers[128];
  // From OpenSSL 3.2 on CCM_8 is at security level 0.
  snprintf(ciphers, sizeof ciphers, "%s:@SECLEVEL=0", suite);
  SSL_CTX *context = SSL_CTX_new(role == kServer ? DTLS_server_method() : DTLS_client_method());
  if (context == NULL) die("SSL_CTX_new");
  if (SSL_CTX_set_cipher_list(context, ciphers) != 1) {
    ERR_clear_error();
    SSL_CTX_free(context);
    return NULL;
  }
  SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION);
  SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION);
  SSL_CTX_set1_groups_list(context, "X25519:P-256");
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_RENEGOTIATION);
  // What a server with many idle associations would set: no record buffers while there is nothing in them.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_read_ahead(context, 1);
  if (role == kServer) {
    if (RAND_bytes(cookie_secret, sizeof cookie_secret) != 1) die("RAND_bytes");
    SSL_CTX_set_psk_server_callback(context, server_psk);
    SSL_CTX_set_cookie_generate_cb(context, generate_cookie);
    SSL_CTX_set_cookie_verify_cb(context, verify_cookie);
    SSL_CTX_set_session_id_context(context, (const unsigned char *)"bench", 5);
  } else {
    SSL_CTX_set_psk_client_callback(context, client_psk);
  }
  return context;
}

void die(const char *what) {
  fprintf(stderr, "%s: ", what);
  ERR_print_errors_fp(stderr);
  fputc('\n', stderr);
  exit(1);
}
