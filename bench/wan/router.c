/*
 * Routes packets between network namespaces and holds each one back for as long as light would
 * take: a wide area network on one machine, with the kernel's own TCP at both ends.
 *
 * Every host gets a namespace with one TUN device, address NET.REGION.HOST of 10.0.0.0/8, and a
 * process that does nothing but keep the namespace alive. One more device, for the console, stays
 * in the namespace of whoever started this: packets from and to it are not held back, cut or lost,
 * so that a benchmark reaches every host without disturbing what it measures. Everything goes
 * away with this process, and this process ends with its standard input.
 *
 *   router NET REGIONS HOSTS
 *
 * First it says one line `host REGION HOST PID` for each host and `ready`. Then it obeys one
 * command a line and answers `ok` or `bad`:
 *
 *   delay A B MICROSECONDS     one way, region to region (also A = B: between hosts of a region)
 *   cut A B | heal A B         loses everything from region A to region B, one way | no longer
 *   loss PER_MILLION           loses packets between regions at random
 *
 * For benchmarks and fault runs only; needs the right to make network namespaces.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
/* After net/if.h, which it would contradict otherwise. */
#include <linux/if_tun.h>

#include "packet-queue.h"

#define REGIONS_MAX 32
#define HOSTS_MAX 32
#define CONSOLE_REGION 255
#define PACKET_MAX 2048
#define COMMAND_MAX 256
/* What is due within this time goes out now: a timer would come later than that. */
#define EARLY_NS 15000
/* A timer is set this much before it is needed at most, since it comes late. */
#define LEAD_MAX_NS 250000
/* How much of a new lateness counts beside those before: one part in so many. */
#define LEAD_PARTS 16

static int net, regions, hosts;
static uint64_t next_number;
static int host_fd[REGIONS_MAX][HOSTS_MAX + 1], console_fd;
static uint64_t delay_ns[REGIONS_MAX][REGIONS_MAX];
static char is_cut[REGIONS_MAX][REGIONS_MAX];
static uint32_t loss_per_million;
static uint64_t random_state = 88172645463325252ULL;
/* How late timers come, as seen so far; when the next one should come, 0 for at once. */
static int64_t lead_ns;
static uint64_t meant_ns;

static void die(const char *what) {
  fprintf(stderr, "router: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

/* xorshift64: the same losses in every run. */
static uint32_t random_below(uint32_t limit) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 7;
  random_state ^= random_state << 17;
  return (uint32_t)((random_state >> 11) % limit);
}

/* A TUN device with an address; stays usable from here when the namespace is left. */
static int open_device(const char *name, int region, int host) {
  struct ifreq request = {0};
  struct sockaddr_in *address = (struct sockaddr_in *)&request.ifr_addr;
  int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) die("/dev/net/tun");
  snprintf(request.ifr_name, IFNAMSIZ, "%s", name);
  request.ifr_flags = IFF_TUN | IFF_NO_PI;
  if (ioctl(fd, TUNSETIFF, &request) < 0) die("making a device");
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (control < 0) die("socket");
  address->sin_family = AF_INET;
  address->sin_addr.s_addr =
      htonl(10u << 24 | (uint32_t)net << 16 | (uint32_t)region << 8 | (uint32_t)host);
  if (ioctl(control, SIOCSIFADDR, &request) < 0) die("setting an address");
  address->sin_addr.s_addr = htonl(0xffff0000u);
  if (ioctl(control, SIOCSIFNETMASK, &request) < 0) die("setting a network mask");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(control, SIOCSIFFLAGS, &request) < 0) die("starting a device");
  close(control);
  return fd;
}

static void start_loopback(void) {
  struct ifreq request = {0};
  int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  snprintf(request.ifr_name, IFNAMSIZ, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (ioctl(control, SIOCSIFFLAGS, &request) < 0) die("starting loopback");
  close(control);
}

/* A process that keeps the present namespace alive, for as long as this one lives. */
static pid_t keep_namespace(void) {
  pid_t parent = getpid(), pid = fork();
  if (pid < 0) die("fork");
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(0);
  int nothing = open("/dev/null", O_RDWR);
  for (int fd = 0; fd < 3; fd++) dup2(nothing, fd);
  for (;;) pause();
}

static void make_hosts(void) {
  int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  if (home < 0) die("/proc/self/ns/net");
  for (int region = 0; region < regions; region++) {
    for (int host = 1; host <= hosts; host++) {
      if (unshare(CLONE_NEWNET) < 0) die("making a network namespace");
      start_loopback();
      host_fd[region][host] = open_device("wan0", region, host);
      printf("host %d %d %d\n", region, host, keep_namespace());
      if (setns(home, CLONE_NEWNET) < 0) die("returning to the first namespace");
    }
  }
  close(home);
}

static void send_packet(const struct packet *packet) {
  /* A full device loses packets, as a full line does. */
  if (write(packet->fd, packet->bytes, (size_t)packet->length) < 0 && errno == EBADF) die("write");
}

/* Takes what one host, or the console, has sent. */
static void receive(int fd, int from) {
  unsigned char bytes[PACKET_MAX];
  ssize_t length;
  while ((length = read(fd, bytes, sizeof bytes)) > 0) {
    if (length < 20 || bytes[0] >> 4 != 4 || bytes[16] != 10 || bytes[17] != net) continue;
    int to = bytes[18], host = bytes[19];
    struct packet packet = {0, 0, console_fd, (int)length, bytes};
    if (to != CONSOLE_REGION) {
      if (to >= regions || host < 1 || host > hosts) continue;
      packet.fd = host_fd[to][host];
    }
    if (from == CONSOLE_REGION || to == CONSOLE_REGION) {
      send_packet(&packet);
      continue;
    }
    if (is_cut[from][to] || queue_length == QUEUE_MAX) continue;
    if (from != to && loss_per_million > 0 && random_below(1000000) < loss_per_million) continue;
    packet.due_ns = now_ns() + delay_ns[from][to];
    packet.number = next_number++;
    packet.bytes = malloc((size_t)length);
    if (packet.bytes == NULL) die("malloc");
    memcpy(packet.bytes, bytes, (size_t)length);
    queue_add(packet);
  }
}

/* Learns from a timer that came how much earlier the next one has to be set. */
static void learn_lead(void) {
  if (meant_ns == 0) return;
  int64_t late_ns = (int64_t)(now_ns() - meant_ns);
  lead_ns += (late_ns - lead_ns) / LEAD_PARTS;
  if (lead_ns < 0) lead_ns = 0;
  if (lead_ns > LEAD_MAX_NS) lead_ns = LEAD_MAX_NS;
}

static void send_due(int timer) {
  while (queue_length > 0 && queue[0].due_ns <= now_ns() + EARLY_NS) {
    struct packet packet = queue_take();
    send_packet(&packet);
    free(packet.bytes);
  }
  if (queue_length == 0) return;
  struct itimerspec when = {0};
  meant_ns = queue[0].due_ns - (uint64_t)lead_ns;
  when.it_value.tv_sec = (time_t)(meant_ns / 1000000000ULL);
  when.it_value.tv_nsec = (long)(meant_ns % 1000000000ULL);
  /* One that is in time already says nothing about how late timers are. */
  if (meant_ns <= now_ns()) meant_ns = 0;
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, NULL);
}

