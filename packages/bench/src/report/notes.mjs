import { figure } from './markdown.mjs'

/** More than this, in cores, and the latencies say more about the machine than about the peer. */
const noisyCpu = 0.3

/** Whether something else used so much of the machine that the figures of a row are in doubt. */
export const isNoisy = ({ elsewhereCpu }) => elsewhereCpu > noisyCpu

/** Whether a row has figures, but nobody knows what else used the machine. */
export const hasUnknownNoise = ({ elsewhereCpu }) => elsewhereCpu === null

export const notMeasured = 'the CPU that anything else used meanwhile was not measured'

/** Why the reloads of a row ended, and after how many. */
export const endNote = ({ problem, endedAfter }) =>
  `ended after ${endedAfter} ${endedAfter === 1 ? 'reload' : 'reloads'}, ${problem}`

export const noiseNote = ({ elsewhereCpu }) =>
  `something else used ${figure(elsewhereCpu)} cores of this machine meanwhile`
