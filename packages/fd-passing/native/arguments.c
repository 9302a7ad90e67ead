#include "addon.h"

#include <limits.h>
#include <string.h>

Arguments arguments_of(napi_env env, napi_callback_info info) {
  Arguments arguments = {.env = env, .valid = true};
  size_t count = MAX_ARGUMENTS;
  if (napi_get_cb_info(env, info, &count, arguments.values, NULL, NULL) != napi_ok) arguments.valid = false;
  return arguments;
}

bool is_present(const Arguments *arguments, size_t index) {
  napi_valuetype type;
  return napi_typeof(arguments->env, arguments->values[index], &type) == napi_ok && type != napi_undefined;
}

int int_at(Arguments *arguments, size_t index) {
  double value;
  if (napi_get_value_double(arguments->env, arguments->values[index], &value) == napi_ok && value >= INT_MIN &&
      value <= INT_MAX && value == (int)value)
    return (int)value;
  arguments->valid = false;
  return -1;
}

uint64_t bigint_at(Arguments *arguments, size_t index) {
  uint64_t value = 0;
  bool lossless = false;
  if (napi_get_value_bigint_uint64(arguments->env, arguments->values[index], &value, &lossless) == napi_ok && lossless)
    return value;
  arguments->valid = false;
  return 0;
}

void text_at(Arguments *arguments, size_t index, char *text, size_t size) {
  size_t needed = 0, written = 0;
  text[0] = '\0';
  if (napi_get_value_string_utf8(arguments->env, arguments->values[index], NULL, 0, &needed) == napi_ok &&
      needed < size &&
      napi_get_value_string_utf8(arguments->env, arguments->values[index], text, size, &written) == napi_ok &&
      strlen(text) == written)
    return;
  arguments->valid = false;
}

const void *array_at(Arguments *arguments, size_t index, napi_typedarray_type type, size_t *length) {
  napi_env env = arguments->env;
  napi_typedarray_type found = (napi_typedarray_type)-1; /* stays so for a kind that this Node-API does not know */
  void *data = NULL;
  napi_value buffer = NULL;
  bool detached = true;
  *length = 0;
  if (napi_get_typedarray_info(env, arguments->values[index], &found, length, &data, &buffer, NULL) == napi_ok &&
      found == type && napi_is_detached_arraybuffer(env, buffer, &detached) == napi_ok && !detached)
    return data;
  arguments->valid = false;
  *length = 0;
  return NULL;
}
