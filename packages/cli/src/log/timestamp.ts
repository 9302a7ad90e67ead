/** Local time with its offset, as RFC 3339 and slog write it: `2025-01-31T12:00:00.000+01:00`. */
export function timestamp(time: Date): string {
  const offset = -time.getTimezoneOffset()
  const local = new Date(time.getTime() + offset * 60_000).toISOString().slice(0, -1)
  if (offset === 0) return `${local}Z`
  const [hours, minutes] = [Math.floor(Math.abs(offset) / 60), Math.abs(offset) % 60]
  return `${local}${offset < 0 ? '-' : '+'}${twoDigits(hours)}:${twoDigits(minutes)}`
}

function twoDigits(number: number): string {
  return String(number).padStart(2, '0')
}
