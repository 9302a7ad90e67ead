#include "addon.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

int set_cloexec(int fd, bool on) {
  int flags = fcntl(fd, F_GETFD);
  if (flags == -1) return -1;
  return fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC);
}

/* After EINTR the descriptor is closed on Linux, and another thread may have its number already: never again. */
static napi_value close_descriptor(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  disown_descriptor(env, fd);
  int returned = close(fd);
  return returned == -1 && errno == EINTR ? number(env, 0) : result(env, returned);
}

static napi_value duplicate(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  return new_descriptor(env, fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

static napi_value set_close_on_exec(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  int on = int_at(&arguments, 1);
  if (!arguments.valid) return failure(env, EINVAL);
  return result(env, set_cloexec(fd, on != 0));
}

static napi_value get_close_on_exec(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  int flags = fcntl(fd, F_GETFD);
  return result(env, flags == -1 ? -1 : (flags & FD_CLOEXEC) != 0);
}

/* Node's own fchmod() is refused under its permission model. */
static napi_value set_mode(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  int mode = int_at(&arguments, 1);
  if (!arguments.valid) return failure(env, EINVAL);
  return result(env, fchmod(fd, (mode_t)mode));
}

static napi_value make_pipe(napi_env env, napi_callback_info info) {
  (void)info;
  int fds[2];
#ifdef __linux__
  if (pipe2(fds, O_CLOEXEC) == -1) return result(env, -1);
#else
  if (pipe(fds) == -1) return result(env, -1);
  set_cloexec(fds[0], true);
  set_cloexec(fds[1], true);
#endif
  return new_descriptor_pair(env, fds);
}

/* Never blocks: a wait in flock(2) would stop the whole event loop. */
static napi_value lock_file(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  int operation = int_at(&arguments, 1) != 0 ? LOCK_EX : LOCK_SH;
  if (!arguments.valid) return failure(env, EINVAL);
  int returned;
  do returned = flock(fd, operation | LOCK_NB);
  while (returned == -1 && errno == EINTR);
  return result(env, returned);
}

static napi_value unlock_file(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  return result(env, flock(fd, LOCK_UN));
}

const Function descriptor_functions[] = {
    {"close", close_descriptor},
    {"dup", duplicate},
    {"setCloexec", set_close_on_exec},
    {"getCloexec", get_close_on_exec},
    {"setMode", set_mode},
    {"pipe", make_pipe},
    {"lock", lock_file},
    {"unlock", unlock_file},
    {NULL, NULL},
};
