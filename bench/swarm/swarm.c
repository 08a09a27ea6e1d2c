/*
 * Ten thousand lean clients in one process: each a TLS connection of its own from an address of its
 * own, which subscribes, notes when each round has arrived, and comes back when it is cut off.
 *
 *   swarm NAME=VALUE…   protocol=raw|h2|nats|resp host port folder identities alpn ready=any|HEX,…
 *                       timeout initial max (ms) resume=0|1
 *
 * `folder` holds ca.pem and client-0.pem, client-0.key, …; `ready` says by the first byte of a
 * message that a client is served. Commands are lines on standard input:
 *
 *   preamble HEX      what a client says first; {index} in it becomes 7 digits
 *   reply HEX | -     what it says when a round has arrived
 *   open COUNT AT_ONCE
 *   mark              begins a new report of who is ready
 *   close             closes all, without coming back
 *   stats
 *
 * Reports are lines of JSON; times are microseconds of CLOCK_MONOTONIC. `ready` comes when all are
 * ready and each has become it since the last `open` or `mark`; `round` when all have that round or
 * a later one. Waits between attempts are those of the SDK (client/backoff.ts).
 */
#define _GNU_SOURCE
#include "backoff.h"
#include "swarm.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS 65536
#define EVENTS 512
#define TICK_MS 5
#define IDENTITIES_MAX 1024
#define COMMAND_BYTES 65536

struct bytes { uint8_t *at; size_t length; };
struct round { uint32_t count; uint64_t bytes; uint64_t *us; };

static enum protocol protocol;
static const char *ready_bytes = "any";
static struct sockaddr_in server = {.sin_family = AF_INET};
static SSL_CTX *contexts[IDENTITIES_MAX];
static uint32_t identities = 1;
static uint64_t timeout_us = 10000000, initial_us = 250000, max_us = 30000000;
static bool resumes;

static struct connection *all;
static uint32_t capacity, target, at_once, in_flight, next_idle, ready_count, marked_count;
static bool is_reported = true;
static struct round rounds[ROUNDS];
static uint32_t newest, floor_round;
static uint64_t attempts, failed, lost, resumed;
static struct bytes preamble, reply;
static int poller;
static uint8_t buffer[1 << 18];

static uint64_t now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static void die(const char *what) {
  fprintf(stderr, "swarm: %s: %s\n", what, strerror(errno));
  ERR_print_errors_fp(stderr);
  exit(1);
}

#include "swarm-reports.h"

void complain(const char *text, size_t length) {
  static int said;
  if (said++ < 20) fprintf(stderr, "swarm: %.*s\n", (int)length, text);
}

static void watch(struct connection *c, int how, uint32_t events) {
  struct epoll_event event = {.events = events, .data.ptr = c};
  epoll_ctl(poller, how, c->fd, &event);
}

static void release(struct connection *c) {
  if (c->ssl != NULL) SSL_free(c->ssl);
  if (c->fd >= 0) close(c->fd);
  c->ssl = NULL;
  c->fd = -1;
}

/** Ends a connection and decides when to come back: half of the step is certain. */
static void drop(struct connection *c, const char *why) {
  if (c->state == READY) {
    ready_count -= 1;
    lost += 1;
  } else {
    failed += 1;
    in_flight -= 1;
    char text[160];
    int n = snprintf(text, sizeof text, "client %u, state %d: %s", c->index, c->state, why);
    complain(text, (size_t)n);
  }
  release(c);
  uint64_t now = now_us();
  c->due_us = now + next_wait_us(c, now - c->began_us, initial_us, max_us);
  c->asked_us = 0;
  c->state = WAITING;
}

void send_bytes(struct connection *c, const void *bytes, size_t length) {
  if (c->is_over || length == 0) return;
  if (SSL_write(c->ssl, bytes, (int)length) <= 0) c->is_over = true;
}

static void arrived(struct connection *c, uint32_t number, uint32_t bytes) {
  uint64_t us = now_us();
  if (c->latest < floor_round) c->latest = floor_round;
  while (c->latest < number) {
    c->latest += 1;
    struct round *round = &rounds[c->latest % ROUNDS];
    if (round->us == NULL) round->us = calloc(target, sizeof *round->us);
    if (round->us == NULL) die("memory");
    if (round->count < target) round->us[round->count++] = us;
    round->bytes += bytes;
    if (round->count == target) report_round(c->latest, round);
  }
  if (number > newest) newest = number;
  send_bytes(c, reply.at, reply.length);
}

static bool says_ready(struct parser *p) {
  if (strcmp(ready_bytes, "any") == 0) return true;
  for (const char *at = ready_bytes; p->has_first && at != NULL; at = strchr(at, ',')) {
    if (*at == ',') at += 1;
    if (strtoul(at, NULL, 16) == p->first) return true;
  }
  return false;
}

void message_complete(struct connection *c) {
  if (c->state == OPEN && says_ready(&c->parser)) {
    c->state = READY;
    c->ready_us = now_us();
    c->attempts = 0;
    in_flight -= 1;
    ready_count += 1;
    if (SSL_session_reused(c->ssl)) resumed += 1;
    if (!c->is_marked) marked_count += 1;
    c->is_marked = true;
  }
  if (c->parser.has_found) arrived(c, c->parser.found, c->parser.bytes);
  report_ready();
}

