#include "addon.h"

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

bool set_property(napi_env env, napi_value object, const char *name, napi_value value) {
  return value != NULL && napi_set_named_property(env, object, name, value) == napi_ok;
}
