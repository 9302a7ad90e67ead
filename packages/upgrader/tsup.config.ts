import { defineConfig } from 'tsup'
import base from '../../tsup.config.base.ts'

export default defineConfig({
  ...base,
  splitting: true,
  // The protocol of the Rust crate is loaded only for a control socket.
  entry: ['src/index.ts', 'src/rust.ts'],
})
