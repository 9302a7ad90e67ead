#include "addon.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * Files by their name in an open folder. Another user can replace a path, or a folder on the way to it, between two
 * system calls. An open folder stays the same one, and a file that is changed here is checked to be the expected one.
 */

#define NAME_SIZE 256 /* NAME_MAX and a NUL */

#ifdef O_PATH
#define FOLDER_FLAGS (O_PATH | O_DIRECTORY | O_CLOEXEC)
#elif defined O_SEARCH
#define FOLDER_FLAGS (O_SEARCH | O_DIRECTORY | O_CLOEXEC)
#else
#define FOLDER_FLAGS (O_RDONLY | O_DIRECTORY | O_CLOEXEC)
#endif

/* openFolder(path): needs no permission to read it. */
static napi_value open_folder(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  char path[4096];
  text_at(&arguments, 0, path, sizeof path);
  if (!arguments.valid) return failure(env, EINVAL);
  return new_descriptor(env, open(path, FOLDER_FLAGS));
}

static bool set_bigint(napi_env env, napi_value object, const char *name, uint64_t value) {
  napi_value bigint = NULL;
  return napi_create_bigint_uint64(env, value, &bigint) == napi_ok && set_property(env, object, name, bigint);
}

static napi_value describe(napi_env env, const struct stat *stats) {
  napi_value answer = NULL;
  bool complete = napi_create_object(env, &answer) == napi_ok &&
                  set_bigint(env, answer, "dev", (uint64_t)stats->st_dev) &&
                  set_bigint(env, answer, "ino", (uint64_t)stats->st_ino) &&
                  set_property(env, answer, "type", number(env, stats->st_mode & S_IFMT)) &&
                  set_property(env, answer, "mode", number(env, stats->st_mode & 07777)) &&
                  set_property(env, answer, "uid", number(env, stats->st_uid)) &&
                  set_property(env, answer, "links", number(env, (int64_t)stats->st_nlink)) &&
                  set_property(env, answer, "size", number(env, (int64_t)stats->st_size));
  return complete ? answer : NULL;
}

/* statAt(folder, name): of a symbolic link itself. */
static napi_value stat_at(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int folder = int_at(&arguments, 0);
  char name[NAME_SIZE];
  text_at(&arguments, 1, name, sizeof name);
  if (!arguments.valid) return failure(env, EINVAL);
  struct stat stats;
  if (fstatat(folder, name, &stats, AT_SYMLINK_NOFOLLOW) == -1) return result(env, -1);
  return describe(env, &stats);
}

static napi_value stat_descriptor(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  struct stat stats;
  if (fstat(fd, &stats) == -1) return result(env, -1);
  return describe(env, &stats);
}

/*
 * openFileAt(folder, name, mode): to read and write. It makes the file with this mode if there is none, unless the mode is 0. It
 * follows no symbolic link. O_NONBLOCK: a pipe must not wait for its other end, and regular files do not care.
 */
static napi_value open_file_at(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int folder = int_at(&arguments, 0);
  char name[NAME_SIZE];
  text_at(&arguments, 1, name, sizeof name);
  int mode = int_at(&arguments, 2);
  if (!arguments.valid) return failure(env, EINVAL);
  int flags = O_RDWR | (mode != 0 ? O_CREAT : 0) | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  int fd;
  do fd = openat(folder, name, flags, (mode_t)mode);
  while (fd == -1 && errno == EINTR);
  return new_descriptor(env, fd);
}

static bool is_file(const struct stat *stats, uint64_t dev, uint64_t ino) {
  return (uint64_t)stats->st_dev == dev && (uint64_t)stats->st_ino == ino;
}

/* 0, or ESTALE where the file is not the socket that was named before. */
static int socket_error(const struct stat *stats, uint64_t dev, uint64_t ino) {
  return S_ISSOCK(stats->st_mode) && is_file(stats, dev, ino) ? 0 : ESTALE;
}

#ifdef O_PATH

#ifndef SYS_fchmodat2
#define SYS_fchmodat2 452 /* Linux 6.6, the same on every architecture */
#endif

/* chmod(2) takes no O_PATH descriptor. It takes the name that /proc has for it, which is the file itself. */
static int change_mode(int path_fd, mode_t mode) {
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", path_fd);
  if (chmod(link, mode) == 0) return 0;
  if (errno != ENOENT && errno != ENOTDIR) return errno;
  return syscall(SYS_fchmodat2, path_fd, "", mode, AT_EMPTY_PATH) == -1 ? errno : 0;
}

