/*
 * A DTLS client or server on Mbed TLS, for pre-shared keys. A server serves one client after the other.
 *
 *   peer version                    prints the library's version
 *   peer suites                     prints the numbers of its suites
 *   peer connection-ids             prints yes or no: whether the library is built with them
 *   peer client|server key=value…   speaks
 *
 * Keys: port, psk (hexadecimal), identity, suite (number), dtls (10 or 12: the only version), mtu (bytes), cookies (0 or 1, servers),
 * max_fragment_length (512 to 4096, clients), ems (0 or 1: the extended master secret), etm (0 or 1: encrypt-then-MAC), resumption
 * (ticket or id: the only way), session (the file in which a client keeps its session), cid (bytes of the connection ID that it wants
 * to receive; without it there are none).
 *
 * A line of standard input is sent as one record, with its line end. What comes is printed as it is. The end of standard input sends
 * close_notify. Besides, it prints "listening", "connected <suite>, full|resumed", "closed by the other side", and
 * "failed: <why>", with ", alert <number>" behind it when one has come.
 */
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* For the master secret and the alert: version 3 has no other way to them. */
#define MBEDTLS_ALLOW_PRIVATE_ACCESS
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cache.h>
#include <mbedtls/ssl_ciphersuites.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/ssl_ticket.h>
#include <mbedtls/timing.h>
#include <mbedtls/version.h>

#include "../../native/peer-program.h"

static int is_server;
static mbedtls_ctr_drbg_context generator;
static mbedtls_ssl_config config;
static mbedtls_ssl_context ssl;

static void fail(const char *what, int code) {
  char why[200] = "";
  mbedtls_strerror(code, why, sizeof why);
  printf("failed: %s: %s (-0x%04x)", what, why, (unsigned)-code);
  /* RFC 5246 §7.2: the alert's level, and its description. */
  if (code == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE) printf(", alert %d", ssl.in_msg[1]);
  printf("\n");
  exit(1);
}

static void check(const char *what, int code) {
  if (code != 0) fail(what, code);
}

static void set_max_fragment_length(int bytes) {
  unsigned char code = bytes == 512    ? MBEDTLS_SSL_MAX_FRAG_LEN_512
                       : bytes == 1024 ? MBEDTLS_SSL_MAX_FRAG_LEN_1024
                       : bytes == 2048 ? MBEDTLS_SSL_MAX_FRAG_LEN_2048
                                       : MBEDTLS_SSL_MAX_FRAG_LEN_4096;
  check("max_fragment_length", mbedtls_ssl_conf_max_frag_len(&config, code));
}

#if defined(MBEDTLS_SSL_DTLS_CONNECTION_ID)
static const int has_connection_ids = 1;

static void configure_connection_ids(void) {
  if (argument("cid") == NULL) return;
  check("cid", mbedtls_ssl_conf_cid(&config, (size_t)number("cid", 0), MBEDTLS_SSL_UNEXPECTED_CID_IGNORE));
}

/* Another one for each handshake. */
static void choose_connection_id(void) {
  static unsigned char id[MBEDTLS_SSL_CID_IN_LEN_MAX];
  if (argument("cid") == NULL) return;
  size_t length = (size_t)number("cid", 0);
  check("random", mbedtls_ctr_drbg_random(&generator, id, length));
  check("cid", mbedtls_ssl_set_cid(&ssl, MBEDTLS_SSL_CID_ENABLED, id, length));
}
#else
static const int has_connection_ids = 0;

static void configure_connection_ids(void) {
  if (argument("cid") != NULL) exit(2);
}

static void choose_connection_id(void) {}
#endif

/*
 * A server's one socket, which is not connected to the client, since that may move: where the client is, where the last datagram came
 * from, and whether that may be somewhere else.
 */
static struct sockaddr_in client, source;
static int may_move;

static int receive_from_client(void *socket, unsigned char *buffer, size_t size, uint32_t timeout) {
  struct pollfd readable = {.fd = *(int *)socket, .events = POLLIN};
  if (poll(&readable, 1, timeout == 0 ? -1 : (int)timeout) == 0) return MBEDTLS_ERR_SSL_TIMEOUT;
  socklen_t length = sizeof source;
  ssize_t got = recvfrom(*(int *)socket, buffer, size, 0, (struct sockaddr *)&source, &length);
  if (got < 0) return MBEDTLS_ERR_NET_RECV_FAILED;
  if (!may_move && source.sin_port != client.sin_port) return MBEDTLS_ERR_SSL_WANT_READ;
  return (int)got;
}

static int send_to_client(void *socket, const unsigned char *data, size_t length) {
  ssize_t sent = sendto(*(int *)socket, data, length, 0, (struct sockaddr *)&client, sizeof client);
  return sent < 0 ? MBEDTLS_ERR_NET_SEND_FAILED : (int)sent;
}

