#include "addon.h"

#include <stdlib.h>
#include <uv.h>

static void free_instance(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  Instance *instance = data;
  free(instance->owned.fds);
  free(instance->receive_buffer);
  free(instance);
}

static bool register_functions(napi_env env, napi_value exports, const Function *functions) {
  for (const Function *function = functions; function->name != NULL; function++) {
    napi_value value = NULL;
    napi_create_function(env, function->name, NAPI_AUTO_LENGTH, function->call, NULL, &value);
    if (!set_property(env, exports, function->name, value)) return false;
  }
  return true;
}

static bool register_constants(napi_env env, napi_value exports, const Constant *constants) {
  for (const Constant *constant = constants; constant->name != NULL; constant++)
    if (!set_property(env, exports, constant->name, number(env, constant->value))) return false;
  return true;
}

/* The environment of the main thread runs on libuv's default loop. That of a worker has a loop of its own. */
static bool close_descriptors_at_end(napi_env env, Instance *instance) {
  uv_loop_t *loop;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok || loop == uv_default_loop()) return true;
  instance->ends_before_process = true;
  return napi_add_env_cleanup_hook(env, close_owned_descriptors, instance) == napi_ok;
}

/* Once for each environment: nothing here is shared between threads. */
NAPI_MODULE_INIT() {
  Instance *instance = calloc(1, sizeof *instance);
  if (instance == NULL || (instance->receive_buffer = malloc(RECEIVE_BUFFER_SIZE)) == NULL ||
      napi_set_instance_data(env, instance, free_instance, NULL) != napi_ok) {
    if (instance != NULL) free(instance->receive_buffer);
    free(instance);
    napi_throw_error(env, NULL, "not enough memory");
    return NULL;
  }
  bool complete =
      close_descriptors_at_end(env, instance) && register_functions(env, exports, ownership_functions) &&
      register_functions(env, exports, descriptor_functions) && register_functions(env, exports, folder_functions) &&
      register_functions(env, exports, memory_file_functions) && register_functions(env, exports, socket_functions) &&
      register_functions(env, exports, message_functions) && register_functions(env, exports, readiness_functions) &&
      register_functions(env, exports, writing_functions) && register_functions(env, exports, signal_functions) &&
      register_functions(env, exports, process_functions) && register_functions(env, exports, spawn_functions) &&
      register_functions(env, exports, pidfd_functions) && register_constants(env, exports, socket_constants);
  return complete ? exports : NULL;
}
