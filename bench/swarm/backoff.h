/*
 * How long a client stays away before its next attempt: the rules of the SDK (client/backoff.ts).
 *
 * For `swarm.c` alone.
 */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdint.h>
#include <stdlib.h>

#include "swarm.h"

/*
 * What the server asked for, up to a quarter longer; else a step that doubles, half of it certain,
 * less the time that the attempt took.
 */
static uint64_t next_wait_us(struct connection *c, uint64_t took_us, uint64_t initial_us,
                             uint64_t max_us) {
  if (c->asked_us > 0) {
    c->attempts = 0;
    uint64_t asked = c->asked_us > initial_us ? c->asked_us : initial_us;
    uint64_t spread = asked + (uint64_t)((double)(asked / 4) * drand48());
    return spread < max_us ? spread : max_us;
  }
  uint64_t step = initial_us << (c->attempts > 20 ? 20 : c->attempts);
  if (step > max_us) step = max_us;
  c->attempts += 1;
  double spread = (1 + drand48()) / 2;
  double least = (double)(step < initial_us ? step : initial_us) * spread;
  double left = (double)step * spread - (double)took_us;
  return (uint64_t)(left > least ? left : least);
}

#endif
