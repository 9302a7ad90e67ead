import { waitFor } from '@shellflip/testing'
import { askWhole, generationOf } from './ask.mjs'

/** Waits until a server answers, and returns what the bench needs of it. Ends its trees when it never does. */
export async function startedPeer(peer, trees) {
  const stop = async () => {
    await Promise.all(trees.map((tree) => tree.stop()))
  }
  try {
    await waitFor(async () => generationOf((await askWhole(peer)).body), {
      what: 'the first answer',
      deadlineMs: 20_000,
    })
  } catch (error) {
    await stop()
    throw new Error(trees.map((tree) => tree.lastLines()).join('\n'), { cause: error })
  }
  return Object.defineProperties({ stop }, Object.getOwnPropertyDescriptors(peer))
}
