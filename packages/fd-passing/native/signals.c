#include "addon.h"

#include <signal.h>
#include <string.h>

static void do_nothing(int signal) { (void)signal; }

/*
 * ignoreSignal(signal): unless it has a handler. execve(2) resets a handler that does nothing, while every child would
 * inherit SIG_IGN.
 */
static napi_value ignore_signal(napi_env env, napi_callback_info info) {
  Arguments arguments = arguments_of(env, info);
  int signal = int_at(&arguments, 0);
  if (!arguments.valid) return failure(env, EINVAL);
  struct sigaction nothing, present;
  if (sigaction(signal, NULL, &present) == -1) return result(env, -1);
  if ((present.sa_flags & SA_SIGINFO) != 0 || present.sa_handler != SIG_DFL) return number(env, 0);
  memset(&nothing, 0, sizeof nothing);
  nothing.sa_handler = do_nothing;
  nothing.sa_flags = SA_RESTART;
  return result(env, sigaction(signal, &nothing, NULL));
}

const Function signal_functions[] = {
    {"ignoreSignal", ignore_signal},
    {NULL, NULL},
};
