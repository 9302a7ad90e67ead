// Measures one primitive in a process of its own, and sends its rows to the parent.
import { discover } from './discover.mjs'

const [name] = process.argv.slice(2)
const { primitives } = await discover()
const rows = await primitives.find((primitive) => primitive.name === name).measure()
process.send(rows, () => process.disconnect())
