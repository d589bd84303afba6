#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "loopback.h"
#include "psk.h"

enum { kTick = 50 };

typedef struct {
  SSL *ssl;
  uint64_t start;
} Slot;

typedef struct {
  SSL_CTX *context;
  unsigned port, count, begun, done;
  Slot *slots;
  struct pollfd *ready;
  uint64_t *times;
} Load;

// 1 when the handshake is complete.
static int go_on(Slot *slot) {
  const int result = SSL_connect(slot->ssl);
  if (result != 1 && SSL_get_error(slot->ssl, result) != SSL_ERROR_WANT_READ) die("SSL_connect");
  return result == 1;
}

// 1 when the handshake is complete already: a server on another core may answer all of it before this looks for an answer.
static int begin(Load *load, unsigned each) {
  Slot *slot = &load->slots[each];
  struct pollfd *ready = &load->ready[each];
  load->begun += 1;
  slot->start = now();
  slot->ssl = new_client(load->context, load->port);
  ready->fd = SSL_get_fd(slot->ssl);
  ready->events = POLLIN;
  if (fcntl(ready->fd, F_SETFL, O_NONBLOCK) != 0) die("fcntl");
  return go_on(slot);
}

// Takes the time of a handshake that is complete, and begins another in its place; so long until one has to wait, or all are begun.
static void replace(Load *load, unsigned each, int complete) {
  Slot *slot = &load->slots[each];
  while (complete) {
    load->times[load->done++] = now() - slot->start;
    free_client(slot->ssl);
    slot->ssl = NULL;
    load->ready[each].fd = -1;
    complete = load->begun < load->count && begin(load, each);
  }
}

void load(SSL_CTX *context, unsigned port, unsigned at_once, unsigned count) {
  if (at_once > count) at_once = count;
  Load load = {.context = context, .port = port, .count = count};
  load.slots = calloc(at_once, sizeof *load.slots);
  load.ready = calloc(at_once, sizeof *load.ready);
  load.times = calloc(count, sizeof *load.times);
  for (unsigned each = 0; each < at_once; each++) load.ready[each].fd = -1;
  const uint64_t start = now();
  for (unsigned each = 0; each < at_once && load.begun < count; each++) replace(&load, each, begin(&load, each));
  while (load.done < count) {
    if (poll(load.ready, at_once, kTick) < 0) die("poll");
    for (unsigned each = 0; each < at_once; each++) {
      Slot *slot = &load.slots[each];
      if (slot->ssl == NULL) continue;
      // What was lost is sent again when its timer has run out, and not before.
      if (load.ready[each].revents != 0) replace(&load, each, go_on(slot));
      else if (DTLSv1_handle_timeout(slot->ssl) < 0) die("DTLSv1_handle_timeout");
    }
  }
  printf("%" PRIu64, now() - start);
  for (unsigned each = 0; each < count; each++) printf(" %" PRIu64, load.times[each]);
  putchar('\n');
  free(load.slots);
  free(load.ready);
  free(load.times);
}
