#include "addon.h"

#include <string.h>

/*
 * unix(7): an abstract name begins with a NUL and is as long as the address length says; padding it would
 * name another socket. A pathname ends with a NUL, which the length counts.
 */
int unix_address_at(Arguments *arguments, size_t index, struct sockaddr_un *address, socklen_t *length) {
  char name[sizeof address->sun_path];
  size_t size = 0;
  napi_value text = arguments->values[index];
  if (napi_get_value_string_utf8(arguments->env, text, NULL, 0, &size) == napi_ok && size >= sizeof name)
    return ENAMETOOLONG;
  text_at(arguments, index, name, sizeof name);
  if (size == 0) return EINVAL;

  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, name, size);
  *length = offsetof(struct sockaddr_un, sun_path) + size;
  if (name[0] != '@') {
    *length += 1;
    return 0;
  }
#ifdef __linux__
  address->sun_path[0] = '\0';
  return 0;
#else
  return ENOTSUP;
#endif
}

/* The empty string is a socket without a name: one of a pair, or a client that was never bound. */
napi_value unix_address_text(napi_env env, const struct sockaddr_un *address, socklen_t length) {
  char text[sizeof address->sun_path];
  size_t size = 0;
  if (length > offsetof(struct sockaddr_un, sun_path)) {
    size = length - offsetof(struct sockaddr_un, sun_path);
    if (size > sizeof text) size = sizeof text;
    memcpy(text, address->sun_path, size);
#ifdef __linux__
    if (text[0] == '\0')
      text[0] = '@';
    else
#endif
      size = strnlen(text, size);
  }
  napi_value answer = NULL;
  napi_create_string_utf8(env, text, size, &answer);
  return answer;
}
