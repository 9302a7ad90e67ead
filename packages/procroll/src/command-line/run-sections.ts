import type { HelpSection } from '@shellflip/cli/commands'
import { sameSignalForMs } from '@shellflip/internal'
import {
  EXIT_DONE,
  EXIT_FAILED,
  EXIT_GAVE_UP,
  EXIT_INTERNAL_ERROR,
  EXIT_USAGE,
  otherStatus,
} from '../exit-status.ts'
import { exampleSection, exitStatusSection, runtimeFolderEntry } from './shared-sections.ts'

/** The sections of `procroll run --help` and procroll-run(1) besides the flags. */
export const runSections: readonly HelpSection[] = [
  {
    title: 'Templates',
    entries: [
      ['{{.PID}}', 'the pid of procroll'],
      ['{{.Generation}}', 'the number of the generation: 1, 2, ...'],
      ['{{.NotifySocket}}', 'the path of its notify socket'],
    ],
  },
  {
    title: 'Environment of the service',
    entries: [
      ['NOTIFY_SOCKET', 'Where the service reports READY=1, STATUS=..., WATCHDOG=1 (sd_notify(3)).'],
      [
        'LISTEN_FDS',
        'The number of sockets it gets, from file descriptor 3 up. LISTEN_PID holds its pid, LISTEN_FDNAMES the names of the sockets (sd_listen_fds(3)).',
      ],
      ['WATCHDOG_USEC', 'With --watchdog: the time between two WATCHDOG=1, in microseconds.'],
    ],
  },
  {
    title: 'Environment of procroll',
    entries: [
      runtimeFolderEntry,
      ['NOTIFY_SOCKET', 'Where procroll itself reports to a service manager. LISTEN_FDS is passed on.'],
    ],
  },
  {
    title: 'Signals',
    entries: [
      ['SIGHUP', 'Rolls to a new generation. Stops the service if the terminal hung up.'],
      [
        'SIGTERM, SIGINT, SIGQUIT',
        `Stop the service. A second one stops it immediately: SIGTERM after ${sameSignalForMs.SIGTERM / 1_000} s, the others after ${sameSignalForMs.SIGINT / 1_000} s.`,
      ],
    ],
  },
  {
    title: 'Durations',
    lines: ['300ms, 10s, 1m30s, 2h'],
  },
  exitStatusSection([EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_GAVE_UP, EXIT_INTERNAL_ERROR], otherStatus),
  exampleSection(
    'procroll run --name api --listen tcp://0.0.0.0:8080 -- node server.js',
    'procroll roll --name api',
  ),
]
