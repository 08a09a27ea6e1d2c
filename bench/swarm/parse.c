// Just enough of four protocols to know when a message is complete, and which round it belongs to.
//
// raw    4 bytes of length, then the message
// h2     HTTP/2 frames of one stream with gRPC messages; answers SETTINGS and PING
// nats   MSG, HMSG, PONG; answers PING
// resp   arrays of bulk strings
//
// A message of a round carries a mark somewhere: a tilde and eight digits. Nothing is buffered: the
// bytes are looked at as they come, in whatever pieces.
#define _GNU_SOURCE
#include "swarm.h"
#include <stdlib.h>
#include <string.h>

#define MARK_DIGITS 8
enum { DATA = 0, HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6 };
enum { END_STREAM = 1, ACK = 1 };

static void scan(struct parser *p, const uint8_t *bytes, size_t n) {
  while (n > 0) {
    if (p->digits == 0) {
      const uint8_t *at = memchr(bytes, '~', n);
      if (at == NULL) return;
      n -= (size_t)(at + 1 - bytes);
      bytes = at + 1;
      p->digits = 1;
      p->value = 0;
    } else if (*bytes >= '0' && *bytes <= '9') {
      p->value = p->value * 10 + (uint32_t)(*bytes - '0');
      bytes += 1;
      n -= 1;
      if (p->digits++ < MARK_DIGITS) continue;
      p->digits = 0;
      p->found = p->value;
      p->has_found = true;
    } else {
      p->digits = 0;
    }
  }
}

static void take_payload(struct parser *p, const uint8_t *bytes, size_t n) {
  if (n == 0) return;
  if (!p->has_first) p->first = bytes[0];
  p->has_first = true;
  p->bytes += (uint32_t)n;
  scan(p, bytes, n);
}

static void end_message(struct connection *c) {
  struct parser *p = &c->parser;
  message_complete(c);
  p->digits = 0;
  p->has_first = false;
  if (p->has_found) p->bytes = 0;
  p->has_found = false;
}

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

