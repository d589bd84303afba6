/* What the peer programs in C share: arguments of the form key=value behind the role, and files. */
#ifndef AVS_NET_PEER_PROGRAM_H
#define AVS_NET_PEER_PROGRAM_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int argument_count;
static char **arguments;

static inline const char *argument(const char *name) {
  size_t length = strlen(name);
  for (int i = 2; i < argument_count; i++) {
    if (strncmp(arguments[i], name, length) == 0 && arguments[i][length] == '=') return arguments[i] + length + 1;
  }
  return NULL;
}

static inline int number(const char *name, int otherwise) {
  const char *text = argument(name);
  return text == NULL ? otherwise : (int)strtol(text, NULL, 0);
}

/* Whether there may be resumption in this way: there is the one that the argument names, or both. */
static inline int resumes_by(const char *way) {
  const char *only = argument("resumption");
  return only == NULL || strcmp(only, way) == 0;
}

static inline size_t from_hex(const char *text, unsigned char *bytes, size_t size) {
  size_t length = strlen(text) / 2;
  for (size_t i = 0; i < length && i < size; i++) {
    unsigned byte;
    if (sscanf(text + 2 * i, "%2x", &byte) != 1) exit(2);
    bytes[i] = (unsigned char)byte;
  }
  return length;
}

/* The bytes of a file; 0 when there is none. */
static inline size_t read_file(const char *name, unsigned char *bytes, size_t size) {
  FILE *file = fopen(name, "rb");
  if (file == NULL) return 0;
  size_t length = fread(bytes, 1, size, file);
  fclose(file);
  return length;
}

static inline void write_file(const char *name, const unsigned char *bytes, size_t length) {
  FILE *file = fopen(name, "wb");
  if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0) {
    printf("failed: %s cannot be written\n", name);
    exit(1);
  }
}

#endif
