// The part of swarm.c that reads arguments and commands.

static const char *argument(int argc, char **argv, const char *name, const char *otherwise) {
  size_t length = strlen(name);
  for (int i = 1; i < argc; i += 1) {
    if (strncmp(argv[i], name, length) == 0 && argv[i][length] == '=') return argv[i] + length + 1;
  }
  if (otherwise == NULL) {
    fprintf(stderr, "swarm: %s= is missing\n", name);
    exit(2);
  }
  return otherwise;
}

static SSL_CTX *make_context(const char *folder, uint32_t identity, const char *alpn) {
  char file[3][4096];
  snprintf(file[0], sizeof file[0], "%s/ca.pem", folder);
  snprintf(file[1], sizeof file[1], "%s/client-%u.pem", folder, identity);
  snprintf(file[2], sizeof file[2], "%s/client-%u.key", folder, identity);
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (context == NULL) die("SSL_CTX_new");
  SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  if (resumes) SSL_CTX_sess_set_new_cb(context, keep_session);
  if (SSL_CTX_load_verify_locations(context, file[0], NULL) != 1) die(file[0]);
  if (SSL_CTX_use_certificate_chain_file(context, file[1]) != 1) die(file[1]);
  if (SSL_CTX_use_PrivateKey_file(context, file[2], SSL_FILETYPE_PEM) != 1) die(file[2]);
  uint8_t names[64] = {(uint8_t)strlen(alpn)};
  memcpy(names + 1, alpn, strlen(alpn));
  if (*alpn != 0) SSL_CTX_set_alpn_protos(context, names, (unsigned)strlen(alpn) + 1);
  return context;
}

static void set_up(int argc, char **argv) {
  static const char *names[] = {"raw", "h2", "nats", "resp"};
  const char *wanted = argument(argc, argv, "protocol", NULL);
  for (int i = 0; i < 4; i += 1) if (strcmp(names[i], wanted) == 0) protocol = (enum protocol)i;
  ready_bytes = argument(argc, argv, "ready", "any");
  timeout_us = strtoull(argument(argc, argv, "timeout", "10000"), NULL, 10) * 1000;
  initial_us = strtoull(argument(argc, argv, "initial", "250"), NULL, 10) * 1000;
  max_us = strtoull(argument(argc, argv, "max", "30000"), NULL, 10) * 1000;
  resumes = *argument(argc, argv, "resume", "0") == '1';
  identities = (uint32_t)atoi(argument(argc, argv, "identities", "1"));
  if (identities < 1 || identities > IDENTITIES_MAX) exit(2);
  inet_pton(AF_INET, argument(argc, argv, "host", "127.0.0.1"), &server.sin_addr);
  server.sin_port = htons((uint16_t)atoi(argument(argc, argv, "port", NULL)));
  const char *folder = argument(argc, argv, "folder", NULL);
  const char *alpn = argument(argc, argv, "alpn", protocol == H2 ? "h2" : "");
  for (uint32_t i = 0; i < identities; i += 1) contexts[i] = make_context(folder, i, alpn);
  struct rlimit files;
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  srand48((long)now_us());
  signal(SIGPIPE, SIG_IGN);
  poller = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};
  fcntl(0, F_SETFL, fcntl(0, F_GETFL) | O_NONBLOCK);
  if (epoll_ctl(poller, EPOLL_CTL_ADD, 0, &event) != 0) die("standard input");
}

static struct bytes read_hex(const char *text) {
  size_t length = strlen(text) / 2;
  struct bytes bytes = {malloc(length + 1), length};
  if (strcmp(text, "-") == 0) bytes.length = 0;
  for (size_t i = 0; i < bytes.length; i += 1) {
    char pair[3] = {text[2 * i], text[2 * i + 1], 0};
    bytes.at[i] = (uint8_t)strtoul(pair, NULL, 16);
  }
  return bytes;
}

static void begin_mark(void) {
  for (uint32_t i = 0; i < target; i += 1) all[i].is_marked = false;
  marked_count = 0;
  is_reported = false;
}

static void open_all(uint32_t count, uint32_t together) {
  if (capacity != 0 && count != capacity) die("open with another count");
  if (capacity == 0) all = calloc(count, sizeof *all);
  if (all == NULL) die("memory");
  for (uint32_t i = capacity; i < count; i += 1) {
    all[i].index = i;
    all[i].fd = -1;
  }
  capacity = count;
  target = count;
  at_once = together;
  next_idle = 0;
  begin_mark();
}

static void close_all(void) {
  for (uint32_t i = 0; i < target; i += 1) {
    release(&all[i]);
    all[i].state = IDLE;
    all[i].attempts = 0;
  }
  target = ready_count = in_flight = 0;
  printf("{\"kind\":\"closed\"}\n");
  fflush(stdout);
}

static void obey(char *line) {
  char *rest = strchr(line, ' ');
  if (rest != NULL) *rest++ = 0;
  if (strcmp(line, "preamble") == 0 && rest != NULL) preamble = read_hex(rest);
  if (strcmp(line, "reply") == 0 && rest != NULL) reply = read_hex(rest);
  if (strcmp(line, "close") == 0) close_all();
  if (strcmp(line, "mark") == 0) begin_mark();
  if (strcmp(line, "stats") == 0) {
    print_stats("stats");
    printf("}\n");
    fflush(stdout);
  }
  if (strcmp(line, "open") != 0 || rest == NULL) return;
  char *together = strchr(rest, ' ');
  open_all((uint32_t)atoi(rest), together == NULL ? 64 : (uint32_t)atoi(together));
}

static void read_commands(void) {
  static char text[COMMAND_BYTES];
  static size_t length;
  ssize_t n = read(0, text + length, sizeof text - 1 - length);
  if (n == 0) exit(0);
  if (n < 0) return;
  length += (size_t)n;
  text[length] = 0;
  char *at = text;
  for (char *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
    *end = 0;
    obey(at);
  }
  length -= (size_t)(at - text);
  memmove(text, at, length);
}
