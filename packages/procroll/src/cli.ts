#!/usr/bin/env sh
import { catchSignals, keepInspectorClosed } from '@shellflip/cli/process'

// Everything else is imported after this: a signal that comes meanwhile must not end the process, nor open the inspector.
if (process.argv[2] === 'run') catchSignals()
else keepInspectorClosed()

const { main } = await import('./main.ts')
process.exitCode = await main(process.argv.slice(2))
