import { homedir } from 'node:os'
import { join } from 'node:path'

/** The folder for what peers install and build, kept between runs. */
export const defaultCache = process.env.SHELLFLIP_BENCH_CACHE ?? join(homedir(), '.cache/shellflip-bench')
