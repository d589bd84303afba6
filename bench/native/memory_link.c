#include "memory_link.h"

#include <string.h>

#include "psk.h"

enum { kMtu = 1400 };

typedef struct {
  Queue *in, *out;
} Ends;

static int bio_create(BIO *bio) {
  BIO_set_init(bio, 1);
  return 1;
}

static int bio_destroy(BIO *bio) {
  OPENSSL_free(BIO_get_data(bio));
  return 1;
}

static int bio_read(BIO *bio, char *out, int size) {
  Queue *queue = ((Ends *)BIO_get_data(bio))->in;
  BIO_clear_retry_flags(bio);
  if (queue->count == 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  const size_t length = queue->sizes[queue->first] < (size_t)size ? queue->sizes[queue->first] : (size_t)size;
  memcpy(out, queue->bytes[queue->first], length);
  queue->first = (queue->first + 1) % kSlots;
  queue->count -= 1;
  return (int)length;
}

static int bio_write(BIO *bio, const char *in, int size) {
  Queue *queue = ((Ends *)BIO_get_data(bio))->out;
  BIO_clear_retry_flags(bio);
  if (queue->count == kSlots || size > kSlotSize) die("the queue is full");
  const unsigned slot = (queue->first + queue->count) % kSlots;
  memcpy(queue->bytes[slot], in, (size_t)size);
  queue->sizes[slot] = (size_t)size;
  queue->count += 1;
  return size;
}

static long bio_control(BIO *bio, int command, long argument, void *pointer) {
  (void)bio, (void)pointer;
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DUP:
      return 1;
    case BIO_CTRL_DGRAM_QUERY_MTU:
    case BIO_CTRL_DGRAM_GET_MTU:
    case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
      return kMtu;
    case BIO_CTRL_DGRAM_SET_MTU:
      return argument;
    default:
      return 0;
  }
}

static BIO *new_bio(Queue *in, Queue *out) {
  static BIO_METHOD *method = NULL;
  if (method == NULL) {
    method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "datagrams in memory");
    BIO_meth_set_create(method, bio_create);
    BIO_meth_set_destroy(method, bio_destroy);
    BIO_meth_set_read(method, bio_read);
    BIO_meth_set_write(method, bio_write);
    BIO_meth_set_ctrl(method, bio_control);
  }
  BIO *bio = BIO_new(method);
  Ends *ends = OPENSSL_malloc(sizeof *ends);
  ends->in = in;
  ends->out = out;
  BIO_set_data(bio, ends);
  return bio;
}

static SSL *new_ssl(SSL_CTX *context, Queue *in, Queue *out) {
  SSL *ssl = SSL_new(context);
  if (ssl == NULL) die("SSL_new");
  BIO *bio = new_bio(in, out);
  SSL_set_bio(ssl, bio, bio);
  DTLS_set_link_mtu(ssl, kMtu);
  return ssl;
}

int open_link(Link *link, const char *suite) {
  memset(link, 0, sizeof *link);
  link->client_context = new_context(kClient, suite);
  link->server_context = new_context(kServer, suite);
  return link->client_context != NULL && link->server_context != NULL;
}

void close_link(Link *link) {
  SSL_CTX_free(link->client_context);
  SSL_CTX_free(link->server_context);
}

Pair shake_hands(Link *link, SSL_SESSION *session) {
  link->to_client.count = link->to_server.count = 0;
  Pair pair = {new_ssl(link->client_context, &link->to_client, &link->to_server),
               new_ssl(link->server_context, &link->to_server, &link->to_client)};
  if (session != NULL && SSL_set_session(pair.client, session) != 1) die("SSL_set_session");
  SSL_set_connect_state(pair.client);
  SSL_set_accept_state(pair.server);
  BIO_ADDR *peer = BIO_ADDR_new();
  int admitted = 0;
  while (!admitted) {
    SSL_do_handshake(pair.client);
    const int result = DTLSv1_listen(pair.server, peer);
    if (result < 0) die("DTLSv1_listen");
    admitted = result == 1;
  }
  BIO_ADDR_free(peer);
  for (int turn = 0; !SSL_is_init_finished(pair.client) || !SSL_is_init_finished(pair.server); turn++) {
    if (turn > 10) die("the handshake does not end");
    SSL_do_handshake(pair.server);
    SSL_do_handshake(pair.client);
  }
  if (session != NULL && SSL_session_reused(pair.server) != 1) die("the session was not resumed");
  return pair;
}

void free_pair(Pair *pair) {
  // As after a close_notify: otherwise libssl takes the session for broken.
  SSL_set_shutdown(pair->client, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  SSL_free(pair->client);
  SSL_free(pair->server);
}
