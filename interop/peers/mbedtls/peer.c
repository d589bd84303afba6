/*
 * A DTLS 1.2 client or server on Mbed TLS, for pre-shared keys.
 *
 *   peer version                    prints the library's version
 *   peer suites                     prints the numbers of its suites
 *   peer client|server key=value…   speaks
 *
 * Keys: port, psk (hexadecimal), identity, suite (number), mtu (bytes), cookies (0 or 1, servers),
 * max_fragment_length (512 to 4096, clients).
 *
 * A line of standard input is sent as one record, with its line end. What comes is printed as it is. The end of standard input sends
 * close_notify. Besides, it prints "listening", "connected <suite>", "closed by the other side" and "failed: <why>".
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/timing.h>
#include <mbedtls/version.h>

static int argument_count;
static char **arguments;

static const char *argument(const char *name) {
  size_t length = strlen(name);
  for (int i = 2; i < argument_count; i++) {
    if (strncmp(arguments[i], name, length) == 0 && arguments[i][length] == '=') return arguments[i] + length + 1;
  }
  return NULL;
}

static int number(const char *name, int otherwise) {
  const char *text = argument(name);
  return text == NULL ? otherwise : (int)strtol(text, NULL, 0);
}

static void fail(const char *what, int code) {
  char why[200] = "";
  mbedtls_strerror(code, why, sizeof why);
  printf("failed: %s: %s (-0x%04x)\n", what, why, (unsigned)-code);
  exit(1);
}

static void check(const char *what, int code) {
  if (code != 0) fail(what, code);
}

static size_t from_hex(const char *text, unsigned char *bytes, size_t size) {
  size_t length = strlen(text) / 2;
  for (size_t i = 0; i < length && i < size; i++) {
    unsigned byte;
    if (sscanf(text + 2 * i, "%2x", &byte) != 1) exit(2);
    bytes[i] = (unsigned char)byte;
  }
  return length;
}

static void set_max_fragment_length(mbedtls_ssl_config *config, int bytes) {
  unsigned char code = bytes == 512    ? MBEDTLS_SSL_MAX_FRAG_LEN_512
                       : bytes == 1024 ? MBEDTLS_SSL_MAX_FRAG_LEN_1024
                       : bytes == 2048 ? MBEDTLS_SSL_MAX_FRAG_LEN_2048
                                       : MBEDTLS_SSL_MAX_FRAG_LEN_4096;
  check("max_fragment_length", mbedtls_ssl_conf_max_frag_len(config, code));
}

/* Until standard input ends, or the other side does. */
static void talk(mbedtls_ssl_context *ssl, mbedtls_net_context *net) {
  static unsigned char buffer[MBEDTLS_SSL_MAX_CONTENT_LEN];
  static char line[MBEDTLS_SSL_MAX_CONTENT_LEN];
  struct pollfd watched[2] = {{.fd = 0, .events = POLLIN}, {.fd = net->fd, .events = POLLIN}};
  for (;;) {
    int pending = mbedtls_ssl_check_pending(ssl);
    poll(watched, 2, pending ? 0 : -1);
    if (pending || watched[1].revents != 0) {
      int got = mbedtls_ssl_read(ssl, buffer, sizeof buffer);
      if (got == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || got == 0) {
        printf("closed by the other side\n");
        return;
      }
      if (got > 0) fwrite(buffer, 1, (size_t)got, stdout);
      else if (got != MBEDTLS_ERR_SSL_WANT_READ && got != MBEDTLS_ERR_SSL_TIMEOUT) fail("read", got);
    }
    if (watched[0].revents != 0) {
      /* Standard input is not buffered, so that poll sees every line. */
      if (fgets(line, sizeof line, stdin) == NULL) {
        mbedtls_ssl_close_notify(ssl);
        return;
      }
      int sent = mbedtls_ssl_write(ssl, (unsigned char *)line, strlen(line));
      if (sent < 0) fail("write", sent);
    }
  }
}

