#include "spawn.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *const step_names[] = {"setsid", "dup2", "chdir", "setrlimit", "execve"};

#define OWN_SESSION 1
#define LISTEN_PID 2

/* Without close_range(2) the child marks its descriptors one by one. The limit is no bound: it can be 2^30. */
static int highest_descriptor(void) {
  int highest = 65535;
  DIR *folder = opendir("/dev/fd");
  if (folder == NULL) return highest;
  highest = 2;
  for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
    int fd = atoi(entry->d_name);
    if (fd > highest) highest = fd;
  }
  closedir(folder);
  return highest;
}

/* Both ends are CLOEXEC, and the child's stands above what the child puts into place. */
static int make_report_pipe(int ends[2], int above) {
#ifdef __linux__
  if (pipe2(ends, O_CLOEXEC) == -1) return -1;
#else
  if (pipe(ends) == -1) return -1;
  set_cloexec(ends[0], true);
  set_cloexec(ends[1], true);
#endif
  if (ends[1] >= above) return 0;
  int moved = fcntl(ends[1], F_DUPFD_CLOEXEC, above), error = errno;
  close(ends[1]);
  ends[1] = moved;
  if (moved != -1) return 0;
  close(ends[0]);
  errno = error;
  return -1;
}

/*
 * vfork(2) copies no page tables, so neither the size of Node's heap nor overcommitment matters. It shares the memory until the
 * program runs: become_program() knows. macOS restricts what its child may do.
 */
#ifdef __linux__
#define FORK vfork
#else
#define FORK fork
#endif

/* No handler of Node's may run in a child that shares its memory. */
__attribute__((noinline)) static pid_t fork_into(const Plan *plan) {
  sigset_t all, former;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &former);
  pid_t pid = FORK();
  if (pid == 0) become_program(plan);
  int error = errno;
  pthread_sigmask(SIG_SETMASK, &former, NULL);
  errno = error;
  return pid;
}

/* The end of the pipe comes with the program. */
static bool was_reported(int report_fd, Report *report) {
  ssize_t length;
  do length = read(report_fd, report, sizeof *report);
  while (length == -1 && errno == EINTR);
  return length == (ssize_t)sizeof *report;
}

static napi_value step_failure(napi_env env, const Report *report) {
  napi_value answer = NULL, step = NULL;
  napi_create_object(env, &answer);
  napi_create_string_utf8(env, step_names[report->step], NAPI_AUTO_LENGTH, &step);
  set_property(env, answer, "step", step);
  set_property(env, answer, "error", number(env, -report->error));
  set_property(env, answer, "index", number(env, report->index));
  return answer;
}

static napi_value start(napi_env env, Plan *plan) {
  int ends[2];
  if (make_report_pipe(ends, plan->fd_count) == -1) return result(env, -1);
  plan->report_fd = ends[1];
  plan->highest_fd = cloexec_from(~0U) == 0 ? -1 : highest_descriptor();
  pid_t pid = fork_into(plan);
  int error = errno;
  close(ends[1]);
  Report report;
  bool failed = pid != -1 && was_reported(ends[0], &report);
  close(ends[0]);
  if (pid == -1) return failure(env, error);
  if (!failed) return number(env, pid);
  while (waitpid(pid, NULL, 0) == -1 && errno == EINTR) continue;
  return step_failure(env, &report);
}

/* LISTEN_PID= and room for the digits, as the last variable. */
static char *add_listen_pid(Strings *environment, char text[]) {
  strcpy(text, "LISTEN_PID=");
  environment->list[environment->count] = text;
  return text + strlen(text);
}

/*
 * spawn(files, argv, environment, cwd, fds, flags, openFiles): the first four are strings, each ended by NUL. Answers the pid, the
 * negative errno of pipe(2) or fork(2), or what the child could not do: { step, error, index }.
 */
static napi_value spawn(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  Strings files = strings_at(&arguments, 0), argv = strings_at(&arguments, 1), environment = strings_at(&arguments, 2),
          cwd = strings_at(&arguments, 3);
  size_t fd_count = 0;
  const int *fds = array_at(&arguments, 4, napi_int32_array, &fd_count);
  int flags = int_at(&arguments, 5), open_files = int_at(&arguments, 6);
  char listen_pid[sizeof "LISTEN_PID=" + PID_DIGITS];
  napi_value answer;
  int *places = calloc(fd_count + 1, sizeof *places);
  if (!arguments.valid || files.count == 0 || argv.count == 0 || cwd.count > 1 || fd_count > 1024) {
    answer = failure(env, EINVAL);
  } else if (places == NULL || files.list == NULL || argv.list == NULL || environment.list == NULL || cwd.list == NULL) {
    answer = failure(env, ENOMEM);
  } else {
    if (fd_count > 0) memcpy(places, fds, fd_count * sizeof *places);
    Plan plan = {.files = files.list,
                 .argv = argv.list,
                 .environment = environment.list,
                 .cwd = cwd.list[0],
                 .fds = places,
                 .fd_count = (int)fd_count,
                 .own_session = (flags & OWN_SESSION) != 0,
                 .open_files = open_files,
                 .listen_pid = (flags & LISTEN_PID) != 0 ? add_listen_pid(&environment, listen_pid) : NULL};
    answer = start(env, &plan);
  }
  free(places);
  free_strings(&files);
  free_strings(&argv);
  free_strings(&environment);
  free_strings(&cwd);
  return answer;
}

const Function spawn_functions[] = {
    {"spawn", spawn},
    {NULL, NULL},
};
