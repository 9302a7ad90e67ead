import { defineConfig } from 'tsup'
import base, { bundled } from '../../tsup.config.base.ts'

export default defineConfig({
  ...base,
  splitting: true,
  // Loaded only for a control socket.
  noExternal: [...bundled, '@shellflip/control-socket/shellflip'],
})