static int keep_session(SSL *ssl, SSL_SESSION *session) {
  struct connection *c = SSL_get_app_data(ssl);
  if (c->session != NULL) SSL_SESSION_free(c->session);
  c->session = SSL_SESSION_dup(session);
  return 0;
}

static void begin(struct connection *c) {
  uint32_t address = 0x7f010001 + (c->index / 250 << 8) + c->index % 250;
  struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(address)};
  int one = 1;
  attempts += 1;
  in_flight += 1;
  memset(&c->parser, 0, sizeof c->parser);
  c->is_over = false;
  c->state = CONNECTING;
  c->began_us = now_us();
  c->due_us = c->began_us + timeout_us;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) die("socket");
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
  if (bind(c->fd, (struct sockaddr *)&own, sizeof own) != 0) die("bind");
  if (connect(c->fd, (struct sockaddr *)&server, sizeof server) != 0 && errno != EINPROGRESS) {
    return drop(c, strerror(errno));
  }
  watch(c, EPOLL_CTL_ADD, EPOLLOUT);
}

static void start_tls(struct connection *c) {
  c->ssl = SSL_new(contexts[c->index % identities]);
  if (c->ssl == NULL) die("SSL_new");
  SSL_set_app_data(c->ssl, c);
  SSL_set_fd(c->ssl, c->fd);
  SSL_set_connect_state(c->ssl);
  // Copies, here and above: OpenSSL marks the session of a connection that ends without a farewell.
  SSL_SESSION *session = c->session == NULL ? NULL : SSL_SESSION_dup(c->session);
  if (session != NULL) SSL_set_session(c->ssl, session);
  SSL_SESSION_free(session);
  c->state = HANDSHAKE;
}

/** NATS says a line before TLS begins; exactly that line is taken. */
static bool take_greeting(struct connection *c) {
  ssize_t n = recv(c->fd, buffer, 4096, MSG_PEEK);
  uint8_t *end = n <= 0 ? NULL : memchr(buffer, '\n', (size_t)n);
  if (n == 0) c->is_over = true;
  if (end == NULL) return false;
  return recv(c->fd, buffer, (size_t)(end + 1 - buffer), 0) > 0;
}

static void introduce(struct connection *c) {
  static uint8_t said[COMMAND_BYTES];
  memcpy(said, preamble.at, preamble.length);
  uint8_t *at = said, *end = said + preamble.length;
  while ((at = memmem(at, (size_t)(end - at), "{index}", 7)) != NULL) {
    char number[16];
    snprintf(number, sizeof number, "%07u", c->index);
    memcpy(at, number, 7);
  }
  c->state = OPEN;
  send_bytes(c, said, preamble.length);
}

static void shake_hands(struct connection *c) {
  int done = SSL_do_handshake(c->ssl);
  if (done == 1) {
    watch(c, EPOLL_CTL_MOD, EPOLLIN);
    return introduce(c);
  }
  int why = SSL_get_error(c->ssl, done);
  if (why == SSL_ERROR_WANT_READ) return watch(c, EPOLL_CTL_MOD, EPOLLIN);
  if (why == SSL_ERROR_WANT_WRITE) return watch(c, EPOLL_CTL_MOD, EPOLLOUT);
  ERR_clear_error();
  c->is_over = true;
}

static void read_all(struct connection *c) {
  int n;
  do {
    n = SSL_read(c->ssl, buffer, sizeof buffer);
    if (n > 0) parse(protocol, c, buffer, (size_t)n);
  } while (n > 0 && !c->is_over && SSL_has_pending(c->ssl));
  if (n > 0 || SSL_get_error(c->ssl, n) == SSL_ERROR_WANT_READ) return;
  ERR_clear_error();
  c->is_over = true;
}

static void advance(struct connection *c) {
  if (c->state == CONNECTING) {
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) return drop(c, strerror(error));
    if (protocol == NATS) watch(c, EPOLL_CTL_MOD, EPOLLIN);
    if (protocol == NATS) c->state = GREETING;
    else start_tls(c);
  }
  if (c->state == GREETING && take_greeting(c)) start_tls(c);
  if (c->state == HANDSHAKE) shake_hands(c);
  else if (c->state >= OPEN) read_all(c);
  if (c->is_over) drop(c, "closed");
}

static void tick(void) {
  uint64_t now = now_us();
  for (uint32_t i = 0; i < target; i += 1) {
    struct connection *c = &all[i];
    if (c->state == IDLE || c->state == READY || c->due_us > now) continue;
    if (c->state == WAITING) begin(c);
    else drop(c, "took too long");
  }
  while (next_idle < target && in_flight < at_once) begin(&all[next_idle++]);
}

#include "swarm-setup.h"

int main(int argc, char **argv) {
  set_up(argc, argv);
  struct epoll_event events[EVENTS];
  uint64_t ticked_us = 0;
  for (;;) {
    bool is_all_ready = ready_count == target;
    int n = epoll_wait(poller, events, EVENTS, is_all_ready ? 1000 : TICK_MS);
    for (int i = 0; i < n; i += 1) {
      if (events[i].data.ptr == NULL) read_commands();
      else advance(events[i].data.ptr);
    }
    if (now_us() - ticked_us < TICK_MS * 1000 || ready_count == target) continue;
    tick();
    ticked_us = now_us();
  }
}