static uint32_t read_uint32(const uint8_t *b) {
  return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

/** Collects up to `want` bytes in `head`; returns how many were taken. */
static size_t collect(uint8_t *head, uint8_t *length, size_t want, const uint8_t *b, size_t n) {
  size_t take = least(want - *length, n);
  memcpy(head + *length, b, take);
  *length = (uint8_t)(*length + take);
  return take;
}

static void parse_raw(struct connection *c, const uint8_t *b, size_t n) {
  struct parser *p = &c->parser;
  while (n > 0) {
    size_t take;
    if (p->head_length < 4) {
      take = collect(p->head, &p->head_length, 4, b, n);
      if (p->head_length == 4) p->need = read_uint32(p->head);
    } else {
      take = least(p->need, n);
      take_payload(p, b, take);
      p->need -= (uint32_t)take;
    }
    b += take;
    n -= take;
    if (p->head_length < 4 || p->need > 0) continue;
    p->head_length = 0;
    end_message(c);
  }
}

static void parse_messages(struct connection *c, const uint8_t *b, size_t n) {
  struct parser *p = &c->parser;
  while (n > 0) {
    size_t take;
    if (p->message_head_length < 5) {
      take = collect(p->message_head, &p->message_head_length, 5, b, n);
      if (p->message_head_length == 5) p->message_need = read_uint32(p->message_head + 1);
    } else {
      take = least(p->message_need, n);
      take_payload(p, b, take);
      p->message_need -= (uint32_t)take;
    }
    b += take;
    n -= take;
    if (p->message_head_length < 5 || p->message_need > 0) continue;
    p->message_head_length = 0;
    end_message(c);
  }
}

/**
 * Microseconds that trailers ask a client to wait, or 0. `grpc-retry-pushback-ms` comes once in a
 * connection, so both HPACK tables are of no use to it: it is looked for as the literal that it is, with
 * name and value in Huffman's code (RFC 7541 appendix B), which servers use where it is shorter.
 */
static uint64_t asked_us(const uint8_t *block, size_t n) {
  static const uint8_t name[] = {0x9a, 0xca, 0xc8, 0xb5, 0x85, 0x4d, 0x9e, 0x96, 0xae, 0xd4, 0x4f, 0x18, 0xc9, 0xd5, 0x6a, 0x51};
  const uint8_t *at = memmem(block, n, name, sizeof name);
  if (at == NULL) return 0;
  at += sizeof name;
  size_t left = (size_t)(block + n - at);
  if (left == 0) return 0;
  bool is_huffman = (*at & 0x80) != 0;
  size_t length = least(*at & 0x7f, left - 1);
  uint64_t ms = 0;
  at += 1;
  if (!is_huffman) {
    for (size_t i = 0; i < length && at[i] >= '0' && at[i] <= '9'; i += 1) {
      ms = ms * 10 + (uint64_t)(at[i] - '0');
    }
    return ms * 1000;
  }
  // 0, 1 and 2 have five bits with their own value, 3 to 9 have six with 22 more; then come ones.
  uint32_t bits = 0, held = 0;
  for (size_t i = 0; i < length || held >= 5;) {
    while (held < 6 && i < length) {
      bits = bits << 8 | at[i++];
      held += 8;
    }
    uint32_t five = held < 5 ? 31 : bits >> (held - 5) & 31;
    uint32_t six = held < 6 ? 63 : bits >> (held - 6) & 63;
    if (five <= 2) held -= 5;
    else if (six >= 25 && six <= 31) held -= 6;
    else break;
    ms = ms * 10 + (five <= 2 ? five : six - 22);
    bits &= (1u << held) - 1;
  }
  return ms * 1000;
}

static void end_frame(struct connection *c) {
  static const uint8_t settings_ack[9] = {0, 0, 0, SETTINGS, ACK};
  struct parser *p = &c->parser;
  bool is_last = (p->type == DATA || p->type == HEADERS) && (p->flags & END_STREAM) != 0;
  p->head_length = 0;
  if (p->type == HEADERS && is_last) c->asked_us = asked_us(p->headers, p->headers_length);
  if (is_last || p->type == RST_STREAM) c->is_over = true;
  if ((p->flags & ACK) != 0) return;
  if (p->type == SETTINGS) send_bytes(c, settings_ack, sizeof settings_ack);
  if (p->type != PING) return;
  uint8_t pong[17] = {0, 0, 8, PING, ACK};
  memcpy(pong + 9, p->ping, sizeof p->ping);
  send_bytes(c, pong, sizeof pong);
}

static void parse_h2(struct connection *c, const uint8_t *b, size_t n) {
  struct parser *p = &c->parser;
  while (n > 0 && !c->is_over) {
    size_t take;
    if (p->head_length < 9) {
      take = collect(p->head, &p->head_length, 9, b, n);
      if (p->head_length == 9) {
        p->need = read_uint32(p->head) >> 8;
        p->type = p->head[3];
        p->flags = p->head[4];
        p->ping_length = 0;
        p->headers_length = 0;
      }
    } else {
      take = least(p->need, n);
      if (p->type == DATA) parse_messages(c, b, take);
      if (p->type == HEADERS) {
        size_t room = least(take, sizeof p->headers - p->headers_length);
        memcpy(p->headers + p->headers_length, b, room);
        p->headers_length = (uint16_t)(p->headers_length + room);
      }
      if (p->type == PING) collect(p->ping, &p->ping_length, sizeof p->ping, b, take);
      p->need -= (uint32_t)take;
    }
    b += take;
    n -= take;
    if (p->head_length == 9 && p->need == 0) end_frame(c);
  }
}

/** Takes bytes up to the end of a line; true when `line` is complete, without its end. */
static bool take_line(struct parser *p, const uint8_t **b, size_t *n) {
  const uint8_t *end = memchr(*b, '\n', *n);
  size_t take = end == NULL ? *n : (size_t)(end + 1 - *b);
  size_t room = LINE_BYTES - 1 - p->line_length;
  memcpy(p->line + p->line_length, *b, least(take, room));
  p->line_length = (uint16_t)(p->line_length + least(take, room));
  *b += take;
  *n -= take;
  if (end == NULL) return false;
  while (p->line_length > 0 && strchr("\r\n", p->line[p->line_length - 1]) != NULL) {
    p->line_length -= 1;
  }
  p->line[p->line_length] = 0;
  p->line_length = 0;
  return true;
}

static bool begins(const char *line, const char *with) {
  return strncmp(line, with, strlen(with)) == 0;
}

static void parse_nats(struct connection *c, const uint8_t *b, size_t n) {
  struct parser *p = &c->parser;
  while (n > 0) {
    if (p->in_value) {
      size_t take = least(p->need, n);
      take_payload(p, b, take);
      p->need -= (uint32_t)take;
      b += take;
      n -= take;
      if (p->need > 0) continue;
      p->in_value = false;
      end_message(c);
      continue;
    }
    if (!take_line(p, &b, &n)) return;
    if (begins(p->line, "PING")) send_bytes(c, "PONG\r\n", 6);
    if (begins(p->line, "PONG")) end_message(c);
    if (begins(p->line, "-ERR")) complain(p->line, strlen(p->line));
    if (!begins(p->line, "MSG ") && !begins(p->line, "HMSG ")) continue;
    const char *last = strrchr(p->line, ' ');
    p->need = (uint32_t)atoi(last + 1) + 2;
    p->in_value = true;
  }
}

static void end_element(struct connection *c) {
  struct parser *p = &c->parser;
  if (p->elements > 0) p->elements -= 1;
  if (p->elements == 0) end_message(c);
}

static void parse_resp(struct connection *c, const uint8_t *b, size_t n) {
  struct parser *p = &c->parser;
  while (n > 0) {
    if (p->in_value) {
      size_t take = least(p->need, n);
      take_payload(p, b, take);
      p->need -= (uint32_t)take;
      b += take;
      n -= take;
      if (p->need > 0) continue;
      p->in_value = false;
      end_element(c);
      continue;
    }
    if (!take_line(p, &b, &n)) return;
    int count = atoi(p->line + 1);
    switch (p->line[0]) {
    case '*':
      p->elements = (uint16_t)count;
      break;
    case '$':
      p->need = (uint32_t)count + 2;
      p->in_value = true;
      break;
    case '-':
      complain(p->line, strlen(p->line));
      end_element(c);
      break;
    default:
      end_element(c);
    }
  }
}

void parse(enum protocol protocol, struct connection *c, const uint8_t *bytes, size_t n) {
  switch (protocol) {
  case RAW:
    parse_raw(c, bytes, n);
    break;
  case H2:
    parse_h2(c, bytes, n);
    break;
  case NATS:
    parse_nats(c, bytes, n);
    break;
  case RESP:
    parse_resp(c, bytes, n);
    break;
  }
}
