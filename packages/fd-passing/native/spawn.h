/* How spawn.c starts a program, and how spawn_child.c becomes it. */
#ifndef FD_PASSING_SPAWN_H
#define FD_PASSING_SPAWN_H

#include "addon.h"

#include <sys/types.h>

/* The next step of the child: its index into `step_names` of spawn.c. */
typedef enum { STEP_SETSID, STEP_DESCRIPTOR, STEP_CHDIR, STEP_LIMIT, STEP_EXECVE } Step;

/* A child that could not become the program writes this into the pipe. */
typedef struct {
  int step, error;
  /* Which of the files, for STEP_EXECVE, or of the descriptors. */
  int index;
} Report;

typedef struct {
  char *const *files, *const *argv, *const *environment;
  /* NULL: where the parent is. */
  const char *cwd;
  /* The descriptors that become 0, 1, …; -1 stands for /dev/null. The child writes into it. */
  int *fds;
  int fd_count;
  /* Above it nothing is open. -1: close_range(2) is there, and nobody needs to know. */
  int highest_fd;
  bool own_session;
  /* The soft RLIMIT_NOFILE. -1: as the parent has it. */
  int open_files;
  /* Where the child writes the digits of its pid. NULL: nowhere. */
  char *listen_pid;
  int report_fd;
} Plan;

/* Enough for any pid, and a NUL. */
#define PID_DIGITS 12

/* Marks all descriptors from `first` CLOEXEC, by close_range(2) of Linux 5.11. */
int cloexec_from(unsigned first);

/* Becomes the program, or reports why not and exits. Makes only async-signal-safe calls, and changes no memory but that of the plan. */
_Noreturn void become_program(const Plan *plan);

#endif
