// The part of swarm.c that writes reports.

static void print_times(const char *kind, uint64_t *us, uint32_t count) {
  printf(",\"%s\":[", kind);
  for (uint32_t i = 0; i < count; i += 1) printf(i == 0 ? "%lu" : ",%lu", us[i]);
  printf("]");
}

static void print_stats(const char *kind) {
  uint32_t behind = 0;
  for (uint32_t i = 0; i < target; i += 1) {
    uint32_t lag = newest - all[i].latest;
    if (all[i].state == READY && lag > behind) behind = lag;
  }
  printf("{\"kind\":\"%s\",\"nowUs\":%lu,\"ready\":%u,\"attempts\":%lu,\"failed\":%lu,\"lost\":%lu,"
         "\"resumed\":%lu,\"newest\":%u,\"behind\":%u",
         kind, now_us(), ready_count, attempts, failed, lost, resumed, newest, behind);
}

static void report_ready(void) {
  if (is_reported || ready_count < target || marked_count < target) return;
  uint64_t *us = calloc(target, sizeof *us);
  for (uint32_t i = 0; i < target; i += 1) us[i] = all[i].ready_us;
  print_stats("ready");
  print_times("us", us, target);
  printf("}\n");
  fflush(stdout);
  free(us);
  is_reported = true;
}

static void report_round(uint32_t number, struct round *round) {
  printf("{\"kind\":\"round\",\"round\":%u,\"bytes\":%lu", number, round->bytes / round->count);
  print_times("us", round->us, round->count);
  printf("}\n");
  fflush(stdout);
  free(round->us);
  memset(round, 0, sizeof *round);
  if (number > floor_round) floor_round = number;
}
