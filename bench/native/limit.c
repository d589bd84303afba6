// The limit: what libssl does without Node. It is asked on its standard input, a question a line, and answers each with a line:
//   records SUITE SIZE COUNT             nanoseconds for COUNT records protected and opened
//   handshakes SUITE full|resumed COUNT  nanoseconds for COUNT handshakes, both ends
//   associations SUITE COUNT ...         what COUNT idle associations of a server take: bytes on the heap, resident bytes, CPU time
//   version                              of the libssl that it runs on
// An answer that begins with "no " gives the reason why there is none.
#define _GNU_SOURCE
#include <inttypes.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "memory_link.h"
#include "psk.h"

static uint64_t now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void records(const char *suite, size_t size, unsigned count) {
  static Link link;
  static unsigned char plaintext[16384], received[16384];
  if (!open_link(&link, suite)) {
    puts("no OpenSSL does not have this suite");
    return;
  }
  Pair pair = shake_hands(&link, NULL);
  const uint64_t start = now();
  for (unsigned each = 0; each < count; each++) {
    size_t written = 0, read = 0;
    if (SSL_write_ex(pair.client, plaintext, size, &written) != 1) die("SSL_write_ex");
    if (SSL_read_ex(pair.server, received, sizeof received, &read) != 1 || read != size) die("SSL_read_ex");
  }
  printf("%" PRIu64 "\n", now() - start);
  free_pair(&pair);
  close_link(&link);
}

static void handshakes(const char *suite, int resumed, unsigned count) {
  static Link link;
  if (!open_link(&link, suite)) {
    puts("no OpenSSL does not have this suite");
    return;
  }
  SSL_SESSION *session = NULL;
  if (resumed) {
    Pair first = shake_hands(&link, NULL);
    session = SSL_get1_session(first.client);
    free_pair(&first);
  }
  const uint64_t start = now();
  for (unsigned each = 0; each < count; each++) {
    Pair pair = shake_hands(&link, session);
    free_pair(&pair);
  }
  printf("%" PRIu64 "\n", now() - start);
  SSL_SESSION_free(session);
  close_link(&link);
}

static size_t heap_in_use(void) {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

static size_t resident(void) {
  size_t total = 0, pages = 0;
  FILE *file = fopen("/proc/self/statm", "r");
  if (file == NULL || fscanf(file, "%zu %zu", &total, &pages) != 2) die("/proc/self/statm");
  fclose(file);
  return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static void associations(const char *suite, unsigned count) {
  static Link link;
  if (!open_link(&link, suite)) {
    puts("no OpenSSL does not have this suite");
    return;
  }
  SSL **servers = calloc(count, sizeof *servers);
  // One first, so that what is made once is not counted.
  Pair first = shake_hands(&link, NULL);
  SSL_free(first.client);
  malloc_trim(0);
  const size_t heap = heap_in_use(), pages = resident();
  for (unsigned each = 0; each < count; each++) {
    Pair pair = shake_hands(&link, NULL);
    SSL_free(pair.client);
    servers[each] = pair.server;
  }
  malloc_trim(0);
  // Nothing here runs while nothing comes.
  printf("%zu %zu 0\n", heap_in_use() - heap, resident() - pages);
  for (unsigned each = 0; each < count; each++) SSL_free(servers[each]);
  SSL_free(first.server);
  free(servers);
  close_link(&link);
}

int main(void) {
  char line[256], suite[64], kind[16];
  unsigned size, count;
  setvbuf(stdout, NULL, _IOLBF, 0);
  while (fgets(line, sizeof line, stdin) != NULL) {
    if (sscanf(line, "records %63s %u %u", suite, &size, &count) == 3 && size <= 16384) {
      records(suite, size, count);
    } else if (sscanf(line, "handshakes %63s %15s %u", suite, kind, &count) == 3) {
      handshakes(suite, strcmp(kind, "resumed") == 0, count);
    } else if (sscanf(line, "associations %63s %u", suite, &count) == 2) {
      associations(suite, count);
    } else if (strcmp(line, "version\n") == 0) {
      printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
    } else {
      puts("no such question");
    }
  }
  return 0;
}
