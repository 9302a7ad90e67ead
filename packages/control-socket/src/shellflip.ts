import * as z from 'zod'
import type { Vocabulary } from './vocabulary.ts'

export type ShellflipRequest = { Request: 'TryRestart' }
export type ShellflipReply = { Response: { RestartComplete: number } | { RestartFailed: string } }

/**
 * The restart coordination protocol of the Rust crate shellflip (2.x): its clients can restart our services, and ours
 * its. `RestartComplete` carries the new pid (a u32; 0 under systemd, where the asked process cannot know it).
 */
export const shellflipVocabulary: Vocabulary<ShellflipRequest, ShellflipReply> = {
  request: z.strictObject({ Request: z.literal('TryRestart') }),
  reply: z.strictObject({
    Response: z.union([
      z.strictObject({ RestartComplete: z.int().min(0).max(0xffff_ffff) }),
      z.strictObject({ RestartFailed: z.string() }),
    ]),
  }),
  refuse: (reason) => ({ Response: { RestartFailed: reason } }),
}