static int obey(const char *line) {
  unsigned a, b, value;
  if (sscanf(line, "loss %u", &value) == 1 && value <= 1000000) {
    loss_per_million = value;
    return 1;
  }
  if (sscanf(line, "%*s %u %u", &a, &b) != 2 || a >= (unsigned)regions || b >= (unsigned)regions) {
    return 0;
  }
  if (strncmp(line, "cut ", 4) == 0) is_cut[a][b] = 1;
  else if (strncmp(line, "heal ", 5) == 0) is_cut[a][b] = 0;
  else if (sscanf(line, "delay %*u %*u %u", &value) == 1) delay_ns[a][b] = value * 1000ULL;
  else return 0;
  return 1;
}

/* Reads commands; ends this process with its input. */
static void read_commands(void) {
  static char line[COMMAND_MAX];
  static size_t length;
  char bytes[COMMAND_MAX];
  ssize_t count = read(STDIN_FILENO, bytes, sizeof bytes);
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) exit(0);
  for (ssize_t at = 0; at < count; at++) {
    if (bytes[at] != '\n') {
      if (length < sizeof line - 1) line[length++] = bytes[at];
      continue;
    }
    line[length] = 0;
    length = 0;
    puts(obey(line) ? "ok" : "bad");
    fflush(stdout);
  }
}

static void watch(int poll_fd, int fd, uint64_t tag) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
  if (epoll_ctl(poll_fd, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

/* Being late would look like distance. Without the right to go first it works all the same. */
static void go_first(void) {
  struct sched_param first = {.sched_priority = 10};
  setpriority(PRIO_PROCESS, 0, -20);
  sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &first);
}

int main(int argc, char **argv) {
  if (argc == 4) net = atoi(argv[1]), regions = atoi(argv[2]), hosts = atoi(argv[3]);
  if (argc != 4 || net < 0 || net > 255 || regions < 1 || regions > REGIONS_MAX || hosts < 1 ||
      hosts > HOSTS_MAX) {
    fprintf(stderr, "usage: router NET REGIONS HOSTS\n");
    return 2;
  }
  enum { TIMER = 1 << 16, COMMANDS };
  char console_name[IFNAMSIZ];
  setvbuf(stdout, NULL, _IOLBF, 0);
  snprintf(console_name, sizeof console_name, "kedge-wan%d", net);
  console_fd = open_device(console_name, CONSOLE_REGION, 1);
  make_hosts();
  queue = malloc(QUEUE_MAX * sizeof *queue);
  int poll_fd = epoll_create1(EPOLL_CLOEXEC);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (queue == NULL || poll_fd < 0 || timer < 0) die("starting");
  watch(poll_fd, STDIN_FILENO, COMMANDS);
  watch(poll_fd, timer, TIMER);
  watch(poll_fd, console_fd, CONSOLE_REGION << 8);
  for (int region = 0; region < regions; region++) {
    for (int host = 1; host <= hosts; host++) {
      watch(poll_fd, host_fd[region][host], (uint64_t)(region << 8 | host));
    }
  }
  go_first();
  puts("ready");
  for (;;) {
    struct epoll_event events[64];
    int count = epoll_wait(poll_fd, events, 64, -1);
    for (int i = 0; i < count; i++) {
      uint64_t tag = events[i].data.u64, ignored;
      if (tag == COMMANDS) read_commands();
      else if (tag == TIMER) { if (read(timer, &ignored, sizeof ignored) > 0) learn_lead(); }
      else if (tag == CONSOLE_REGION << 8) receive(console_fd, CONSOLE_REGION);
      else receive(host_fd[tag >> 8][tag & 255], (int)(tag >> 8));
    }
    send_due(timer);
  }
}
