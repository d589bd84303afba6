#define _GNU_SOURCE
#include "loopback.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "psk.h"

enum { kMtu = 1500 };

uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct sockaddr_in loopback(unsigned port) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int bind_loopback(unsigned *port) {
  struct sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  const int udp = socket(AF_INET, SOCK_DGRAM, 0);
  if (udp < 0 || bind(udp, (struct sockaddr *)&address, size) != 0) die("bind");
  if (getsockname(udp, (struct sockaddr *)&address, &size) != 0) die("getsockname");
  *port = ntohs(address.sin_port);
  return udp;
}

static SSL *new_ssl(SSL_CTX *context, int udp) {
  SSL *ssl = SSL_new(context);
  BIO *bio = BIO_new_dgram(udp, BIO_CLOSE);
  if (ssl == NULL || bio == NULL) die("SSL_new");
  SSL_set_bio(ssl, bio, bio);
  DTLS_set_link_mtu(ssl, kMtu);
  return ssl;
}

SSL *accept_one(SSL_CTX *context, int udp) {
  SSL *ssl = new_ssl(context, udp);
  BIO_ADDR *peer = BIO_ADDR_new();
  while (DTLSv1_listen(ssl, peer) < 1) continue;
  struct sockaddr_in address = loopback(ntohs(BIO_ADDR_rawport(peer)));
  if (connect(udp, (struct sockaddr *)&address, sizeof address) != 0) die("connect");
  BIO_ctrl_set_connected(SSL_get_rbio(ssl), peer);
  BIO_ADDR_free(peer);
  if (SSL_accept(ssl) != 1) die("SSL_accept");
  if (fcntl(udp, F_SETFL, O_NONBLOCK) != 0) die("fcntl");
  return ssl;
}

SSL *new_client(SSL_CTX *context, unsigned port) {
  const struct sockaddr_in address = loopback(port);
  const int udp = socket(AF_INET, SOCK_DGRAM, 0);
  if (udp < 0 || connect(udp, (const struct sockaddr *)&address, sizeof address) != 0) die("connect");
  SSL *ssl = new_ssl(context, udp);
  BIO_ADDR *peer = BIO_ADDR_new();
  BIO_ADDR_rawmake(peer, AF_INET, &address.sin_addr, sizeof address.sin_addr, address.sin_port);
  BIO_ctrl_set_connected(SSL_get_rbio(ssl), peer);
  BIO_ADDR_free(peer);
  SSL_set_connect_state(ssl);
  return ssl;
}

void free_client(SSL *client) {
  SSL_shutdown(client);
  SSL_free(client);
}
