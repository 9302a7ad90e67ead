import * as functions from './compat-functions.ts'

export * from './compat-functions.ts'
/** The default export, for `import notify from …`. A program or its tests may replace functions in it, as in the original. */
export default { ...functions }
