#include "addon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <uv.h>

#ifndef __linux__
#include <sys/ucred.h>
#endif

#ifdef SOCK_CLOEXEC
#define BORN_CLOEXEC SOCK_CLOEXEC
#else
#define BORN_CLOEXEC 0
#endif

static napi_value open_socket(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int domain = int_at(&arguments, 0);
  int type = int_at(&arguments, 1);
  if (!arguments.valid) return failure(env, EINVAL);
  int fd = socket(domain, type | BORN_CLOEXEC, 0);
  if (fd != -1 && BORN_CLOEXEC == 0) set_cloexec(fd, true);
  return new_descriptor(env, fd);
}

static napi_value open_pair(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int type = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  int fds[2];
  if (socketpair(AF_UNIX, type | BORN_CLOEXEC, 0, fds) == -1) return result(env, -1);
  if (BORN_CLOEXEC == 0) {
    set_cloexec(fds[0], true);
    set_cloexec(fds[1], true);
  }
  return new_descriptor_pair(env, fds);
}

static napi_value bind_unix(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  struct sockaddr_un address;
  socklen_t length;
  int error = unix_address_at(&arguments, 1, &address, &length);
  if (!arguments.valid) return failure(env, EINVAL);
  if (error != 0) return failure(env, error);
  return result(env, bind(fd, (struct sockaddr *)&address, length));
}

/* A blocking socket would wait for room in the listener's backlog: the caller makes it non-blocking first. */
static napi_value connect_unix(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  struct sockaddr_un address;
  socklen_t length;
  int error = unix_address_at(&arguments, 1, &address, &length);
  if (!arguments.valid) return failure(env, EINVAL);
  if (error != 0) return failure(env, error);
  int returned;
  do returned = connect(fd, (struct sockaddr *)&address, length);
  while (returned == -1 && errno == EINTR);
  return result(env, returned);
}

static napi_value bind_internet(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  char host[INET6_ADDRSTRLEN + 32];
  text_at(&arguments, 1, host, sizeof host);
  int port = int_at(&arguments, 2);
  if (!arguments.valid || port < 0 || port > UINT16_MAX) return failure(env, EINVAL);
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } address;
  socklen_t length = sizeof address.v4;
  if (uv_ip4_addr(host, port, &address.v4) != 0) {
    length = sizeof address.v6;
    if (uv_ip6_addr(host, port, &address.v6) != 0) return failure(env, EINVAL);
  }
  return result(env, bind(fd, &address.any, length));
}

static napi_value listen_on(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  int backlog = int_at(&arguments, 1);
  if (!arguments.valid) return failure(env, EINVAL);
  return result(env, listen(fd, backlog));
}

static napi_value accept_connection(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int listener = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  int fd;
#ifdef __linux__
  do fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
#else
  do fd = accept(listener, NULL, NULL);
#endif
  while (fd == -1 && errno == EINTR);
  if (fd != -1 && BORN_CLOEXEC == 0) set_cloexec(fd, true);
  return new_descriptor(env, fd);
}

static napi_value shut_down_writes(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  return result(env, shutdown(fd, SHUT_WR));
}

static napi_value set_option(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  int level = int_at(&arguments, 1);
  int option = int_at(&arguments, 2);
  int value = int_at(&arguments, 3);
  if (!arguments.valid) return failure(env, EINVAL);
  return result(env, setsockopt(fd, level, option, &value, sizeof value));
}

static napi_value get_option(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  int level = int_at(&arguments, 1);
  int option = int_at(&arguments, 2);
  if (!arguments.valid) return failure(env, EINVAL);
  int value = 0;
  socklen_t length = sizeof value;
  int returned = getsockopt(fd, level, option, &value, &length);
  return result(env, returned == -1 ? -1 : value);
}

static napi_value set_non_blocking(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  int flags = fcntl(fd, F_GETFL);
  return result(env, flags == -1 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK));
}

