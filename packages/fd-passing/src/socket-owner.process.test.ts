import { spawnSync } from 'node:child_process'
import { temporaryFolder } from '@shellflip/testing'
import { expect, it } from 'vitest'

const canTrace = process.platform === 'linux' && spawnSync('strace', ['-V']).status === 0

it.runIf(canTrace && process.geteuid?.() === 0)(
  'clients cannot connect before the path has its owner and its mode',
  () => {
    using folder = temporaryFolder()
    const module = new URL('../dist/index.js', import.meta.url).href
    const program = `
    import { listenUnix } from '${module}'
    listenUnix({ path: '${folder.join('s')}', mode: 0o660, owner: { gid: 33 } })
  `
    const calls = 'trace=bind,listen,/f?chmod.*,/f?chown.*'
    const { stderr } = spawnSync(
      'strace',
      ['-f', '-e', calls, process.execPath, '--input-type=module', '-e', program],
      { encoding: 'utf8' },
    )
    const order = [...stderr.matchAll(/(\w+)\(([^\n]*)\) += 0$/gm)].map(([, call, args]) => `${call} ${args}`)
    expect(order).toEqual([
      expect.stringMatching(/^fchmod \d+, 000$/),
      expect.stringContaining('bind'),
      expect.stringMatching(/^fchownat .*, -1, 33, AT_EMPTY_PATH$/),
      expect.stringMatching(/^(chmod|fchmodat2?) .*, 0660/),
      expect.stringContaining('listen'),
    ])
  },
)
