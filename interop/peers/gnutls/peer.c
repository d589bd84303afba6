/*
 * A DTLS client or server on GnuTLS, for pre-shared keys. A server serves one client after the other.
 *
 *   peer version                    prints the library's version
 *   peer suites                     prints the numbers of its suites
 *   peer client|server key=value…   speaks
 *
 * Keys: port, psk (hexadecimal), identity, hint (servers), priority (what may be negotiated, in GnuTLS' words), mtu (bytes),
 * cookies (0 or 1, servers), max_fragment_length (512 to 4096, clients), resumption (ticket or id: the only way), session (the file
 * in which a client keeps its session).
 *
 * A line of standard input is sent as one record, with its line end. What comes is printed as it is. The end of standard input sends
 * close_notify. Besides, it prints "listening", "connected <how>, full|resumed", "closed by the other side", and
 * "failed: <why>", with ", alert <number>" behind it when one has come.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>

#include "../../native/peer-program.h"

/* The plaintext of a record. */
enum { largest = 16384 };

/* The other side, on a socket that is not connected: whoever comes next is still heard by it. */
typedef struct {
  int fd;
  struct sockaddr_in address;
} peer_t;

static unsigned char psk[256];
static size_t psk_length;
static int is_server;

static void fail(const char *what, gnutls_session_t session, int code) {
  printf("failed: %s: %s", what, gnutls_strerror(code));
  if (code == GNUTLS_E_FATAL_ALERT_RECEIVED) printf(", alert %d", gnutls_alert_get(session));
  printf("\n");
  if (session != NULL) gnutls_alert_send_appropriate(session, code);
  exit(1);
}

static void check(const char *what, int code) {
  if (code < 0) fail(what, NULL, code);
}

static ssize_t push(gnutls_transport_ptr_t to, const void *datagram, size_t length) {
  peer_t *peer = to;
  return sendto(peer->fd, datagram, length, 0, (struct sockaddr *)&peer->address, sizeof peer->address);
}

static ssize_t pull(gnutls_transport_ptr_t from, void *datagram, size_t size) {
  peer_t *peer = from;
  struct sockaddr_in sender;
  socklen_t length = sizeof sender;
  ssize_t got = recvfrom(peer->fd, datagram, size, MSG_DONTWAIT, (struct sockaddr *)&sender, &length);
  if (got >= 0 && sender.sin_port != peer->address.sin_port) {
    errno = EAGAIN;
    return -1;
  }
  return got;
}

static int pull_timeout(gnutls_transport_ptr_t from, unsigned milliseconds) {
  peer_t *peer = from;
  struct pollfd watched = {.fd = peer->fd, .events = POLLIN};
  return poll(&watched, 1, milliseconds == GNUTLS_INDEFINITE_TIMEOUT ? -1 : (int)milliseconds);
}

static int find_key(gnutls_session_t session, const char *identity, gnutls_datum_t *key) {
  (void)session;
  if (strcmp(identity, argument("identity")) != 0) return -1;
  key->data = gnutls_malloc(psk_length);
  key->size = (unsigned)psk_length;
  memcpy(key->data, psk, psk_length);
  return 0;
}

/* The sessions that a server keeps by ID. */
static struct {
  gnutls_datum_t id, data;
} kept[8];
static unsigned kept_count;

static gnutls_datum_t copy(gnutls_datum_t bytes) {
  gnutls_datum_t copied = {gnutls_malloc(bytes.size), bytes.size};
  memcpy(copied.data, bytes.data, bytes.size);
  return copied;
}

static int keep(void *unused, gnutls_datum_t id, gnutls_datum_t data) {
  (void)unused;
  if (kept_count == sizeof kept / sizeof *kept) return -1;
  kept[kept_count].id = copy(id);
  kept[kept_count++].data = copy(data);
  return 0;
}

static gnutls_datum_t find(void *unused, gnutls_datum_t id) {
  (void)unused;
  for (unsigned i = 0; i < kept_count; i++) {
    if (kept[i].id.size == id.size && memcmp(kept[i].id.data, id.data, id.size) == 0) return copy(kept[i].data);
  }
  return (gnutls_datum_t){NULL, 0};
}

