#include "spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef NSIG
#define NSIG 32
#endif

int cloexec_from(unsigned first) {
#ifdef __linux__
#ifndef SYS_close_range
#define SYS_close_range 436 /* the same on every architecture */
#endif
  return (int)syscall(SYS_close_range, first, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */);
#else
  (void)first;
  errno = ENOSYS;
  return -1;
#endif
}

static _Noreturn void give_up(const Plan *plan, Step step, int index) {
  Report report = {.step = step, .error = errno, .index = index};
  ssize_t written;
  do written = write(plan->report_fd, &report, sizeof report);
  while (written == -1 && errno == EINTR);
  _exit(127);
}

/* A descriptor in the place of another one moves out of its way first. */
static void move_out_of_the_way(const Plan *plan) {
  for (int place = 0; place < plan->fd_count; place++) {
    int fd = plan->fds[place];
    if (fd < 0 || fd == place || fd >= plan->fd_count) continue;
    plan->fds[place] = fcntl(fd, F_DUPFD_CLOEXEC, plan->fd_count);
    if (plan->fds[place] == -1) give_up(plan, STEP_DESCRIPTOR, place);
  }
}

/* All lower places are taken: what is opened gets the number that was closed, so that it needs no descriptor more. */
static int put_into_place(int fd, int place) {
  if (fd != -1) return fd == place ? set_cloexec(fd, false) : dup2(fd, place);
  close(place);
  return open("/dev/null", O_RDWR);
}

static void place_descriptors(const Plan *plan) {
  move_out_of_the_way(plan);
  for (int place = 0; place < plan->fd_count; place++) {
    if (put_into_place(plan->fds[place], place) == -1) give_up(plan, STEP_DESCRIPTOR, place);
    /* Few programs expect standard streams that do not block. */
    int flags = place <= STDERR_FILENO ? fcntl(place, F_GETFL) : -1;
    if (flags != -1 && (flags & O_NONBLOCK) != 0) fcntl(place, F_SETFL, flags & ~O_NONBLOCK);
  }
  if (cloexec_from((unsigned)plan->fd_count) == 0) return;
  for (int fd = plan->fd_count; fd <= plan->highest_fd; fd++) set_cloexec(fd, true);
}

static int limit_open_files(int soft) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) == -1) return -1;
  limit.rlim_cur = limit.rlim_max < (rlim_t)soft ? limit.rlim_max : (rlim_t)soft;
  return setrlimit(RLIMIT_NOFILE, &limit);
}

/* Node ignores SIGPIPE and SIGXFSZ. Once the mask is empty, no handler of the parent may run here. */
static void reset_signals(void) {
  struct sigaction action = {.sa_handler = SIG_DFL};
  sigset_t none;
  sigemptyset(&action.sa_mask);
  for (int signal = 1; signal < NSIG; signal++) sigaction(signal, &action, NULL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void write_pid(char *text) {
  char digits[PID_DIGITS];
  int count = 0;
  for (pid_t rest = getpid(); rest > 0; rest /= 10) digits[count++] = (char)('0' + rest % 10);
  for (int at = 0; at < count; at++) text[at] = digits[count - 1 - at];
  text[count] = '\0';
}

/* Goes through the files as execvp(3) does: what may be elsewhere is looked for there, and EACCES is remembered. */
static _Noreturn void execute_first(const Plan *plan) {
  int refused = -1, index = 0;
  for (; plan->files[index] != NULL; index++) {
    execve(plan->files[index], plan->argv, plan->environment);
    if (errno == EACCES && refused == -1) refused = index;
    if (errno != EACCES && errno != ENOENT && errno != ENOTDIR && errno != ESTALE && errno != ENODEV &&
        errno != ETIMEDOUT)
      give_up(plan, STEP_EXECVE, index);
  }
  if (refused != -1) errno = EACCES;
  give_up(plan, STEP_EXECVE, refused != -1 ? refused : index - 1);
}

_Noreturn void become_program(const Plan *plan) {
  if (plan->own_session && setsid() == -1) give_up(plan, STEP_SETSID, 0);
  place_descriptors(plan);
  if (plan->cwd != NULL && chdir(plan->cwd) == -1) give_up(plan, STEP_CHDIR, 0);
  /* After the descriptors: none can get a number above the limit. */
  if (plan->open_files >= 0 && limit_open_files(plan->open_files) == -1) give_up(plan, STEP_LIMIT, 0);
  if (plan->listen_pid != NULL) write_pid(plan->listen_pid);
  reset_signals();
  execute_first(plan);
}
