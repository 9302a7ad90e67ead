#include "addon.h"

#include <string.h>
#include <unistd.h>

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* Node ignores SIGPIPE */
#endif
#ifndef MSG_CMSG_CLOEXEC
#define MSG_CMSG_CLOEXEC 0
#endif

#ifdef __linux__
#define CREDENTIALS_SPACE CMSG_SPACE(sizeof(struct ucred))
#else
#define CREDENTIALS_SPACE 0
#endif

/* Room for whatever else a socket was set to deliver (a security label, a timestamp): too little would lose fds. */
#define OTHER_CONTROL_SPACE 1024

typedef union {
  char bytes[CMSG_SPACE(sizeof(int) * MAX_FDS_PER_MESSAGE) + CREDENTIALS_SPACE + OTHER_CONTROL_SPACE];
  struct cmsghdr alignment;
} Control;

static struct cmsghdr *append_control(struct msghdr *message, int type, const void *data, size_t size) {
  struct cmsghdr *header = (struct cmsghdr *)((char *)message->msg_control + message->msg_controllen);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = type;
  header->cmsg_len = CMSG_LEN(size);
  memcpy(CMSG_DATA(header), data, size);
  message->msg_controllen += CMSG_SPACE(size);
  return header;
}

/* send(fd, Uint8Array, Int32Array of fds?, address?, Uint32Array [pid, uid, gid]?): how many bytes the kernel took. */
static napi_value send_message(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int socket = int_at(&arguments, 0);

  Control control;
  memset(&control, 0, sizeof control);
  struct iovec payload;
  payload.iov_base = (void *)array_at(&arguments, 1, napi_uint8_array, &payload.iov_len);
  struct msghdr message = {.msg_iov = &payload, .msg_iovlen = 1, .msg_control = control.bytes};

  if (is_present(&arguments, 2)) {
    size_t count;
    const int *fds = array_at(&arguments, 2, napi_int32_array, &count);
    if (count > MAX_FDS_PER_MESSAGE) return failure(env, EINVAL);
    if (count > 0) append_control(&message, SCM_RIGHTS, fds, count * sizeof *fds);
  }

  struct sockaddr_un address;
  if (is_present(&arguments, 3)) {
    int error = unix_address_at(&arguments, 3, &address, &message.msg_namelen);
    if (error != 0) return failure(env, error);
    message.msg_name = &address;
  }

  if (is_present(&arguments, 4)) {
    size_t count;
    const uint32_t *credentials = array_at(&arguments, 4, napi_uint32_array, &count);
    if (count != 3) return failure(env, EINVAL);
#ifdef __linux__
    struct ucred sender = {.pid = (pid_t)credentials[0], .uid = credentials[1], .gid = credentials[2]};
    append_control(&message, SCM_CREDENTIALS, &sender, sizeof sender);
#else
    (void)credentials;
    return failure(env, ENOTSUP);
#endif
  }
  if (!arguments.valid) return failure(env, EINVAL);
  if (message.msg_controllen == 0) message.msg_control = NULL;

  ssize_t sent;
  do sent = sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  while (sent == -1 && errno == EINTR);
  return result(env, sent);
}

typedef struct {
  int fds[MAX_FDS_PER_MESSAGE];
  size_t fd_count;
  bool has_credentials;
  int64_t pid, uid, gid;
} Ancillary;

/* A descriptor that there is no room to remember is as one that the kernel dropped. */
static void take_descriptor(napi_env env, int fd, struct msghdr *message, Ancillary *ancillary) {
  if (ancillary->fd_count == MAX_FDS_PER_MESSAGE || own_descriptor(env, fd) != 0) {
    close(fd);
    message->msg_flags |= MSG_CTRUNC;
    return;
  }
  if (MSG_CMSG_CLOEXEC == 0) set_cloexec(fd, true);
  ancillary->fds[ancillary->fd_count++] = fd;
}

static void read_control(napi_env env, struct msghdr *message, Ancillary *ancillary) {
  for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header != NULL; header = CMSG_NXTHDR(message, header)) {
    if (header->cmsg_level != SOL_SOCKET) continue;
    if (header->cmsg_type == SCM_RIGHTS) {
      size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t index = 0; index < count; index++) {
        int fd;
        memcpy(&fd, CMSG_DATA(header) + index * sizeof fd, sizeof fd);
        take_descriptor(env, fd, message, ancillary);
      }
    }
#ifdef __linux__
    if (header->cmsg_type == SCM_CREDENTIALS) {
      struct ucred sender;
      memcpy(&sender, CMSG_DATA(header), sizeof sender);
      ancillary->has_credentials = true;
      ancillary->pid = sender.pid;
      ancillary->uid = sender.uid;
      ancillary->gid = sender.gid;
    }
#endif
  }
}

