/*
 * The seam between JavaScript and the system calls of this package. Every function is thin: it makes one
 * system call and answers its result, or the negative errno. An argument of the wrong type answers EINVAL. Policy
 * (queueing, retrying, naming errors) is in TypeScript.
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

/* Descriptor numbers in ascending order. */
typedef struct {
  int *fds;
  size_t count, capacity;
} DescriptorSet;

/* The data of one environment (the main thread, a worker). */
typedef struct {
  char *receive_buffer;
  /* A worker ends while the process lives on. The kernel closes what the main thread has. */
  bool ends_before_process;
  DescriptorSet owned;
} Instance;

/* A message that does not fit is refused, so this bounds what receive() takes whole. Untouched pages cost nothing. */
#define RECEIVE_BUFFER_SIZE (1024 * 1024)

/* SCM_MAX_FD of the Linux kernel. */
#define MAX_FDS_PER_MESSAGE 253

/* arguments.c: what JavaScript gave. A wrong value reads as -1, NULL or 0, and makes the arguments invalid. */
#define MAX_ARGUMENTS 8
typedef struct {
  napi_env env;
  napi_value values[MAX_ARGUMENTS];
  bool valid;
} Arguments;

Arguments arguments_of(napi_env env, napi_callback_info info);
bool is_present(const Arguments *arguments, size_t index);
/* A whole number of 32 bits: neither NaN nor 2**32 is taken for 0. */
int int_at(Arguments *arguments, size_t index);
/* A BigInt of 64 bits. */
uint64_t bigint_at(Arguments *arguments, size_t index);
/* A string without a NUL that fits. */
void text_at(Arguments *arguments, size_t index, char *text, size_t size);
/* The elements of a typed array of exactly this type, whose buffer was not transferred away. */
const void *array_at(Arguments *arguments, size_t index, napi_typedarray_type type, size_t *length);

/* strings.c: a typed array of bytes that holds strings, each ended by NUL. `list` has room for one more, and ends with NULL. */
typedef struct {
  char *bytes, **list;
  size_t count;
} Strings;

/* Where memory is short, `list` is NULL. Free it in any case. */
Strings strings_at(Arguments *arguments, size_t index);
void free_strings(Strings *strings);

/* answers.c: how to answer. */
napi_value number(napi_env env, int64_t value);
/* The answer of a system call: its result, or the negative errno where it returned -1. */
napi_value result(napi_env env, int64_t returned);
napi_value failure(napi_env env, int error);
bool set_property(napi_env env, napi_value object, const char *name, napi_value value);

/* ownership.c: the descriptors that an environment closes when it ends before the process. */
int own_descriptor(napi_env env, int fd);
void disown_descriptor(napi_env env, int fd);
/* The answers of calls that make descriptors: owned from the first moment. */
napi_value new_descriptor(napi_env env, int fd);
napi_value new_descriptor_pair(napi_env env, const int fds[2]);
void close_owned_descriptors(void *instance);

/* unix_address.c: `/path` or `@abstract`, with its exact length. */
int unix_address_at(Arguments *arguments, size_t index, struct sockaddr_un *address, socklen_t *length);
napi_value unix_address_text(napi_env env, const struct sockaddr_un *address, socklen_t length);

/* descriptor.c */
int set_cloexec(int fd, bool on);

/* Each file registers its functions. */
typedef struct {
  const char *name;
  napi_callback call;
} Function;

typedef struct {
  const char *name;
  int value;
} Constant;

extern const Function descriptor_functions[], folder_functions[], memory_file_functions[], socket_functions[],
    message_functions[], readiness_functions[], process_functions[], pidfd_functions[], ownership_functions[],
    spawn_functions[], writing_functions[], signal_functions[];
extern const Constant socket_constants[];

#endif
