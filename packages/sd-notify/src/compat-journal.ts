import { writeFileSync } from 'node:fs'
import { basename } from 'node:path'
import { addSeals, FdPassingError, memfd } from '@shellflip/fd-passing'
import { sendDatagram } from './compat-send.ts'

/** The socket at which journald listens: https://systemd.io/JOURNAL_NATIVE_PROTOCOL/ */
const journalSocket = '/run/systemd/journal/socket'

/** Writes an entry to the journal, or nothing where no journald listens. */
export async function sendToJournal(priority: number, text: string): Promise<void> {
  const entry = Buffer.concat([
    field('MESSAGE', text),
    field('PRIORITY', String(priority)),
    field('SYSLOG_IDENTIFIER', basename(process.argv0)),
  ])
  try {
    await sendDatagram(journalSocket, entry)
  } catch (error) {
    if (error instanceof FdPassingError && error.code === 'ERR_MESSAGE_TOO_LARGE') await sendAsFile(entry)
    else throw error
  }
}

/** A value with line breaks carries its length as 64 bits, little endian. */
function field(name: string, value: string): Buffer {
  if (!value.includes('\n')) return Buffer.from(`${name}=${value}\n`)
  const length = Buffer.alloc(8)
  length.writeUInt32LE(Buffer.byteLength(value))
  return Buffer.concat([Buffer.from(`${name}\n`), length, Buffer.from(`${value}\n`)])
}

/** journald reads an entry that fits no datagram from a sealed memory file. */
async function sendAsFile(entry: Uint8Array): Promise<void> {
  using file = memfd('journal-entry', { sealable: true })
  writeFileSync(file.fd, entry)
  addSeals(file.fd, ['shrink', 'grow', 'write', 'seal'])
  await sendDatagram(journalSocket, '', [file])
}
