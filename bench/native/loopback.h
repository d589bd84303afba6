// DTLS over UDP on 127.0.0.1.
#pragma once

#include <openssl/ssl.h>
#include <stdint.h>

// CLOCK_MONOTONIC, ns.
uint64_t now(void);

// A UDP socket on a port that is free.
int bind_loopback(unsigned *port);

// Waits for a client, makes the handshake with it, and serves nobody else. The socket does not block from then on.
SSL *accept_one(SSL_CTX *context, int udp);

// A client with a UDP socket of its own, before its handshake.
SSL *new_client(SSL_CTX *context, unsigned port);

// Sends a close_notify and closes the UDP socket.
void free_client(SSL *client);

// Makes `count` handshakes, `at_once` of them at a time. Prints ns for all of them, then ns for each, in a line.
void load(SSL_CTX *context, unsigned port, unsigned at_once, unsigned count);