static int change_socket_mode(int folder, const char *name, uint64_t dev, uint64_t ino, mode_t mode) {
  int path_fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (path_fd == -1) return errno;
  struct stat stats;
  int error = fstat(path_fd, &stats) == -1 ? errno : socket_error(&stats, dev, ino);
  if (error == 0) error = change_mode(path_fd, mode);
  close(path_fd);
  return error;
}

static int change_socket_owner(int folder, const char *name, uint64_t dev, uint64_t ino, uid_t uid, gid_t gid) {
  int path_fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (path_fd == -1) return errno;
  struct stat stats;
  int error = fstat(path_fd, &stats) == -1 ? errno : socket_error(&stats, dev, ino);
  if (error == 0 && fchownat(path_fd, "", uid, gid, AT_EMPTY_PATH) == -1) error = errno;
  close(path_fd);
  return error;
}

#else

static int check_socket(int folder, const char *name, uint64_t dev, uint64_t ino) {
  struct stat stats;
  return fstatat(folder, name, &stats, AT_SYMLINK_NOFOLLOW) == -1 ? errno : socket_error(&stats, dev, ino);
}

static int change_socket_owner(int folder, const char *name, uint64_t dev, uint64_t ino, uid_t uid, gid_t gid) {
  int error = check_socket(folder, name, dev, ino);
  if (error == 0 && fchownat(folder, name, uid, gid, AT_SYMLINK_NOFOLLOW) == -1) error = errno;
  return error;
}

static int change_socket_mode(int folder, const char *name, uint64_t dev, uint64_t ino, mode_t mode) {
  int error = check_socket(folder, name, dev, ino);
  if (error == 0 && fchmodat(folder, name, mode, AT_SYMLINK_NOFOLLOW) == -1) error = errno;
  return error;
}

#endif

/* chmodSocketAt(folder, name, dev, ino, mode): ESTALE where another file than this socket is. */
static napi_value chmod_socket_at(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int folder = int_at(&arguments, 0);
  char name[NAME_SIZE];
  text_at(&arguments, 1, name, sizeof name);
  uint64_t dev = bigint_at(&arguments, 2);
  uint64_t ino = bigint_at(&arguments, 3);
  int mode = int_at(&arguments, 4);
  if (!arguments.valid) return failure(env, EINVAL);
  return failure(env, change_socket_mode(folder, name, dev, ino, (mode_t)mode));
}

/* chownSocketAt(folder, name, dev, ino, uid, gid): -1 leaves an id as it is. ESTALE where another file than this socket is. */
static napi_value chown_socket_at(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int folder = int_at(&arguments, 0);
  char name[NAME_SIZE];
  text_at(&arguments, 1, name, sizeof name);
  uint64_t dev = bigint_at(&arguments, 2);
  uint64_t ino = bigint_at(&arguments, 3);
  int uid = int_at(&arguments, 4);
  int gid = int_at(&arguments, 5);
  if (!arguments.valid) return failure(env, EINVAL);
  return failure(env, change_socket_owner(folder, name, dev, ino, (uid_t)uid, (gid_t)gid));
}

/* unlinkAt(folder, name, dev, ino): 1, or 0 where another file is. */
static napi_value unlink_at(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int folder = int_at(&arguments, 0);
  char name[NAME_SIZE];
  text_at(&arguments, 1, name, sizeof name);
  uint64_t dev = bigint_at(&arguments, 2);
  uint64_t ino = bigint_at(&arguments, 3);
  if (!arguments.valid) return failure(env, EINVAL);
  struct stat stats;
  if (fstatat(folder, name, &stats, AT_SYMLINK_NOFOLLOW) == -1) return result(env, -1);
  if (!is_file(&stats, dev, ino)) return number(env, 0);
  return result(env, unlinkat(folder, name, 0) == -1 ? -1 : 1);
}

const Function folder_functions[] = {
    {"openFolder", open_folder},
    {"statAt", stat_at},
    {"stat", stat_descriptor},
    {"openFileAt", open_file_at},
    {"chmodSocketAt", chmod_socket_at},
    {"chownSocketAt", chown_socket_at},
    {"unlinkAt", unlink_at},
    {NULL, NULL},
};