/* Until standard input ends, which is the end of all, or the other side does. */
static void talk(int socket) {
  static unsigned char buffer[MBEDTLS_SSL_IN_CONTENT_LEN];
  static char line[MBEDTLS_SSL_OUT_CONTENT_LEN];
  struct pollfd watched[2] = {{.fd = 0, .events = POLLIN}, {.fd = socket, .events = POLLIN}};
  for (;;) {
    int pending = mbedtls_ssl_check_pending(&ssl);
    poll(watched, 2, pending ? 0 : -1);
    if (pending || watched[1].revents != 0) {
      int got = mbedtls_ssl_read(&ssl, buffer, sizeof buffer);
      if (got == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY || got == 0) {
        printf("closed by the other side\n");
        return;
      }
      if (got > 0) {
        /* The record is authentic: that is what the library leaves to a program to look at. RFC 9146 §6. */
        client = source;
        fwrite(buffer, 1, (size_t)got, stdout);
      } else if (got != MBEDTLS_ERR_SSL_WANT_READ && got != MBEDTLS_ERR_SSL_TIMEOUT) fail("read", got);
    }
    if (watched[0].revents != 0) {
      /* Standard input is not buffered, so that poll sees every line. */
      if (fgets(line, sizeof line, stdin) == NULL) {
        mbedtls_ssl_close_notify(&ssl);
        exit(0);
      }
      int sent = mbedtls_ssl_write(&ssl, (unsigned char *)line, strlen(line));
      if (sent < 0) fail("write", sent);
    }
  }
}

static void configure_resumption(void) {
  static mbedtls_ssl_ticket_context tickets;
  static mbedtls_ssl_cache_context sessions;
  if (!is_server) {
    mbedtls_ssl_conf_session_tickets(&config, resumes_by("ticket") ? MBEDTLS_SSL_SESSION_TICKETS_ENABLED
                                                                   : MBEDTLS_SSL_SESSION_TICKETS_DISABLED);
    return;
  }
  if (resumes_by("ticket")) {
    mbedtls_ssl_ticket_init(&tickets);
    check("tickets", mbedtls_ssl_ticket_setup(&tickets, mbedtls_ctr_drbg_random, &generator, MBEDTLS_CIPHER_AES_256_GCM, 86400));
    mbedtls_ssl_conf_session_tickets_cb(&config, mbedtls_ssl_ticket_write, mbedtls_ssl_ticket_parse, &tickets);
  }
  if (resumes_by("id")) {
    mbedtls_ssl_cache_init(&sessions);
    mbedtls_ssl_conf_session_cache(&config, &sessions, mbedtls_ssl_cache_get, mbedtls_ssl_cache_set);
  }
}

static void configure(void) {
  static mbedtls_entropy_context entropy;
  static mbedtls_ssl_cookie_ctx cookies;
  static unsigned char psk[256];
  static int suites[2];
  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&generator);
  mbedtls_ssl_config_init(&config);
  check("random", mbedtls_ctr_drbg_seed(&generator, mbedtls_entropy_func, &entropy, NULL, 0));
  check("defaults", mbedtls_ssl_config_defaults(&config, is_server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                                MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT));
  /* A record that is dropped, such as a repeated one, must not keep mbedtls_ssl_read until the next one comes. */
  mbedtls_ssl_conf_read_timeout(&config, 1);
  mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &generator);
#if MBEDTLS_VERSION_MAJOR < 3
  /* DTLS 1.0 is by its content TLS 1.1, which is 3.2. */
  int minor = number("dtls", 12) == 10 ? MBEDTLS_SSL_MINOR_VERSION_2 : MBEDTLS_SSL_MINOR_VERSION_3;
#else
  int minor = MBEDTLS_SSL_MINOR_VERSION_3;
#endif
  mbedtls_ssl_conf_min_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, minor);
  mbedtls_ssl_conf_max_version(&config, MBEDTLS_SSL_MAJOR_VERSION_3, minor);
  const char *identity = argument("identity");
  size_t psk_length = from_hex(argument("psk"), psk, sizeof psk);
  check("psk", mbedtls_ssl_conf_psk(&config, psk, psk_length, (const unsigned char *)identity, strlen(identity)));
  suites[0] = number("suite", 0);
  if (suites[0] != 0) mbedtls_ssl_conf_ciphersuites(&config, suites);
  if (argument("max_fragment_length") != NULL) set_max_fragment_length(number("max_fragment_length", 0));
  if (number("ems", 1) == 0) mbedtls_ssl_conf_extended_master_secret(&config, MBEDTLS_SSL_EXTENDED_MS_DISABLED);
  if (number("etm", 1) == 0) mbedtls_ssl_conf_encrypt_then_mac(&config, MBEDTLS_SSL_ETM_DISABLED);
  configure_resumption();
  configure_connection_ids();
  if (is_server) {
    mbedtls_ssl_cookie_init(&cookies);
    check("cookies", mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random, &generator));
    if (number("cookies", 1)) mbedtls_ssl_conf_dtls_cookies(&config, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &cookies);
    else mbedtls_ssl_conf_dtls_cookies(&config, NULL, NULL, NULL);
  }
}

