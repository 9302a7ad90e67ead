import base from '../../tsup.config.base.ts'

/** One file for each helper, so that `procroll --version` loads no more than it needs. */
export default { ...base, entry: ['src/*.ts', '!src/*.test.ts'], splitting: true }
