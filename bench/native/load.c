#define _GNU_SOURCE
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "loopback.h"
#include "psk.h"

enum { kTick = 50 };

// libssl waits for ever, without a timer, where one datagram too few has come.
static const uint64_t kPatience = 2000000000u;

typedef struct {
  SSL *ssl;
  uint64_t start, heard;
} Slot;

static void begin(Slot *slot, struct pollfd *ready, SSL_CTX *context, unsigned port) {
  slot->heard = now();
  slot->ssl = new_client(context, port);
  ready->fd = SSL_get_fd(slot->ssl);
  ready->events = POLLIN;
  if (fcntl(ready->fd, F_SETFL, O_NONBLOCK) != 0) die("fcntl");
}

// 1 when the handshake is complete.
static int go_on(Slot *slot) {
  const int result = SSL_connect(slot->ssl);
  if (result != 1 && SSL_get_error(slot->ssl, result) != SSL_ERROR_WANT_READ) die("SSL_connect");
  return result == 1;
}

void load(SSL_CTX *context, unsigned port, unsigned at_once, unsigned count) {
  if (at_once > count) at_once = count;
  Slot *slots = calloc(at_once, sizeof *slots);
  struct pollfd *ready = calloc(at_once, sizeof *ready);
  uint64_t *times = calloc(count, sizeof *times);
  unsigned begun = 0, done = 0;
  const uint64_t start = now();
  for (; begun < at_once; begun++) {
    slots[begun].start = now();
    begin(&slots[begun], &ready[begun], context, port);
    go_on(&slots[begun]);
  }
  while (done < count) {
    if (poll(ready, at_once, kTick) < 0) die("poll");
    for (unsigned each = 0; each < at_once; each++) {
      Slot *slot = &slots[each];
      if (slot->ssl == NULL) continue;
      // What was lost is sent again when its timer has run out, and not before.
      if (ready[each].revents == 0 && DTLSv1_handle_timeout(slot->ssl) < 0) die("DTLSv1_handle_timeout");
      if (ready[each].revents == 0 && now() - slot->heard > kPatience) {
        SSL_free(slot->ssl);
        begin(slot, &ready[each], context, port);
        go_on(slot);
        continue;
      }
      if (ready[each].revents == 0) continue;
      slot->heard = now();
      if (!go_on(slot)) continue;
      times[done++] = now() - slot->start;
      free_client(slot->ssl);
      slot->ssl = NULL;
      ready[each].fd = -1;
      if (begun == count) continue;
      slot->start = now();
      begin(slot, &ready[each], context, port);
      go_on(slot);
      begun += 1;
    }
  }
  printf("%" PRIu64, now() - start);
  for (unsigned each = 0; each < count; each++) printf(" %" PRIu64, times[each]);
  putchar('\n');
  free(slots);
  free(ready);
  free(times);
}
