#include "addon.h"

#include <stdlib.h>
#include <string.h>

void free_strings(Strings *strings) {
  free(strings->list);
  free(strings->bytes);
  *strings = (Strings){0};
}

/* The bytes are copied: those of a shared buffer could lose their NUL while they are read. */
Strings strings_at(Arguments *arguments, size_t index) {
  Strings strings = {0};
  size_t length;
  const char *given = array_at(arguments, index, napi_uint8_array, &length);
  if (!arguments->valid) return strings;
  strings.bytes = malloc(length + 1);
  if (strings.bytes == NULL) return strings;
  if (length > 0) memcpy(strings.bytes, given, length);
  if (length > 0 && strings.bytes[length - 1] != '\0') arguments->valid = false;
  strings.bytes[length] = '\0';
  for (size_t at = 0; at < length; at++)
    if (strings.bytes[at] == '\0') strings.count++;
  /* One place more for a caller that appends, and one for the end. */
  strings.list = calloc(strings.count + 2, sizeof *strings.list);
  if (strings.list == NULL) return strings;
  char *next = strings.bytes;
  for (size_t at = 0; at < strings.count; at++) {
    strings.list[at] = next;
    next += strlen(next) + 1;
  }
  return strings;
}
