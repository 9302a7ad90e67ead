import * as functions from './compat-functions.ts'

export * from './compat-functions.ts'
/** What `import notify from …` gives. A program or its tests may replace functions in it, as in the original. */
export default { ...functions }
