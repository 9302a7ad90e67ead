#include "addon.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

int set_cloexec(int fd, bool on) {
  int flags = fcntl(fd, F_GETFD);
  if (flags == -1) return -1;
  return fcntl(fd, F_SETFD, on ? flags | FD_CLOEXEC : flags & ~FD_CLOEXEC);
}

/* After EINTR the descriptor is closed on Linux, and another thread may have its number already: never again. */
static napi_value close_descriptor(napi_env env, napi_callback_info info) {
  napi_value arguments[MAX_ARGUMENTS];
  read_arguments(env, info, arguments);
  int returned = close(int_of(env, arguments[0]));
  return returned == -1 && errno == EINTR ? number(env, 0) : result(env, returned);
}

static napi_value duplicate(napi_env env, napi_callback_info info) {
  napi_value arguments[MAX_ARGUMENTS];
  read_arguments(env, info, arguments);
  return result(env, fcntl(int_of(env, arguments[0]), F_DUPFD_CLOEXEC, 0));
}

static napi_value set_close_on_exec(napi_env env, napi_callback_info info) {
  napi_value arguments[MAX_ARGUMENTS];
  read_arguments(env, info, arguments);
  return result(env, set_cloexec(int_of(env, arguments[0]), int_of(env, arguments[1]) != 0));
}

static napi_value get_close_on_exec(napi_env env, napi_callback_info info) {
  napi_value arguments[MAX_ARGUMENTS];
  read_arguments(env, info, arguments);
  int flags = fcntl(int_of(env, arguments[0]), F_GETFD);
  return result(env, flags == -1 ? -1 : (flags & FD_CLOEXEC) != 0);
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
  return descriptor_pair(env, fds);
}

/* Never blocks: a wait in flock(2) would stop the whole event loop. */
static napi_value lock_file(napi_env env, napi_callback_info info) {
  napi_value arguments[MAX_ARGUMENTS];
  read_arguments(env, info, arguments);
  int operation = int_of(env, arguments[1]) != 0 ? LOCK_EX : LOCK_SH;
  int returned;
  do returned = flock(int_of(env, arguments[0]), operation | LOCK_NB);
  while (returned == -1 && errno == EINTR);
  return result(env, returned);
}

static napi_value unlock_file(napi_env env, napi_callback_info info) {
  napi_value arguments[MAX_ARGUMENTS];
  read_arguments(env, info, arguments);
  return result(env, flock(int_of(env, arguments[0]), LOCK_UN));
}

const Function descriptor_functions[] = {
    {"close", close_descriptor},
    {"dup", duplicate},
    {"setCloexec", set_close_on_exec},
    {"getCloexec", get_close_on_exec},
    {"pipe", make_pipe},
    {"lock", lock_file},
    {"unlock", unlock_file},
    {NULL, NULL},
};
