#include "addon.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * A worker that is terminated runs no JavaScript any more: neither close() nor a FinalizationRegistry. So the addon
 * knows which descriptors a worker owns, and closes them when its environment ends.
 */

static Instance *tracking_instance(napi_env env) {
  Instance *instance = NULL;
  if (napi_get_instance_data(env, (void **)&instance) != napi_ok || instance == NULL) return NULL;
  return instance->ends_before_process ? instance : NULL;
}

/* Where the number is, or belongs. */
static size_t position_of(const DescriptorSet *set, int fd) {
  size_t low = 0, high = set->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (set->fds[middle] < fd)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool has_room(DescriptorSet *set) {
  if (set->count < set->capacity) return true;
  size_t capacity = set->capacity == 0 ? 16 : set->capacity * 2;
  int *fds = realloc(set->fds, capacity * sizeof *fds);
  if (fds == NULL) return false;
  set->fds = fds;
  set->capacity = capacity;
  return true;
}

int own_descriptor(napi_env env, int fd) {
  if (fd < 0) return EBADF;
  Instance *instance = tracking_instance(env);
  /* The standard streams are the process's: the next file to be opened must never become one of them. */
  if (instance == NULL || fd <= STDERR_FILENO) return 0;
  DescriptorSet *set = &instance->owned;
  size_t position = position_of(set, fd);
  if (position < set->count && set->fds[position] == fd) return 0;
  if (!has_room(set)) return ENOMEM;
  memmove(set->fds + position + 1, set->fds + position, (set->count - position) * sizeof *set->fds);
  set->fds[position] = fd;
  set->count++;
  return 0;
}

void disown_descriptor(napi_env env, int fd) {
  Instance *instance = tracking_instance(env);
  if (instance == NULL) return;
  DescriptorSet *set = &instance->owned;
  size_t position = position_of(set, fd);
  if (position == set->count || set->fds[position] != fd) return;
  set->count--;
  memmove(set->fds + position, set->fds + position + 1, (set->count - position) * sizeof *set->fds);
}

napi_value new_descriptor(napi_env env, int fd) {
  if (fd == -1) return result(env, -1);
  int error = own_descriptor(env, fd);
  if (error == 0) return number(env, fd);
  close(fd);
  return failure(env, error);
}

napi_value new_descriptor_pair(napi_env env, const int fds[2]) {
  napi_value left = new_descriptor(env, fds[0]), right = new_descriptor(env, fds[1]), pair = NULL;
  napi_create_array_with_length(env, 2, &pair);
  napi_set_element(env, pair, 0, left);
  napi_set_element(env, pair, 1, right);
  return pair;
}

/* Cleanup hooks run last to first, and this one is the first: every watcher has stopped watching by now. */
void close_owned_descriptors(void *data) {
  Instance *instance = data;
  for (size_t index = 0; index < instance->owned.count; index++) close(instance->owned.fds[index]);
  instance->owned.count = 0;
}

static napi_value own(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  return failure(env, arguments.valid ? own_descriptor(env, fd) : EINVAL);
}

static napi_value disown(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  if (fd < 0) return failure(env, EBADF);
  disown_descriptor(env, fd);
  return number(env, 0);
}

const Function ownership_functions[] = {
    {"own", own},
    {"disown", disown},
    {NULL, NULL},
};
