#include "addon.h"

#include <limits.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* Node ignores SIGPIPE */
#endif

#ifndef RWF_NOWAIT
#define RWF_NOWAIT 8 /* linux/fs.h */
#endif

static ssize_t write_without_waiting(int fd, const void *data, size_t size) {
  ssize_t written = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (written != -1 || errno != ENOTSOCK) return written;
#ifdef SYS_pwritev2
  /* Pipes can do it since Linux 6.4. Elsewhere it is EOPNOTSUPP or ENOSYS. Older C libraries do not have this call. */
  struct iovec vector = {.iov_base = (void *)data, .iov_len = size};
  written = syscall(SYS_pwritev2, fd, &vector, 1L, -1L, -1L, RWF_NOWAIT);
  if (written != -1 || (errno != EOPNOTSUPP && errno != ENOSYS && errno != EINVAL)) return written;
#endif
  struct pollfd ready = {.fd = fd, .events = POLLOUT};
  int count = poll(&ready, 1, 0);
  if (count == -1) return -1;
  if (count == 0) {
    errno = EAGAIN;
    return -1;
  }
  /* A pipe that poll(2) calls writable has room for so much. */
  return write(fd, data, size < PIPE_BUF ? size : PIPE_BUF);
}

/*
 * writeNow(fd, Uint8Array): how many bytes were written without waiting, or EAGAIN. The flags of the open file description
 * stay as they are, since other processes share it.
 */
static napi_value write_now(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  size_t size;
  const void *data = array_at(&arguments, 1, napi_uint8_array, &size);
  if (!arguments.valid) return failure(env, EINVAL);
  ssize_t written;
  do written = write_without_waiting(fd, data, size);
  while (written == -1 && errno == EINTR);
  return result(env, written);
}

const Function writing_functions[] = {
    {"writeNow", write_now},
    {NULL, NULL},
};
