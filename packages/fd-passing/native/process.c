#include "addon.h"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

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
 * waitpid(2) of one process, without waiting: its pid when it was a zombie and is no more, 0 while it lives. Other
 * numbers mean any child, or a group of them: those that Node waits for as well.
 */
static napi_value reap_process(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int pid = int_at(&arguments, 0);
  if (!arguments.valid || pid <= 0) return failure(env, EINVAL);
  return result(env, waitpid(pid, NULL, WNOHANG));
}

const Function process_functions[] = {
    {"pidfdOpen", open_pidfd},
    {"reap", reap_process},
    {NULL, NULL},
};
