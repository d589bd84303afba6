// Two SSL objects and the datagrams between them, in memory.
#pragma once

#include <openssl/ssl.h>
#include <stddef.h>

enum { kSlots = 32, kSlotSize = 2048 };

// Datagrams on their way in one direction.
typedef struct {
  unsigned char bytes[kSlots][kSlotSize];
  size_t sizes[kSlots];
  unsigned first, count;
} Queue;

typedef struct {
  SSL_CTX *client_context, *server_context;
  Queue to_client, to_server;
} Link;

typedef struct {
  SSL *client, *server;
} Pair;

// 0 if OpenSSL does not have the suite.
int open_link(Link *link, const char *suite);
void close_link(Link *link);

// A handshake of new objects, with the stateless cookie exchange; abbreviated if `session` is not NULL.
Pair shake_hands(Link *link, SSL_SESSION *session);
void free_pair(Pair *pair);
