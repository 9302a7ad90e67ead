import { procroll, timeInTurn } from '../measure.mjs'

export function startTime() {
  const [bare, version, help] = timeInTurn(
    [
      ['-e', '0'],
      [procroll, '--version'],
      [procroll, '--help'],
    ],
    15,
  )
  return [
    { what: 'procroll --version', ours: version, peer: bare, unit: 'ms', peerIs: 'node -e 0' },
    { what: 'procroll --help', ours: help, peer: bare, unit: 'ms', peerIs: 'node -e 0' },
  ]
}