static int forget(void *unused, gnutls_datum_t id) {
  (void)unused;
  for (unsigned i = 0; i < kept_count; i++) {
    if (kept[i].id.size == id.size && memcmp(kept[i].id.data, id.data, id.size) == 0) kept[i].id.size = 0;
  }
  return 0;
}

static gnutls_psk_client_credentials_t client_credentials;
static gnutls_psk_server_credentials_t server_credentials;
static gnutls_datum_t ticket_key;

static void load_credentials(void) {
  if (is_server) {
    check("credentials", gnutls_psk_allocate_server_credentials(&server_credentials));
    gnutls_psk_set_server_credentials_function(server_credentials, find_key);
    const char *hint = argument("hint");
    if (hint != NULL) check("hint", gnutls_psk_set_server_credentials_hint(server_credentials, hint));
    check("ticket key", gnutls_session_ticket_key_generate(&ticket_key));
  } else {
    gnutls_datum_t key = {psk, (unsigned)psk_length};
    check("credentials", gnutls_psk_allocate_client_credentials(&client_credentials));
    check("psk", gnutls_psk_set_client_credentials(client_credentials, argument("identity"), &key, GNUTLS_PSK_KEY_RAW));
  }
}

static gnutls_session_t new_session(peer_t *peer) {
  gnutls_session_t session;
  unsigned flags = GNUTLS_DATAGRAM | (is_server ? GNUTLS_SERVER : GNUTLS_CLIENT);
  if (!resumes_by("ticket")) flags |= GNUTLS_NO_TICKETS;
  check("session", gnutls_init(&session, flags));
  check("priority", gnutls_priority_set_direct(session, argument("priority"), NULL));
  check("credentials", gnutls_credentials_set(session, GNUTLS_CRD_PSK,
                                              is_server ? (void *)server_credentials : (void *)client_credentials));
  if (is_server && resumes_by("ticket")) check("tickets", gnutls_session_ticket_enable_server(session, &ticket_key));
  if (is_server && resumes_by("id")) {
    gnutls_db_set_store_function(session, keep);
    gnutls_db_set_retrieve_function(session, find);
    gnutls_db_set_remove_function(session, forget);
  }
  gnutls_transport_set_ptr(session, peer);
  gnutls_transport_set_push_function(session, push);
  gnutls_transport_set_pull_function(session, pull);
  gnutls_transport_set_pull_timeout_function(session, pull_timeout);
  if (argument("mtu") != NULL) gnutls_dtls_set_mtu(session, (unsigned)number("mtu", 0));
  int fragment = number("max_fragment_length", 0);
  if (fragment != 0) check("max_fragment_length", (int)gnutls_record_set_max_size(session, (size_t)fragment));
  return session;
}

static void connected(gnutls_session_t session) {
  char *how = gnutls_session_get_desc(session);
  printf("connected %s, %s\n", how, gnutls_session_is_resumed(session) ? "resumed" : "full");
  gnutls_free(how);
}

static void shake_hands(gnutls_session_t session) {
  int result;
  do result = gnutls_handshake(session);
  while (result < 0 && !gnutls_error_is_fatal(result));
  if (result < 0) fail("handshake", session, result);
  connected(session);
}

/* Until standard input ends, which is the end of all, or the other side does. */
static void talk(gnutls_session_t session, int fd) {
  static unsigned char buffer[largest];
  static char line[largest];
  struct pollfd watched[2] = {{.fd = 0, .events = POLLIN}, {.fd = fd, .events = POLLIN}};
  for (;;) {
    int pending = gnutls_record_check_pending(session) > 0;
    poll(watched, 2, pending ? 0 : -1);
    if (pending || watched[1].revents != 0) {
      ssize_t got = gnutls_record_recv(session, buffer, sizeof buffer);
      if (got == 0) {
        printf("closed by the other side\n");
        return;
      }
      if (got > 0) fwrite(buffer, 1, (size_t)got, stdout);
      else if (gnutls_error_is_fatal((int)got)) fail("read", session, (int)got);
    }
    if (watched[0].revents != 0) {
      /* Standard input is not buffered, so that poll sees every line. */
      if (fgets(line, sizeof line, stdin) == NULL) {
        gnutls_bye(session, GNUTLS_SHUT_WR);
        exit(0);
      }
      ssize_t sent = gnutls_record_send(session, line, strlen(line));
      if (sent < 0) fail("write", session, (int)sent);
    }
  }
}

