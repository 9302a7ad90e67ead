/* A process that does what its arguments say, one after the other, and starts within a millisecond: the
 * service that supervisors are tested with. See ../src/scripted-process.ts for the steps. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t got_signal;
static int release_pipe[2];

static void fail(const char *step) {
  fprintf(stderr, "scripted-process: %s: %s\n", step, strerror(errno));
  exit(125);
}

static void notify(const char *text) {
  static int fd = -1;
  const char *path = getenv("NOTIFY_SOCKET");
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  socklen_t length;
  if (path == NULL) return;
  if (fd < 0) fd = socket(AF_UNIX, SOCK_DGRAM, 0);
  length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path) + (path[0] == '/' ? 1 : 0));
  memcpy(address.sun_path, path, strlen(path));
  if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
  if (sendto(fd, text, strlen(text), 0, (struct sockaddr *)&address, length) < 0) fail(text);
}

static void notify_main_pid(void) {
  char text[64];
  snprintf(text, sizeof text, "MAINPID=%d", (int)getpid());
  notify(text);
}

static void write_file(const char *path, const char *text) {
  FILE *file = fopen(path, "a");
  if (file == NULL) fail(path);
  fputs(text, file);
  fclose(file);
}

static void await_file(const char *path) {
  const struct timespec pause = {.tv_nsec = 1000000};
  while (access(path, F_OK) != 0) nanosleep(&pause, NULL);
}

static void handle(int signal) { got_signal = signal; }

/* Blocked until await_signal: one that arrives before is not missed. */
static void catch_signal(int number) {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, NULL);
  signal(number, handle);
}

static void await_signal(void) {
  sigset_t none;
  sigemptyset(&none);
  while (!got_signal) sigsuspend(&none);
}

/* The parent exits when the child says `release`, as a daemon's first process should. */
static void fork_held(void) {
  char none;
  if (pipe(release_pipe) != 0) fail("pipe");
  if (fork() > 0) {
    close(release_pipe[1]);
    exit(read(release_pipe[0], &none, 1) == 0 ? 0 : 125);
  }
  close(release_pipe[0]);
}

static void *pause_for_ever(void *none) {
  for (;;) pause();
  return none;
}

/* Nobody waits for it. It leads a group of its own, in which nothing but the zombie is left. */
static void leave_zombie(void) {
  pid_t child = fork();
  if (child < 0) fail("fork");
  if (child == 0) _exit(setpgid(0, 0) == 0 ? 0 : 125);
  printf("%d\n", (int)child);
}

static void listen_on(const struct sockaddr *address, socklen_t length) {
  int fd = socket(address->sa_family, SOCK_STREAM, 0);
  if (fd < 0 || bind(fd, address, length) != 0 || listen(fd, 1) != 0) fail("listen");
}

static void listen_tcp(void) {
  const struct sockaddr_in loopback = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  listen_on((const struct sockaddr *)&loopback, sizeof loopback);
}

/* Without a name, Linux chooses an abstract one (unix(7), "Autobind feature"). */
static void listen_unix(void) {
  const struct sockaddr_un unnamed = {.sun_family = AF_UNIX};
  listen_on((const struct sockaddr *)&unnamed, offsetof(struct sockaddr_un, sun_path));
}

static void watch_by_epoll(int fd) {
#ifdef __linux__
  struct epoll_event event = {.events = EPOLLIN};
  if (epoll_ctl(epoll_create1(0), EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll");
#else
  (void)fd;
  errno = ENOSYS;
  fail("epoll");
#endif
}

/* The process continues without its main thread: ps shows it as a zombie. */
static void leave_to_a_thread(void) {
  pthread_t thread;
  if ((errno = pthread_create(&thread, NULL, pause_for_ever, NULL)) != 0) fail("pthread_create");
  pthread_exit(NULL);
}

int main(int argc, char **argv) {
  int i;
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (i = 1; i < argc; i++) {
    const char *step = argv[i];
    const char *argument = i + 1 < argc ? argv[i + 1] : "";
    if (strcmp(step, "notify") == 0) notify(argument), i++;
    else if (strcmp(step, "flood") == 0) {
      char text[64];
      for (long count = atol(argument); count > 0; count--) {
        snprintf(text, sizeof text, "STATUS=%ld to come", count);
        notify(text);
      }
      i++;
    } else if (strcmp(step, "main-pid") == 0) notify_main_pid();
    else if (strcmp(step, "exit") == 0) exit(atoi(argument));
    else if (strcmp(step, "print") == 0) puts(argument), i++;
    else if (strcmp(step, "warn") == 0) fprintf(stderr, "%s\n", argument), i++;
    else if (strcmp(step, "append") == 0) write_file(argument, argv[i + 2]), i += 2;
    else if (strcmp(step, "environment") == 0) {
      const char *value = getenv(argv[i + 2]);
      write_file(argument, value ? value : "(unset)"), write_file(argument, "\n"), i += 2;
    } else if (strcmp(step, "pid") == 0) {
      char text[32];
      snprintf(text, sizeof text, "%d\n", (int)getpid());
      write_file(argument, text), i++;
    } else if (strcmp(step, "await") == 0) await_file(argument), i++;
    else if (strcmp(step, "ignore") == 0) signal(atoi(argument), SIG_IGN), i++;
    else if (strcmp(step, "catch") == 0) catch_signal(atoi(argument)), i++;
    else if (strcmp(step, "await-signal") == 0) await_signal();
    else if (strcmp(step, "signal-number") == 0) {
      char text[32];
      snprintf(text, sizeof text, "%d\n", (int)got_signal);
      write_file(argument, text), i++;
    } else if (strcmp(step, "fork") == 0) {
      if (fork() > 0) exit(0);
    } else if (strcmp(step, "fork-held") == 0) fork_held();
    else if (strcmp(step, "release") == 0) close(release_pipe[1]);
    else if (strcmp(step, "child") == 0) {
      if (fork() == 0)
        for (;;) pause();
    } else if (strcmp(step, "zombie") == 0) leave_zombie();
    else if (strcmp(step, "listen") == 0) listen_tcp();
    else if (strcmp(step, "listen-unix") == 0) listen_unix();
    else if (strcmp(step, "accept") == 0) {
      if (accept(atoi(argument), NULL, NULL) < 0) fail(step);
      i++;
    } else if (strcmp(step, "duplicate") == 0) {
      if (dup(atoi(argument)) < 0) fail(step);
      i++;
    } else if (strcmp(step, "close-on-exec") == 0) {
      if (fcntl(atoi(argument), F_SETFD, FD_CLOEXEC) != 0) fail(step);
      i++;
    } else if (strcmp(step, "epoll") == 0) watch_by_epoll(atoi(argument)), i++;
    else if (strcmp(step, "thread") == 0) leave_to_a_thread();
    else if (strcmp(step, "hang") == 0) {
      for (;;) pause();
    } else {
      fprintf(stderr, "scripted-process: no such step: %s\n", step);
      exit(125);
    }
  }
  return 0;
}