static int shake_hands(void) {
  int result;
  do result = mbedtls_ssl_handshake(&ssl);
  while (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE);
  return result;
}

/* The library does not tell whether it has resumed; if and only if it has, the master secret is one that was there before. */
static unsigned char known[16][48];
static unsigned known_count;

static int is_known(const unsigned char *master) {
  for (unsigned i = 0; i < known_count; i++) {
    if (memcmp(known[i], master, sizeof *known) == 0) return 1;
  }
  return 0;
}

static void remember(const unsigned char *master) {
  if (!is_known(master) && known_count < sizeof known / sizeof *known) memcpy(known[known_count++], master, sizeof *known);
}

static void connected(void) {
  const unsigned char *master = ssl.session->master;
  printf("connected %s, %s\n", mbedtls_ssl_get_ciphersuite(&ssl), is_known(master) ? "resumed" : "full");
  remember(master);
}

static void serve(void) {
  mbedtls_net_context listening;
  mbedtls_net_init(&listening);
  check("bind", mbedtls_net_bind(&listening, "127.0.0.1", argument("port"), MBEDTLS_NET_PROTO_UDP));
  mbedtls_ssl_set_bio(&ssl, &listening.fd, send_to_client, NULL, receive_from_client);
  printf("listening\n");
  for (;;) {
    int result;
    may_move = 0;
    do {
      unsigned char first;
      socklen_t length = sizeof client;
      if (recvfrom(listening.fd, &first, 1, MSG_PEEK, (struct sockaddr *)&client, &length) < 0) exit(1);
      check("reset", mbedtls_ssl_session_reset(&ssl));
      check("peer", mbedtls_ssl_set_client_transport_id(&ssl, (unsigned char *)&client, sizeof client));
      choose_connection_id();
      result = shake_hands();
    } while (result == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED);
    check("handshake", result);
    connected();
    may_move = number("cid", 0) > 0;
    talk(listening.fd);
  }
}

static void offer_session(const char *file) {
  static unsigned char stored[4096];
  mbedtls_ssl_session session;
  mbedtls_ssl_session_init(&session);
  size_t length = read_file(file, stored, sizeof stored);
  if (length > 0) {
    check("session", mbedtls_ssl_session_load(&session, stored, length));
    check("session", mbedtls_ssl_set_session(&ssl, &session));
    remember(session.master);
  }
  mbedtls_ssl_session_free(&session);
}

static void keep_session(const char *file) {
  static unsigned char stored[4096];
  size_t length = 0;
  mbedtls_ssl_session session;
  mbedtls_ssl_session_init(&session);
  check("session", mbedtls_ssl_get_session(&ssl, &session));
  check("session", mbedtls_ssl_session_save(&session, stored, sizeof stored, &length));
  write_file(file, stored, length);
  mbedtls_ssl_session_free(&session);
}

static void connect_once(mbedtls_net_context *net) {
  const char *file = argument("session");
  if (file != NULL) offer_session(file);
  choose_connection_id();
  mbedtls_ssl_set_bio(&ssl, net, mbedtls_net_send, NULL, mbedtls_net_recv_timeout);
  check("connect", mbedtls_net_connect(net, "127.0.0.1", argument("port"), MBEDTLS_NET_PROTO_UDP));
  check("handshake", shake_hands());
  if (file != NULL) keep_session(file);
  connected();
  talk(net->fd);
}

static void print_version(void) {
  char version[20];
  mbedtls_version_get_string(version);
  printf("%s\n", version);
}

static void list_suites(void) {
  for (const int *id = mbedtls_ssl_list_ciphersuites(); *id != 0; id++) printf("%d\n", *id);
}

int main(int argc, char **argv) {
  argument_count = argc;
  arguments = argv;
  setvbuf(stdout, NULL, _IONBF, 0);
  setvbuf(stdin, NULL, _IONBF, 0);
  const char *role = argc > 1 ? argv[1] : "";
  if (strcmp(role, "version") == 0) print_version();
  if (strcmp(role, "suites") == 0) list_suites();
  if (strcmp(role, "connection-ids") == 0) printf("%s\n", has_connection_ids ? "yes" : "no");
  is_server = strcmp(role, "server") == 0;
  if (!is_server && strcmp(role, "client") != 0) return 0;
  if (argument("port") == NULL || argument("psk") == NULL || argument("identity") == NULL) return 2;

  mbedtls_timing_delay_context timer;
  mbedtls_net_context net;
  mbedtls_net_init(&net);
  mbedtls_ssl_init(&ssl);
  configure();
  check("setup", mbedtls_ssl_setup(&ssl, &config));
  mbedtls_ssl_set_timer_cb(&ssl, &timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
  if (argument("mtu") != NULL) mbedtls_ssl_set_mtu(&ssl, (uint16_t)number("mtu", 0));
  if (is_server) serve();
  else connect_once(&net);
  return 0;
}
