// What the parts of the swarm share: one connection, and what parsers tell about it.
#ifndef SWARM_H
#define SWARM_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum protocol { RAW, H2, NATS, RESP };

enum state { IDLE, WAITING, CONNECTING, GREETING, HANDSHAKE, OPEN, READY };

#define LINE_BYTES 192
#define HEADERS_BYTES 512

// Where a parser is in what a server sends; all zero at the beginning of a connection.
struct parser {
  uint8_t head[9]; // frame header (h2) or length (raw)
  uint8_t head_length;
  uint8_t type;
  uint8_t flags;
  uint32_t need; // bytes of the frame, value or message that are still to come
  uint8_t message_head[5];
  uint8_t message_head_length;
  uint32_t message_need;
  uint8_t ping[8];
  uint8_t ping_length;
  uint8_t headers[HEADERS_BYTES];
  uint16_t headers_length;
  char line[LINE_BYTES];
  uint16_t line_length;
  uint16_t elements;
  bool in_value;
  uint8_t first;     // first byte of the message
  bool has_first;
  uint8_t digits;    // of a mark: 0 none begun, 1 the tilde, then its digits
  uint32_t value;
  uint32_t found;    // the mark of this message
  bool has_found;
  uint32_t bytes;    // of messages since the last arrival
};

struct connection {
  uint32_t index;
  int fd;
  SSL *ssl;
  SSL_SESSION *session;
  enum state state;
  uint64_t due_us;   // when to connect, or when to give up
  uint64_t began_us; // the last attempt
  uint64_t ready_us;
  uint32_t attempts; // since it was ready
  uint32_t latest;   // the last round that it has
  bool is_marked;    // ready since the last mark
  bool is_over;      // the server ended the stream
  uint64_t asked_us; // the server's wish: to be left alone for so long
  struct parser parser;
};

// From the parsers to the swarm.
void message_complete(struct connection *connection);
void send_bytes(struct connection *connection, const void *bytes, size_t length);
void complain(const char *text, size_t length);

// From the swarm to the parsers.
void parse(enum protocol protocol, struct connection *connection, const uint8_t *bytes, size_t n);

#endif
