// Starts a tree with a daemon, prints its pids, and waits to be killed.
import { waitFor } from '@shellflip/testing'
import { ProcessTree } from '../process-tree.mjs'

const script = 'setsid sleep 600 & exec sleep 600'
const tree = await ProcessTree.start('/bin/sh', ['-c', script], { folder: process.argv[2] })
await waitFor(() => tree.pids().length === 2)
console.log(JSON.stringify(tree.pids()))
setInterval(() => {}, 1_000)
