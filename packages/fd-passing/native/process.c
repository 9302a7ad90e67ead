#include "addon.h"

#include <sys/syscall.h>
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

const Function process_functions[] = {
    {"pidfdOpen", open_pidfd},
    {NULL, NULL},
};
