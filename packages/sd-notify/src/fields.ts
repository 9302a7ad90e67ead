import { constants } from 'node:os'
import { lateExpression } from '@shellflip/internal'
import type { NotifyMessage } from './message.ts'
import { cutUtf8 } from './utf8.ts'

/** Encodes and decodes one property of a message. A value that `decode` refuses may not be sent either. */
export type Field<Value> = {
  key: string
  /** Says which values are allowed, for the error of a caller who passed another one. */
  rule: string
  decode(text: string): Value | undefined
  encode(value: Value): string | undefined
}

type Fields = {
  [Name in Exclude<keyof NotifyMessage, 'custom' | 'unknown'>]-?: Field<NonNullable<NotifyMessage[Name]>>
}

const largestUint64 = 2n ** 64n - 1n

/** systemd's STATUS_TEXT_MAX. */
const maxStatusBytes = 16 * 1024

/** So that a status never makes a message too long for the 4 KiB that systemd before v256 reads. */
const maxSentStatusBytes = 2 * 1024

/** A key of the service's own. */
export const customKey = /^X_[!-<>-~]{1,253}$/

/** A key as all those of sd_notify(3) are. */
export const futureKey = /^(?!X_)[A-Z][A-Z0-9_]{0,254}$/

/** Every key of sd_notify(3), in the order in which they are sent. */
export const fields: Fields = {
  ready: flag('READY'),
  reloading: flag('RELOADING'),
  stopping: flag('STOPPING'),
  monotonicUsec: uint64('MONOTONIC_USEC'),
  mainPid: integer('MAINPID', 1, 2 ** 31 - 1),
  mainPidFd: flag('MAINPIDFD'),
  mainPidFdId: uint64('MAINPIDFDID'),
  watchdog: {
    key: 'WATCHDOG',
    rule: "'ping' or 'trigger'",
    decode: (text) => (text === '1' ? 'ping' : text === 'trigger' ? 'trigger' : undefined),
    encode: (value) => (value === 'ping' ? '1' : value),
  },
  watchdogUsec: microseconds('WATCHDOG_USEC'),
  extendTimeoutUsec: microseconds('EXTEND_TIMEOUT_USEC'),
  notifyAccess: {
    key: 'NOTIFYACCESS',
    rule: "'none', 'main', 'exec' or 'all'",
    decode: (text) =>
      text === 'none' || text === 'main' || text === 'exec' || text === 'all' ? text : undefined,
    encode: ifString,
  },
  errno: { ...integer('ERRNO', 0, 4095), decode: decodeErrno },
  busError: text('BUSERROR', /^[ -~]{1,255}$/, '1 to 255 printable ASCII characters'),
  varlinkError: text('VARLINKERROR', /^[ -~]{1,255}$/, '1 to 255 printable ASCII characters'),
  exitStatus: integer('EXIT_STATUS', 0, 255),
  restartReset: flag('RESTART_RESET'),
  fdStore: flag('FDSTORE'),
  fdStoreRemove: flag('FDSTOREREMOVE'),
  fdName: text('FDNAME', /^[ -9;-~]{1,255}$/, "1 to 255 printable ASCII characters without ':'"),
  fdPoll: {
    key: 'FDPOLL',
    rule: 'false',
    decode: (text) => (text === '0' ? false : undefined),
    encode: (value) => (value === false ? '0' : undefined),
  },
  barrier: flag('BARRIER'),
  status: {
    key: 'STATUS',
    rule: 'a string',
    decode: (text) => cutUtf8(oneLine(text), maxStatusBytes),
    encode: (value) => (typeof value === 'string' ? cutUtf8(oneLine(value), maxSentStatusBytes) : undefined),
  },
}

function flag(key: string): Field<true> {
  return {
    key,
    rule: 'true or left out',
    decode: (text) => (text === '1' ? true : undefined),
    encode: (value) => (value === true ? '1' : undefined),
  }
}

function integer(key: string, least: number, most: number): Field<number> {
  return {
    key,
    rule: `a whole number from ${least} to ${most}`,
    decode: (text) => {
      const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
      return value >= least && value <= most ? value : undefined
    },
    encode: (value) => (typeof value === 'number' ? String(value) : undefined),
  }
}

function uint64(key: string): Field<bigint> {
  const encode = (value: bigint) => (typeof value === 'bigint' ? String(value) : undefined)
  return { key, rule: 'a bigint from 0 to 2^64 - 1', decode: decodeUint64, encode }
}

/** systemd's "never" is 2^64 - 1: it and its like become the largest number that is exact here, 285 years. */
function microseconds(key: string): Field<number> {
  return {
    key,
    rule: 'a whole number of microseconds, at most 2^53 - 1',
    decode: (text) => {
      const value = decodeUint64(text)
      return value === undefined ? undefined : Math.min(Number(value), Number.MAX_SAFE_INTEGER)
    },
    encode: (value) => (Number.isSafeInteger(value) ? String(value) : undefined),
  }
}

function text(key: string, pattern: RegExp, rule: string): Field<string> {
  return { key, rule, decode: (text) => (pattern.test(text) ? text : undefined), encode: ifString }
}

/** JavaScript passes anything. A value of another type has a text too, such as "undefined". */
function ifString(value: string): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function decodeUint64(text: string): bigint | undefined {
  if (!/^\d{1,20}$/.test(text)) return undefined
  const value = BigInt(text)
  return value <= largestUint64 ? value : undefined
}

/** systemd's parse_errno() takes names as well. */
function decodeErrno(text: string): number | undefined {
  const named = new Map<string, number>(Object.entries(constants.errno)).get(text)
  return named ?? integer('ERRNO', 0, 4095).decode(text)
}

const control = lateExpression('[\\p{Cc}\\u2028\\u2029]', 'gu')

/** A newline would end the assignment. The reader's terminal would obey other control characters. */
function oneLine(text: string): string {
  return text.replace(control(), ' ')
}
