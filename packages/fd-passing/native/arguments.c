#include "addon.h"

void read_arguments(napi_env env, napi_callback_info info, napi_value arguments[MAX_ARGUMENTS]) {
  size_t count = MAX_ARGUMENTS;
  napi_get_cb_info(env, info, &count, arguments, NULL, NULL);
}

int int_of(napi_env env, napi_value value) {
  int32_t number;
  return napi_get_value_int32(env, value, &number) == napi_ok ? number : -1;
}

bool is_present(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type != napi_undefined && type != napi_null;
}

const void *bytes_of(napi_env env, napi_value typed_array, size_t *length) {
  static const size_t element_size[] = {
      [napi_int8_array] = 1,   [napi_uint8_array] = 1, [napi_uint8_clamped_array] = 1,
      [napi_int16_array] = 2,  [napi_uint16_array] = 2, [napi_int32_array] = 4,
      [napi_uint32_array] = 4, [napi_float32_array] = 4, [napi_float64_array] = 8,
      [napi_bigint64_array] = 8, [napi_biguint64_array] = 8,
  };
  napi_typedarray_type type = (napi_typedarray_type)-1; /* stays so for a kind that this Node-API does not know */
  size_t elements;
  void *data;
  *length = 0;
  if (napi_get_typedarray_info(env, typed_array, &type, &elements, &data, NULL, NULL) != napi_ok) return NULL;
  if ((size_t)type >= sizeof element_size / sizeof *element_size) return NULL;
  *length = elements * element_size[type];
  return data;
}

napi_value number(napi_env env, int64_t value) {
  napi_value answer = NULL;
  napi_create_int64(env, value, &answer);
  return answer;
}

napi_value result(napi_env env, int64_t returned) {
  return number(env, returned == -1 ? -errno : returned);
}

napi_value failure(napi_env env, int error) {
  return number(env, -error);
}

napi_value descriptor_pair(napi_env env, const int fds[2]) {
  napi_value pair = NULL;
  napi_create_array_with_length(env, 2, &pair);
  napi_set_element(env, pair, 0, number(env, fds[0]));
  napi_set_element(env, pair, 1, number(env, fds[1]));
  return pair;
}

bool set_property(napi_env env, napi_value object, const char *name, napi_value value) {
  return value != NULL && napi_set_named_property(env, object, name, value) == napi_ok;
}
