#include "addon.h"

#include <stdlib.h>
#include <uv.h>

/*
 * Tells JavaScript when a descriptor is readable or writable. Watches only while something is wanted, so an
 * idle descriptor costs no event loop anything and keeps none alive.
 *
 * Freed when both owners have let go: the libuv handle (its close callback ran) and the JavaScript value
 * (it was collected). The callback is held strongly only while watching, so a forgotten watcher is collected.
 */
typedef struct {
  uv_poll_t handle;
  napi_env env;
  napi_ref callback;
  napi_async_context context;
  napi_async_cleanup_hook_handle teardown;
  int wanted;
  int active;
  bool in_callback;
  bool closing;
  int owners;
} Watcher;

static void release(Watcher *watcher) {
  if (--watcher->owners == 0) free(watcher);
}

static void on_closed(uv_handle_t *handle) {
  Watcher *watcher = handle->data;
  napi_remove_async_cleanup_hook(watcher->teardown);
  release(watcher);
}

/* uv_close() stops the poll at once, so the descriptor may be closed as soon as this returns. */
static void close_watcher(Watcher *watcher) {
  if (watcher->closing) return;
  watcher->closing = true;
  watcher->wanted = 0;
  napi_delete_reference(watcher->env, watcher->callback);
  napi_async_destroy(watcher->env, watcher->context);
  uv_close((uv_handle_t *)&watcher->handle, on_closed);
}

static void on_teardown(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  close_watcher(data);
}

static void on_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  close_watcher(data);
  release(data);
}

static void on_event(uv_poll_t *handle, int status, int events);

static void note_active(Watcher *watcher, int events) {
  uint32_t references;
  if (watcher->active == 0 && events != 0) napi_reference_ref(watcher->env, watcher->callback, &references);
  if (watcher->active != 0 && events == 0) napi_reference_unref(watcher->env, watcher->callback, &references);
  watcher->active = events;
}

static int apply(Watcher *watcher) {
  if (watcher->closing || watcher->wanted == watcher->active) return 0;
  int error = watcher->wanted == 0 ? uv_poll_stop(&watcher->handle)
                                   : uv_poll_start(&watcher->handle, watcher->wanted, on_event);
  if (error == 0) note_active(watcher, watcher->wanted);
  return error;
}

static void call_back(Watcher *watcher, int events) {
  napi_env env = watcher->env;
  napi_value callback = NULL, receiver, argument = number(env, events);
  if (napi_get_reference_value(env, watcher->callback, &callback) != napi_ok || callback == NULL) return;
  if (napi_get_global(env, &receiver) != napi_ok) return;
  if (napi_make_callback(env, watcher->context, receiver, callback, 1, &argument, NULL) == napi_ok) return;
  /* A worker that is being terminated runs no JavaScript and has no exception to report. */
  bool pending = false;
  napi_value error;
  if (napi_is_exception_pending(env, &pending) == napi_ok && pending &&
      napi_get_and_clear_last_exception(env, &error) == napi_ok)
    napi_fatal_exception(env, error);
}

/*
 * While JavaScript runs, what it wants is only noted: a caller that requests the next message right away, which is
 * the rule, then costs no epoll_ctl(2). After an error libuv has stopped the handle; the system call that
 * follows will name that error.
 */
static void on_event(uv_poll_t *handle, int status, int events) {
  Watcher *watcher = handle->data;
  napi_env env = watcher->env;
  napi_handle_scope scope;
  if (napi_open_handle_scope(env, &scope) != napi_ok) return;
  watcher->owners++;
  watcher->in_callback = true;
  call_back(watcher, status < 0 ? UV_READABLE | UV_WRITABLE : events);
  watcher->in_callback = false;
  if (!watcher->closing && status < 0) note_active(watcher, 0);
  apply(watcher);
  release(watcher);
  napi_close_handle_scope(env, scope);
}

/* An object of another kind, or of another addon, must not be taken for a watcher: it would be any address. */
static const napi_type_tag watcher_tag = {0x6f2b0d3c9a514e78, 0x9c1e7a4fd2836b05};

static bool has_type(const Arguments *arguments, size_t index, napi_valuetype expected) {
  napi_valuetype type;
  return napi_typeof(arguments->env, arguments->values[index], &type) == napi_ok && type == expected;
}

/* napi_check_object_type_tag() makes an object of what is none, and throws where it cannot. */
static Watcher *watcher_at(Arguments *arguments, size_t index) {
  napi_value object = arguments->values[index];
  bool tagged = false;
  void *watcher = NULL;
  if (has_type(arguments, index, napi_object) &&
      napi_check_object_type_tag(arguments->env, object, &watcher_tag, &tagged) == napi_ok && tagged &&
      napi_unwrap(arguments->env, object, &watcher) == napi_ok)
    return watcher;
  arguments->valid = false;
  return NULL;
}

static bool wrap_watcher(napi_env env, Watcher *watcher, napi_value *object) {
  return napi_create_object(env, object) == napi_ok && napi_type_tag_object(env, *object, &watcher_tag) == napi_ok &&
         napi_wrap(env, *object, watcher, on_collected, NULL, NULL) == napi_ok;
}

/* watch(fd, callback): a watcher that wants nothing yet. */
static napi_value watch(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int fd = int_at(&arguments, 0);
  if (!arguments.valid || !has_type(&arguments, 1, napi_function)) return failure(env, EINVAL);
  if (fd < 0) return failure(env, EBADF);
  uv_loop_t *loop;
  if (napi_get_uv_event_loop(env, &loop) != napi_ok) return failure(env, ENOTSUP);
  Watcher *watcher = calloc(1, sizeof *watcher);
  if (watcher == NULL) return failure(env, ENOMEM);
  int error = uv_poll_init(loop, &watcher->handle, fd);
  if (error != 0) {
    free(watcher);
    return number(env, error);
  }
  watcher->handle.data = watcher;
  watcher->env = env;
  watcher->owners = 2;
  napi_value name, object = NULL;
  napi_create_string_utf8(env, "FdReadiness", NAPI_AUTO_LENGTH, &name);
  napi_async_init(env, NULL, name, &watcher->context);
  napi_create_reference(env, arguments.values[1], 0, &watcher->callback);
  napi_add_async_cleanup_hook(env, on_teardown, watcher, &watcher->teardown);
  if (wrap_watcher(env, watcher, &object)) return object;
  close_watcher(watcher);
  release(watcher);
  return NULL;
}

static napi_value want(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  Watcher *watcher = watcher_at(&arguments, 0);
  int events = int_at(&arguments, 1);
  /* libuv aborts the process at any other event. */
  if (!arguments.valid || (events & ~(UV_READABLE | UV_WRITABLE)) != 0) return failure(env, EINVAL);
  if (watcher->closing) return failure(env, EBADF);
  watcher->wanted = events;
  return number(env, watcher->in_callback ? 0 : apply(watcher));
}

static napi_value keep_alive(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  Watcher *watcher = watcher_at(&arguments, 0);
  int on = int_at(&arguments, 1);
  if (!arguments.valid) return failure(env, EINVAL);
  if (watcher->closing) return failure(env, EBADF);
  if (on != 0)
    uv_ref((uv_handle_t *)&watcher->handle);
  else
    uv_unref((uv_handle_t *)&watcher->handle);
  return number(env, 0);
}

static napi_value unwatch(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  Watcher *watcher = watcher_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  close_watcher(watcher);
  return number(env, 0);
}

const Function readiness_functions[] = {
    {"watch", watch},
    {"want", want},
    {"keepAlive", keep_alive},
    {"unwatch", unwatch},
    {NULL, NULL},
};
