import { terminalSafeJson } from '@shellflip/cli/log'
import { isLive, LiveView, paintFor } from '@shellflip/cli/terminal'
import type { Status } from '@shellflip/supervisor-control'
import { formatStatus, statusLines } from './status-table.ts'

/** Shows one status after the other. */
export type StatusView = Disposable & { show(status: Status): void }

/** Chooses the view for a stream: lines of JSON, a live screen, or one text below the other. */
export function statusView(
  stream: NodeJS.WriteStream,
  { json, watch }: { json?: boolean; watch?: boolean },
): StatusView {
  if (json) return writing(stream, (status) => `${terminalSafeJson(status)}\n`)
  const paint = paintFor(stream)
  if (!watch) return writing(stream, (status) => formatStatus(status, { paint }))
  if (!isLive(stream)) return writing(stream, (status) => `${formatStatus(status, { paint })}\n`)
  const view = new LiveView(stream)
  return {
    show: (status) =>
      view.show((width) => statusLines(status, { paint, ...(width === undefined ? {} : { width }) })),
    [Symbol.dispose]: () => view[Symbol.dispose](),
  }
}

function writing(stream: NodeJS.WriteStream, render: (status: Status) => string): StatusView {
  return { show: (status) => void stream.write(render(status)), [Symbol.dispose]: () => {} }
}