static bool describe(napi_env env, napi_value answer, const char *data, size_t size, int flags,
                     const Ancillary *ancillary) {
  napi_value value = NULL;
  if (napi_create_buffer_copy(env, size, data, NULL, &value) != napi_ok) return false;
  if (!set_property(env, answer, "data", value)) return false;

  if (napi_create_array_with_length(env, ancillary->fd_count, &value) != napi_ok) return false;
  for (size_t index = 0; index < ancillary->fd_count; index++)
    if (napi_set_element(env, value, (uint32_t)index, number(env, ancillary->fds[index])) != napi_ok) return false;
  if (!set_property(env, answer, "fds", value)) return false;

  if (ancillary->has_credentials &&
      !(set_property(env, answer, "pid", number(env, ancillary->pid)) &&
        set_property(env, answer, "uid", number(env, ancillary->uid)) &&
        set_property(env, answer, "gid", number(env, ancillary->gid))))
    return false;

  if (napi_get_boolean(env, (flags & MSG_TRUNC) != 0, &value) != napi_ok) return false;
  if (!set_property(env, answer, "dataTruncated", value)) return false;
  if (napi_get_boolean(env, (flags & MSG_CTRUNC) != 0, &value) != napi_ok) return false;
  return set_property(env, answer, "fdsTruncated", value);
}

/* Answers what recvmsg(2) brought. What JavaScript could not be told of is closed here. */
static napi_value answer_arrival(napi_env env, const struct msghdr *message, const char *data, size_t size,
                                 const Ancillary *ancillary) {
  napi_value answer = NULL;
  if (napi_create_object(env, &answer) == napi_ok &&
      describe(env, answer, data, size, message->msg_flags, ancillary) &&
      (message->msg_namelen <= offsetof(struct sockaddr_un, sun_path) ||
       set_property(env, answer, "from", unix_address_text(env, message->msg_name, message->msg_namelen))))
    return answer;
  for (size_t index = 0; index < ancillary->fd_count; index++) {
    disown_descriptor(env, ancillary->fds[index]);
    close(ancillary->fds[index]);
  }
  return NULL;
}

#ifdef SO_PASSCRED
static bool passes_credentials(int socket) {
  int on = 0;
  socklen_t length = sizeof on;
  return getsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, &length) == 0 && on != 0;
}

static bool set_passes_credentials(int socket, int on) {
  return setsockopt(socket, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) == 0;
}

/*
 * recvmsg(2) returns 0 for an empty seqpacket message and for the end. Only a message has credentials (SO_PASSCRED), so they are
 * switched on for the one call whose answer would be ambiguous.
 */
static bool begin_credentials(int socket) {
  char byte;
  if (recv(socket, &byte, sizeof byte, MSG_PEEK | MSG_DONTWAIT) != 0 || passes_credentials(socket)) return false;
  return set_passes_credentials(socket, 1);
}

static void end_credentials(int socket, Ancillary *ancillary) {
  set_passes_credentials(socket, 0);
  ancillary->has_credentials = false;
}
#endif

static napi_value receive(napi_env env, napi_callback_info info, bool is_packet) {
  Arguments arguments = arguments_of(env, info);
  int socket = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  Instance *instance = NULL;
  if (napi_get_instance_data(env, (void **)&instance) != napi_ok || instance == NULL) return failure(env, ENOMEM);

  Control control;
  struct sockaddr_un from;
  struct iovec payload = {.iov_base = instance->receive_buffer, .iov_len = RECEIVE_BUFFER_SIZE};
  struct msghdr message = {.msg_name = &from,
                           .msg_namelen = sizeof from,
                           .msg_iov = &payload,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
#ifdef SO_PASSCRED
  bool only_now = is_packet && begin_credentials(socket);
#endif
  ssize_t size;
  do size = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  while (size == -1 && errno == EINTR);
  int error = errno;

  Ancillary ancillary = {.fd_count = 0};
  if (size != -1) read_control(env, &message, &ancillary);
  bool has_ended = size == 0 && is_packet && !ancillary.has_credentials && ancillary.fd_count == 0 &&
                   (message.msg_flags & MSG_CTRUNC) == 0;
#ifdef SO_PASSCRED
  if (only_now) end_credentials(socket, &ancillary);
#endif
  if (size == -1) return failure(env, error);
  if (has_ended) return number(env, 0);
  return answer_arrival(env, &message, instance->receive_buffer, (size_t)size, &ancillary);
}

/* receive(fd): the next message with all that came with it. */
static napi_value receive_message(napi_env env, napi_callback_info info) {
  return receive(env, info, false);
}

/* receivePacket(fd): does the same for a seqpacket socket, and answers 0 at its end. */
static napi_value receive_packet(napi_env env, napi_callback_info info) {
  return receive(env, info, true);
}

const Function message_functions[] = {
    {"send", send_message},
    {"receive", receive_message},
    {"receivePacket", receive_packet},
    {NULL, NULL},
};
