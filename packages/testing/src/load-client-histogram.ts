const subBuckets = 32
const doublings = 27

/** Latencies in buckets that are 3% wide, from a microsecond to two minutes: as small after a day as at first. */
export class LatencyHistogram {
  readonly #buckets = new Uint32Array(subBuckets * (doublings + 1))
  #count = 0
  #maxMs = 0

  get maxMs(): number {
    return this.#maxMs
  }

  record(ms: number): void {
    this.#count += 1
    this.#maxMs = Math.max(this.#maxMs, ms)
    const index = bucketOf(Math.round(ms * 1_000))
    this.#buckets[index] = (this.#buckets[index] ?? 0) + 1
  }

  /** The time within which this share of all was over, rounded up to its bucket's end. 0 if there was none. */
  quantileMs(share: number): number {
    const wanted = Math.ceil(this.#count * share)
    let seen = 0
    for (const [index, count] of this.#buckets.entries()) {
      seen += count
      if (count > 0 && seen >= wanted) return Math.min(endOf(index) / 1_000, this.#maxMs)
    }
    return 0
  }
}

/** Exact below `subBuckets` microseconds, then `subBuckets` buckets for each doubling. */
function bucketOf(micros: number): number {
  if (micros < subBuckets) return micros
  const doubling = Math.min(Math.floor(Math.log2(micros / subBuckets)), doublings - 1)
  const within = Math.floor(micros / 2 ** doubling) - subBuckets
  return Math.min(subBuckets * (doubling + 1) + within, subBuckets * (doublings + 1) - 1)
}

function endOf(index: number): number {
  if (index < subBuckets) return index
  const doubling = Math.floor(index / subBuckets) - 1
  return (subBuckets + (index % subBuckets) + 1) * 2 ** doubling
}
