/*
 * The packets that the router holds back: a binary heap, the next one due first.
 *
 * For `router.c` alone, which gives the queue its memory.
 */
#ifndef PACKET_QUEUE_H
#define PACKET_QUEUE_H

#include <stddef.h>
#include <stdint.h>

#define QUEUE_MAX (1 << 20)

struct packet {
  uint64_t due_ns;
  uint64_t number; /* keeps packets with one due time in order */
  int fd;
  int length;
  unsigned char *bytes;
};

static struct packet *queue;
static size_t queue_length;

static int is_before(const struct packet *a, const struct packet *b) {
  if (a->due_ns != b->due_ns) return a->due_ns < b->due_ns;
  return a->number < b->number;
}

static void queue_add(struct packet added) {
  size_t at = queue_length++;
  while (at > 0 && is_before(&added, &queue[(at - 1) / 2])) {
    queue[at] = queue[(at - 1) / 2];
    at = (at - 1) / 2;
  }
  queue[at] = added;
}

static struct packet queue_take(void) {
  struct packet first = queue[0], moved = queue[--queue_length];
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= queue_length) break;
    if (child + 1 < queue_length && is_before(&queue[child + 1], &queue[child])) child++;
    if (!is_before(&queue[child], &moved)) break;
    queue[at] = queue[child];
    at = child;
  }
  queue[at] = moved;
  return first;
}

#endif
