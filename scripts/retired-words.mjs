/**
 * Words that gave way to one word per idea. A word of several parts, as `restart-socket`, stands for every spelling: restartSocket,
 * RestartSocket, restart-socket, restart_socket. `phrase` adds the spelling with a space. `only` limits the search to paths.
 *
 * Those that are gone may not come back: `gone: true` makes the check fail. Set it when the last one has left the code.
 */
export const retiredWords = [
  { word: 'notification-socket', use: 'notify socket', phrase: true, gone: true },
  { word: 'readiness-socket', use: 'notify socket', phrase: true, gone: true },
  { word: 'fd-storage', use: 'fd store', phrase: true, gone: true },
  { word: 'supervisor-socket', use: 'control socket', phrase: true, gone: true },
  { word: 'restart-signals', use: 'upgradeSignals', gone: true },
  { word: 'listened-socket', use: 'NamedFd', gone: true },
  { word: 'stored-socket', use: 'NamedFd', gone: true },
  { word: 'listening-fd', use: 'NamedFd', gone: true },
  { word: 'upgrade-state', use: 'FlipPhase', gone: true },
  { word: 'bequeath', use: 'hand over', gone: true },
  { word: 'heir', use: 'successor', gone: true },
  { word: 'retire', use: 'drain', gone: true, only: /^packages\/(?!bench)/ },

  { word: 'restart-socket', use: 'control socket', phrase: true, gone: true },
  { word: 'hand-over', use: 'moveConnections, for the option. hand over, for sockets and state', gone: true },
  { word: 'drain-deadline-ms', use: 'drainTimeoutMs', gone: true },
  { word: 'shutdown-timeout-ms', use: 'drainTimeoutMs', gone: true },
  { word: 'flip-state', use: 'FlipPhase', gone: true },
  { word: 'offered-socket', use: 'NamedFd', gone: true },
  { word: 'inherited-socket', use: 'NamedFd', gone: true },
  { word: 'estate', use: 'the sockets, the state, the lock: what it is', gone: true },
  { word: 'ending', use: 'shutdown', only: /^packages\/(shellflip|upgrader)\//, gone: true },
  { word: 'attempt', use: 'carrier, or upgrade', only: /^packages\/(shellflip|upgrader)\//, gone: true },
  {
    word: 'first-start',
    use: 'a start without a predecessor',
    only: /^packages\/(shellflip|upgrader)\//,
    gone: true,
  },
  { word: 'handed-over', use: 'a name that says what was handed over', gone: true },
  { word: 'settle-orphans', use: 'the verb for what happens to them: adopt, drain, end', gone: true },
  { word: 'once-per-request', use: 'a name for what happens once', gone: true },
  { word: 'soften', use: 'the verb for what it does', gone: true },
  { word: 'vocabulary', use: 'requests and responses, or protocol', only: /^packages\//, gone: true },
  { word: 'converse', use: 'request, respond', gone: true },
  { word: 'talked-on', use: 'a name for the state of the connection', gone: true },

  { word: 'goes-on', use: 'continues', phrase: true, gone: true },
  { word: 'whoever', use: 'the actor: the client, the requester', gone: true },
  { word: 'shall', use: 'must', gone: true },
]
