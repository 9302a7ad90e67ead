#include "addon.h"

#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

#if defined(__linux__) && !defined(SYS_pidfd_open)
#define SYS_pidfd_open 434 /* the same on every architecture */
#endif

/* pidfd_open(2), Linux 5.3: readable when the process ends; CLOEXEC by itself. */
static napi_value open_pidfd(napi_env env, napi_callback_info info) {
#ifdef __linux__
  Arguments arguments = arguments_of(env, info);
  int pid = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  return new_descriptor(env, (int)syscall(SYS_pidfd_open, pid, 0));
#else
  (void)info;
  return failure(env, ENOTSUP);
#endif
}

/*
 * waitpid(2) of one process, without waiting: how it ended, { code } or { signal }, when it was a zombie and is no more, 0 while it
 * lives. Other numbers mean any child, or a group of them: those that Node waits for as well.
 */
static napi_value reap_process(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int pid = int_at(&arguments, 0), status = 0;
  if (!arguments.valid || pid <= 0) return failure(env, EINVAL);
  pid_t reaped = waitpid(pid, &status, WNOHANG);
  if (reaped != pid) return result(env, reaped);
  napi_value exit = NULL;
  napi_create_object(env, &exit);
  if (WIFSIGNALED(status))
    set_property(env, exit, "signal", number(env, WTERMSIG(status)));
  else
    set_property(env, exit, "code", number(env, WEXITSTATUS(status)));
  return exit;
}

/* The pid of a child that has ended and was not waited for, or 0. It remains a zombie. ECHILD: there are no children. */
static napi_value find_zombie(napi_env env, napi_callback_info info) {
  (void)info;
  siginfo_t child = {0};
  if (waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT) == -1) return result(env, -1);
  return number(env, child.si_pid);
}

/* PR_SET_CHILD_SUBREAPER of prctl(2): orphans below this process become its children. */
static napi_value set_subreaper(napi_env env, napi_callback_info info) {
#ifdef __linux__
  Arguments arguments = arguments_of(env, info);
  int on = int_at(&arguments, 0);
  if (!arguments.valid || on < 0 || on > 1) return failure(env, EINVAL);
  return result(env, prctl(PR_SET_CHILD_SUBREAPER, (unsigned long)on, 0UL, 0UL, 0UL));
#else
  (void)info;
  return failure(env, ENOTSUP);
#endif
}

const Function process_functions[] = {
    {"pidfdOpen", open_pidfd},
    {"reap", reap_process},
    {"findZombie", find_zombie},
    {"setSubreaper", set_subreaper},
    {NULL, NULL},
};
