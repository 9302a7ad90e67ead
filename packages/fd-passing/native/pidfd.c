#include "addon.h"

#include <sys/syscall.h>
#include <unistd.h>

#ifdef __linux__
/* The same on every architecture. */
#ifndef SYS_pidfd_open
#define SYS_pidfd_open 434
#endif
#ifndef SYS_pidfd_getfd
#define SYS_pidfd_getfd 438
#endif
#endif

/*
 * duplicateFrom(pid, fd): a duplicate of another process's descriptor, by pidfd_getfd(2), Linux 5.6. It shares the open
 * file description, and is CLOEXEC by itself. EPERM where this process may not trace the other one.
 */
static napi_value duplicate_from(napi_env env, napi_callback_info info) {
#ifdef __linux__
  Arguments arguments = arguments_of(env, info);
  int pid = int_at(&arguments, 0);
  int fd = int_at(&arguments, 1);
  if (!arguments.valid) return failure(env, EINVAL);
  int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
  if (pidfd == -1) return result(env, -1);
  int duplicate = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
  int error = errno;
  close(pidfd);
  errno = error;
  return new_descriptor(env, duplicate);
#else
  (void)info;
  return failure(env, ENOTSUP);
#endif
}

const Function pidfd_functions[] = {
    {"duplicateFrom", duplicate_from},
    {NULL, NULL},
};
