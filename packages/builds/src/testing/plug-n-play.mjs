import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

// Yarn Plug'n'Play replaces functions of node:fs. Its own ignore `encoding`.
for (const name of ['readlinkSync', 'realpathSync']) {
  const original = fs[name]
  fs[name] = (path) => original(path)
}
syncBuiltinESMExports()
