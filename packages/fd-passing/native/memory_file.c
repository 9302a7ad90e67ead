#include "addon.h"

#ifdef __linux__

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* linux/memfd.h and linux/fcntl.h: stable numbers, which older C libraries do not name. */
#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1U
#define MFD_ALLOW_SEALING 2U
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#define F_GET_SEALS 1034
#endif

static napi_value memory_file(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  char name[256];
  text_at(&arguments, 0, name, sizeof name);
  unsigned flags = MFD_CLOEXEC | (int_at(&arguments, 1) != 0 ? MFD_ALLOW_SEALING : 0);
  if (!arguments.valid) return failure(env, EINVAL);
  return new_descriptor(env, (int)syscall(SYS_memfd_create, name, flags));
}

static napi_value add_seals(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  int seals = int_at(&arguments, 1);
  if (!arguments.valid) return failure(env, EINVAL);
  return result(env, fcntl(fd, F_ADD_SEALS, seals));
}

static napi_value get_seals(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  return result(env, fcntl(fd, F_GET_SEALS));
}

#else

static napi_value memory_file(napi_env env, napi_callback_info info) {
  (void)info;
  return failure(env, ENOTSUP);
}
static napi_value add_seals(napi_env env, napi_callback_info info) {
  (void)info;
  return failure(env, ENOTSUP);
}
static napi_value get_seals(napi_env env, napi_callback_info info) {
  (void)info;
  return failure(env, ENOTSUP);
}

#endif

const Function memory_file_functions[] = {
    {"memfd", memory_file},
    {"addSeals", add_seals},
    {"getSeals", get_seals},
    {NULL, NULL},
};
