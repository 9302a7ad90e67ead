import base from '../../tsup.config.base.ts'

/** `procroll --version` loads what is printable, and nothing else. */
export default {
  ...base,
  entry: ['src/index.ts', 'src/printable.ts', 'src/option-fault.ts', 'src/schema.ts'],
  splitting: true,
}