/* Waits for a client, with the cookie that it must show unless cookies=0. */
static void accept_client(peer_t *peer, gnutls_dtls_prestate_st *state) {
  static unsigned char hello[largest];
  static gnutls_datum_t cookie_key;
  if (cookie_key.data == NULL) check("cookie key", gnutls_key_generate(&cookie_key, GNUTLS_COOKIE_KEY_SIZE));
  for (;;) {
    socklen_t length = sizeof peer->address;
    struct sockaddr *address = (struct sockaddr *)&peer->address;
    ssize_t got = recvfrom(peer->fd, hello, sizeof hello, MSG_PEEK, address, &length);
    if (got < 0) fail("listen", NULL, GNUTLS_E_PULL_ERROR);
    memset(state, 0, sizeof *state);
    if (number("cookies", 1) == 0) return;
    if (gnutls_dtls_cookie_verify(&cookie_key, &peer->address, length, hello, (size_t)got, state) >= 0) return;
    gnutls_dtls_cookie_send(&cookie_key, &peer->address, length, state, peer, push);
    recv(peer->fd, hello, sizeof hello, 0);
  }
}

static void serve(peer_t *peer) {
  if (bind(peer->fd, (struct sockaddr *)&peer->address, sizeof peer->address) != 0) {
    perror("failed: bind");
    exit(1);
  }
  printf("listening\n");
  for (;;) {
    gnutls_dtls_prestate_st state;
    accept_client(peer, &state);
    gnutls_session_t session = new_session(peer);
    if (number("cookies", 1)) gnutls_dtls_prestate_set(session, &state);
    shake_hands(session);
    talk(session, peer->fd);
    gnutls_bye(session, GNUTLS_SHUT_WR);
    gnutls_deinit(session);
  }
}

static void connect_once(peer_t *peer) {
  static unsigned char stored[65536];
  const char *file = argument("session");
  gnutls_session_t session = new_session(peer);
  size_t length = file == NULL ? 0 : read_file(file, stored, sizeof stored);
  if (length > 0) check("session", gnutls_session_set_data(session, stored, length));
  shake_hands(session);
  if (file != NULL) {
    gnutls_datum_t data;
    check("session", gnutls_session_get_data2(session, &data));
    write_file(file, data.data, data.size);
    gnutls_free(data.data);
  }
  talk(session, peer->fd);
}

static void list_suites(void) {
  unsigned char id[2];
  for (size_t i = 0; gnutls_cipher_suite_info(i, id, NULL, NULL, NULL, NULL) != NULL; i++) printf("%d\n", id[0] << 8 | id[1]);
}

int main(int argc, char **argv) {
  argument_count = argc;
  arguments = argv;
  setvbuf(stdout, NULL, _IONBF, 0);
  setvbuf(stdin, NULL, _IONBF, 0);
  const char *role = argc > 1 ? argv[1] : "";
  if (strcmp(role, "version") == 0) printf("%s\n", gnutls_check_version(NULL));
  if (strcmp(role, "suites") == 0) list_suites();
  is_server = strcmp(role, "server") == 0;
  if (!is_server && strcmp(role, "client") != 0) return 0;
  if (argument("port") == NULL || argument("psk") == NULL || argument("identity") == NULL || argument("priority") == NULL) return 2;
  psk_length = from_hex(argument("psk"), psk, sizeof psk);
  load_credentials();
  peer_t peer = {.fd = socket(AF_INET, SOCK_DGRAM, 0), .address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number("port", 0))}};
  peer.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (is_server) serve(&peer);
  else connect_once(&peer);
  return 0;
}
