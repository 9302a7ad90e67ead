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
  napi_value arguments[MAX_ARGUMENTS];
  read_arguments(env, info, arguments);
  return result(env, syscall(SYS_pidfd_open, int_of(env, arguments[0]), 0));
#else
  (void)info;
  return failure(env, ENOTSUP);
#endif
}

/* waitpid(2) of one process, without waiting: its pid when it was a zombie and is no more, 0 while it lives. */
static napi_value reap_process(napi_env env, napi_callback_info info) {
  napi_value arguments[MAX_ARGUMENTS];
  read_arguments(env, info, arguments);
  return result(env, waitpid(int_of(env, arguments[0]), NULL, WNOHANG));
}

const Function process_functions[] = {
    {"pidfdOpen", open_pidfd},
    {"reap", reap_process},
    {NULL, NULL},
};