int main(int argc, char **argv) {
  argument_count = argc;
  arguments = argv;
  setvbuf(stdout, NULL, _IONBF, 0);
  setvbuf(stdin, NULL, _IONBF, 0);
  const char *role = argc > 1 ? argv[1] : "";
  if (strcmp(role, "version") == 0) {
    char version[20];
    mbedtls_version_get_string(version);
    printf("%s\n", version);
    return 0;
  }
  if (strcmp(role, "suites") == 0) {
    for (const int *id = mbedtls_ssl_list_ciphersuites(); *id != 0; id++) printf("%d\n", *id);
    return 0;
  }
  int is_server = strcmp(role, "server") == 0;
  if (!is_server && strcmp(role, "client") != 0) return 2;

  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context random;
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config config;
  mbedtls_ssl_cookie_ctx cookies;
  mbedtls_timing_delay_context timer;
  mbedtls_net_context net, listening;
  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&random);
  mbedtls_ssl_init(&ssl);
  mbedtls_ssl_config_init(&config);
  mbedtls_ssl_cookie_init(&cookies);
  mbedtls_net_init(&net);
  mbedtls_net_init(&listening);
  check("random", mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0));
  check("defaults", mbedtls_ssl_config_defaults(&config, is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                                MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT));
  /* A record that is dropped, such as a repeated one, must not keep mbedtls_ssl_read until the next one comes. */
  mbedtls_ssl_conf_read_timeout(&config, 1);
  mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
  mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, MBEDTLS_SSL_MINOR_VERSION_3);

  unsigned char psk[256];
  const char *identity = argument("identity");
  if (identity == NULL || argument("psk") == NULL || argument("port") == NULL) return 2;
  size_t psk_length = from_hex(argument("psk"), psk, sizeof psk);
  check("psk", mbedtls_ssl_conf_psk(&config, psk, psk_length, (const unsigned char *)identity, strlen(identity)));
  int suites[2] = {number("suite", 0), 0};
  if (suites[0] != 0) mbedtls_ssl_conf_ciphersuites(&config, suites);
  if (argument("max_fragment_length") != NULL) set_max_fragment_length(&config, number("max_fragment_length", 0));
  if (is_server) {
    check("cookies", mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random, &random));
    if (number("cookies", 1)) mbedtls_ssl_conf_dtls_cookies(&config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &cookies);
    else mbedtls_ssl_conf_dtls_cookies(&config, NULL, NULL, NULL);
  }
  check("setup", mbedtls_ssl_setup(&ssl, &config));
  mbedtls_ssl_set_timer_cb(&ssl, &timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
  mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, NULL, mbedtls_net_recv_timeout);
  if (argument("mtu") != NULL) mbedtls_ssl_set_mtu(&ssl, (uint16_t)number("mtu", 0));

  if (is_server) {
    check("bind", mbedtls_net_bind(&listening, "127.0.0.1", argument("port"), MBEDTLS_NET_PROTO_UDP));
    printf("listening\n");
  } else {
    check("connect", mbedtls_net_connect(&net, "127.0.0.1", argument("port"), MBEDTLS_NET_PROTO_UDP));
  }

  unsigned char address[16];
  size_t length = 0;
  if (is_server) check("accept", mbedtls_net_accept(&listening, &net, address, sizeof address, &length));
  int result;
  do {
    if (is_server) {
      check("reset", mbedtls_ssl_session_reset(&ssl));
      check("peer", mbedtls_ssl_set_client_transport_id(&ssl, address, length));
    }
    do result = mbedtls_ssl_handshake(&ssl);
    while (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE);
    /* The answer to HelloVerifyRequest comes to the same socket, which is connected to the client by now. */
  } while (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED);
  check("handshake", result);
  printf("connected %s\n", mbedtls_ssl_get_ciphersuite(&ssl));
  talk(&ssl, &net);
  return 0;
}
