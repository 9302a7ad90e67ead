/*
 * The seam between JavaScript and the system calls of this package. Every function is thin: it makes one
 * system call and answers its result, or the negative errno. Policy (queueing, retrying, naming errors) is
 * in TypeScript.
 */
#ifndef FD_PASSING_ADDON_H
#define FD_PASSING_ADDON_H

#define NAPI_VERSION 8
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <errno.h>
#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifndef ENOTSUP
#define ENOTSUP EOPNOTSUPP
#endif

/* What one environment (the main thread, a worker) has of its own. */
typedef struct {
  char *receive_buffer;
} Instance;

/* A message that does not fit is refused, so this bounds what receive() takes whole. Untouched pages cost nothing. */
#define RECEIVE_BUFFER_SIZE (1024 * 1024)

/* SCM_MAX_FD of the Linux kernel. */
#define MAX_FDS_PER_MESSAGE 253

/* arguments.c: what JavaScript gave, and how to answer it. A value of the wrong type reads as -1, NULL or 0. */
#define MAX_ARGUMENTS 8
void read_arguments(napi_env env, napi_callback_info info, napi_value arguments[MAX_ARGUMENTS]);
int int_of(napi_env env, napi_value value);
bool is_present(napi_env env, napi_value value);
const void *bytes_of(napi_env env, napi_value typed_array, size_t *length);
napi_value number(napi_env env, int64_t value);
/* The answer of a system call: its result, or the negative errno where it returned -1. */
napi_value result(napi_env env, int64_t returned);
napi_value failure(napi_env env, int error);
napi_value descriptor_pair(napi_env env, const int fds[2]);
bool set_property(napi_env env, napi_value object, const char *name, napi_value value);

/* unix_address.c: `/path` or `@abstract`, with its exact length. */
int unix_address_of(napi_env env, napi_value text, struct sockaddr_un *address, socklen_t *length);
napi_value unix_address_text(napi_env env, const struct sockaddr_un *address, socklen_t length);

/* descriptor.c */
int set_cloexec(int fd, bool on);

/* What each file registers. */
typedef struct {
  const char *name;
  napi_callback call;
} Function;

typedef struct {
  const char *name;
  int value;
} Constant;

extern const Function descriptor_functions[], memory_file_functions[], socket_functions[], message_functions[],
    readiness_functions[], process_functions[];
extern const Constant socket_constants[];

#endif