/* Who was at the other end when the connection was made, as the kernel noted it. */
static napi_value peer_credentials(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  int64_t pid, uid, gid;
#ifdef __linux__
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == -1) return result(env, -1);
  if (peer.uid == (uid_t)-1) return failure(env, ENOTCONN);
  pid = peer.pid;
  uid = peer.uid;
  gid = peer.gid;
#else
  struct xucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERCRED, &peer, &length) == -1) return result(env, -1);
  pid_t peer_pid = 0;
  length = sizeof peer_pid;
  if (getsockopt(fd, SOL_LOCAL, LOCAL_PEERPID, &peer_pid, &length) == -1) return result(env, -1);
  pid = peer_pid;
  uid = peer.cr_uid;
  gid = peer.cr_groups[0];
#endif
  napi_value answer = NULL;
  napi_create_object(env, &answer);
  set_property(env, answer, "pid", number(env, pid));
  set_property(env, answer, "uid", number(env, uid));
  set_property(env, answer, "gid", number(env, gid));
  return answer;
}

static napi_value local_address(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
  } address;
  socklen_t length = sizeof address;
  if (getsockname(fd, &address.any, &length) == -1) return result(env, -1);

  napi_value answer = NULL;
  napi_create_object(env, &answer);
  if (address.any.sa_family == AF_UNIX) {
    set_property(env, answer, "path", unix_address_text(env, &address.local, length));
    return answer;
  }
  char text[INET6_ADDRSTRLEN];
  bool v6 = address.any.sa_family == AF_INET6;
  if (!v6 && address.any.sa_family != AF_INET) return failure(env, EAFNOSUPPORT);
  if (v6)
    uv_ip6_name(&address.v6, text, sizeof text);
  else
    uv_ip4_name(&address.v4, text, sizeof text);
  napi_value host = NULL;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &host);
  set_property(env, answer, "family", number(env, v6 ? 6 : 4));
  set_property(env, answer, "address", host);
  set_property(env, answer, "port", number(env, ntohs(v6 ? address.v6.sin6_port : address.v4.sin_port)));
  return answer;
}

const Function socket_functions[] = {
    {"socket", open_socket},
    {"socketpair", open_pair},
    {"bindUnix", bind_unix},
    {"connectUnix", connect_unix},
    {"bindInternet", bind_internet},
    {"listen", listen_on},
    {"accept", accept_connection},
    {"shutdownWrites", shut_down_writes},
    {"setOption", set_option},
    {"getOption", get_option},
    {"setNonBlocking", set_non_blocking},
    {"peerCredentials", peer_credentials},
    {"localAddress", local_address},
    {NULL, NULL},
};

const Constant socket_constants[] = {
    {"AF_UNIX", AF_UNIX},
    {"AF_INET", AF_INET},
    {"AF_INET6", AF_INET6},
    {"SOCK_STREAM", SOCK_STREAM},
    {"SOCK_DGRAM", SOCK_DGRAM},
    {"SOCK_SEQPACKET", SOCK_SEQPACKET},
    {"SOL_SOCKET", SOL_SOCKET},
    {"SO_TYPE", SO_TYPE},
    {"SO_ACCEPTCONN", SO_ACCEPTCONN},
    {"SO_REUSEADDR", SO_REUSEADDR},
    {"SO_REUSEPORT", SO_REUSEPORT},
    {"IPPROTO_IPV6", IPPROTO_IPV6},
    {"IPV6_V6ONLY", IPV6_V6ONLY},
#ifdef __linux__
    {"SO_PASSCRED", SO_PASSCRED},
#endif
    {"ETOOMANYREFS", ETOOMANYREFS},
    {"MAX_UNIX_ADDRESS_BYTES", sizeof(((struct sockaddr_un *)0)->sun_path) - 1},
    {"MAX_FDS_PER_MESSAGE", MAX_FDS_PER_MESSAGE},
    {"RECEIVE_BUFFER_SIZE", RECEIVE_BUFFER_SIZE},
    {NULL, 0},
};
