// A server or a client on loopback without Node. The questions and answers are those of src/work/socket-worker.ts, and one more:
//   load PORT AT_ONCE COUNT   makes COUNT handshakes, AT_ONCE of them at a time: ns for all, then ns for each
#define _GNU_SOURCE
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loopback.h"
#include "psk.h"

// Messages that begin with the one are sent back, with the other counted.
enum { kEchoed = 'e', kCounted = 's', kQuiet = 10 };

static SSL_CTX *client_context, *server_context;
static SSL *client, *server;
static int server_socket = -1;
static uint64_t arrived, last_arrival;
static unsigned char buffer[16384];

static unsigned listen_on_loopback(void) {
  unsigned port = 0;
  server_socket = bind_loopback(&port);
  return port;
}

// Takes all that has come.
static void serve(void) {
  if (server == NULL) {
    server = accept_one(server_context, server_socket);
    return;
  }
  size_t length = 0;
  while (SSL_read_ex(server, buffer, sizeof buffer, &length) == 1) {
    if (buffer[0] == kEchoed) {
      size_t written = 0;
      if (SSL_write_ex(server, buffer, length, &written) != 1) die("SSL_write_ex");
    } else {
      last_arrival = now();
      arrived += 1;
    }
  }
}

static void report_arrived(void) {
  struct pollfd ready = {server_socket, POLLIN, 0};
  while (poll(&ready, 1, kQuiet) > 0) serve();
  printf("%" PRIu64 " %" PRIu64 "\n", arrived, last_arrival);
  arrived = 0;
}

static void send_message(unsigned char kind, size_t size) {
  size_t written = 0;
  memset(buffer, 'a', size);
  buffer[0] = kind;
  if (SSL_write_ex(client, buffer, size, &written) != 1) die("SSL_write_ex");
}

static uint64_t time_echoes(size_t size, unsigned count) {
  const uint64_t start = now();
  for (unsigned each = 0; each < count; each++) {
    size_t length = 0;
    send_message(kEchoed, size);
    if (SSL_read_ex(client, buffer, sizeof buffer, &length) != 1 || length != size) die("SSL_read_ex");
  }
  return now() - start;
}

static uint64_t time_handshake(unsigned port) {
  const uint64_t start = now();
  SSL *ssl = new_client(client_context, port);
  if (SSL_connect(ssl) != 1) die("SSL_connect");
  const uint64_t time = now() - start;
  free_client(ssl);
  return time;
}

static void answer(const char *question) {
  unsigned port, size, count;
  if (strcmp(question, "listen\n") == 0) {
    printf("%u\n", listen_on_loopback());
  } else if (strcmp(question, "arrived\n") == 0) {
    report_arrived();
  } else if (sscanf(question, "connect %u", &port) == 1) {
    client = new_client(client_context, port);
    if (SSL_connect(client) != 1) die("SSL_connect");
    puts("connected");
  } else if (sscanf(question, "echo %u %u", &size, &count) == 2 && size > 0 && size <= sizeof buffer) {
    printf("%" PRIu64 "\n", time_echoes(size, count));
  } else if (sscanf(question, "flood %u %u", &size, &count) == 2 && size > 0 && size <= sizeof buffer) {
    const uint64_t start = now();
    for (unsigned each = 0; each < count; each++) send_message(kCounted, size);
    printf("%" PRIu64 " %" PRIu64 "\n", start, now());
  } else if (sscanf(question, "handshake %u", &port) == 1) {
    printf("%" PRIu64 "\n", time_handshake(port));
  } else if (sscanf(question, "load %u %u %u", &port, &size, &count) == 3) {
    load(client_context, port, size, count);
  } else {
    puts("no such question");
  }
}

int main(void) {
  char line[256];
  setvbuf(stdout, NULL, _IOLBF, 0);
  client_context = new_context(kClient, "PSK-AES128-CCM8");
  server_context = new_context(kServer, "PSK-AES128-CCM8");
  if (client_context == NULL || server_context == NULL) {
    puts("no OpenSSL does not have the suite PSK-AES128-CCM8");
    return 0;
  }
  for (;;) {
    struct pollfd ready[2] = {{STDIN_FILENO, POLLIN, 0}, {server_socket, POLLIN, 0}};
    if (poll(ready, 2, -1) < 0) die("poll");
    if (ready[1].revents != 0) serve();
    if (ready[0].revents == 0) continue;
    // Who asks waits for the answer, so that no second line is in the buffer.
    if (fgets(line, sizeof line, stdin) == NULL) return 0;
    answer(line);
  }
}
