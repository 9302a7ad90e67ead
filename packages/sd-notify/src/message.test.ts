import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatMessage, maxDatagramBytes, type NotifyMessage, parseMessage, SdNotifyError } from './index.ts'

describe('parseMessage', () => {
  it.each<[string, NotifyMessage]>([
    ['READY=1', { ready: true }],
    ['READY=1\n', { ready: true }],
    ['READY=1\nMAINPID=42', { ready: true, mainPid: 42 }],
    ['MAINPID=42\nREADY=1', { ready: true, mainPid: 42 }],
    ['READY=1\nSTATUS=Serving\n', { ready: true, status: 'Serving' }],
    ['READY=1\r\nSTATUS=Serving\r\n', { ready: true, status: 'Serving' }],
    ['\n\nREADY=1\n\n', { ready: true }],
    ['READY=1\0', { ready: true }],
    ['STATUS=a=b = c', { status: 'a=b = c' }],
    ['STATUS=', { status: '' }],
    ['STATUS=läuft ✓', { status: 'läuft ✓' }],
    ['RELOADING=1\nMONOTONIC_USEC=18446744073709551615', { reloading: true, monotonicUsec: 2n ** 64n - 1n }],
    ['STOPPING=1', { stopping: true }],
    ['NOTIFYACCESS=exec', { notifyAccess: 'exec' }],
    [
      'ERRNO=2\nBUSERROR=org.example.Error\nEXIT_STATUS=3',
      { errno: 2, busError: 'org.example.Error', exitStatus: 3 },
    ],
    ['VARLINKERROR=org.example.Failed', { varlinkError: 'org.example.Failed' }],
    ['RESTART_RESET=1', { restartReset: true }],
    ['FUTURE_KEY2=a=b\nFUTURE_KEY2=c\nREADY=1', { ready: true, unknown: { FUTURE_KEY2: 'a=b' } }],
    ['ERRNO=ENOENT', { errno: 2 }],
    ['MAINPIDFD=1\nMAINPIDFDID=77', { mainPidFd: true, mainPidFdId: 77n }],
    ['WATCHDOG=1\nWATCHDOG_USEC=20000000', { watchdog: 'ping', watchdogUsec: 20_000_000 }],
    ['WATCHDOG=trigger', { watchdog: 'trigger' }],
    ['EXTEND_TIMEOUT_USEC=5000000', { extendTimeoutUsec: 5_000_000 }],
    ['EXTEND_TIMEOUT_USEC=18446744073709551615', { extendTimeoutUsec: Number.MAX_SAFE_INTEGER }],
    [
      'FDSTORE=1\nFDNAME=sf_mem_handover\nFDPOLL=0',
      { fdStore: true, fdName: 'sf_mem_handover', fdPoll: false },
    ],
    ['FDSTOREREMOVE=1\nFDNAME=db', { fdStoreRemove: true, fdName: 'db' }],
    ['BARRIER=1', { barrier: true }],
    ['X_COLOUR=red\nX_COLOUR=blue', { custom: { X_COLOUR: 'red' } }],
  ])('reads %j', (datagram, message) => {
    expect(parseMessage(datagram)).toEqual(message)
    expect(parseMessage(Buffer.from(datagram))).toEqual(message)
  })

  it.each([
    '',
    '\n',
    '=',
    '=1',
    'READY',
    'READY=0',
    'READY=true',
    'ready=1',
    ' READY=1',
    `XREADY=${'x'.repeat(4 * 1024 + 1)}`,
    'MAINPID=',
    'MAINPID=0',
    'MAINPID=-1',
    'MAINPID=4e3',
    'MAINPID=99999999999',
    'ERRNO=4096',
    'EXIT_STATUS=256',
    'BUSERROR=ä',
    'MONOTONIC_USEC=18446744073709551616',
    'WATCHDOG=0',
    'NOTIFYACCESS=some',
    'FDPOLL=1',
    'VARLINKERROR=ä',
    'RESTART_RESET=0',
    'lower=1',
    'FDNAME=a:b',
    `FDNAME=${'n'.repeat(256)}`,
    'X_=1',
    '__proto__=1\nconstructor=1\ntoString=1',
    'READY=1\0STATUS=hidden',
    'STATUS=hid\0den\nREADY=1',
  ])('finds nothing in case %#', (datagram) => {
    expect(parseMessage(datagram)).toEqual({})
  })

  it('takes the first well-formed value of a key, as systemd does', () => {
    expect(parseMessage('STATUS=one\nMAINPID=x\nSTATUS=two\nMAINPID=7\nMAINPID=8\nREADY=0\nREADY=1')).toEqual(
      {
        status: 'one',
        mainPid: 7,
        ready: true,
      },
    )
  })

  it('replaces what a terminal would obey', () => {
    expect(parseMessage('STATUS=\x1b[2Jgone\x9b!\u2028')).toEqual({ status: ' [2Jgone ! ' })
  })

  it('bounds what it keeps', () => {
    const status = `${'x'.repeat(16 * 1024 - 1)}äää`
    expect(parseMessage(`STATUS=${status}\nREADY=1`)).toEqual({
      status: 'x'.repeat(16 * 1024 - 1),
      ready: true,
    })
    const keys = Array.from({ length: 1000 }, (_, index) => `X_${index}=1`).join('\n')
    expect(Object.keys(parseMessage(keys).custom ?? {})).toHaveLength(64)
    const unknown = parseMessage(keys.replaceAll('X_', 'K')).unknown
    expect(Object.keys(unknown ?? {})).toHaveLength(64)
    const longest = 'READY=1\n'.padEnd(maxDatagramBytes, '=')
    expect(parseMessage(longest)).toEqual({ ready: true })
    expect(parseMessage(`${longest}=`)).toEqual({})
  })

  // On a busy machine this takes longer. The limit is only for a test that does not end.
  it('never throws and keeps little, whatever the bytes', { timeout: 120_000 }, () => {
    const line = fc
      .tuple(
        fc.oneof(fc.constantFrom('STATUS', 'MAINPID', 'FDNAME', 'X_A', 'ERRNO', '__proto__'), fc.string()),
        fc.constantFrom('=', '', '=='),
        fc.oneof(fc.string({ unit: 'binary' }), fc.bigInt().map(String)),
      )
      .map((parts) => Buffer.from(parts.join('')))
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 4096 }),
      fc.array(line).map((lines) => Buffer.concat(lines.flatMap((each) => [each, Buffer.from('\n')]))),
    )
    fc.assert(
      fc.property(anything, (bytes) => {
        const message = parseMessage(bytes)
        expect(Object.getPrototypeOf(message)).toBe(Object.prototype)
        expect(Object.keys(message.custom ?? {}).every((key) => key.startsWith('X_'))).toBe(true)
        // Whatever was understood can be said again.
        expect(parseMessage(formatMessage(message))).toEqual(message)
      }),
      { numRuns: 2000 },
    )
    expect(Object.keys(Object.prototype)).toEqual([])
  })
})

describe('formatMessage', () => {
  it('writes one assignment a line', () => {
    expect(formatMessage({ status: 'Serving', ready: true, mainPid: 42 })).toBe(
      'READY=1\nMAINPID=42\nSTATUS=Serving',
    )
    expect(formatMessage({ fdStore: true, fdName: 'db', fdPoll: false })).toBe(
      'FDSTORE=1\nFDNAME=db\nFDPOLL=0',
    )
    expect(formatMessage({ watchdog: 'ping', custom: { X_A: 'b' } })).toBe('WATCHDOG=1\nX_A=b')
    expect(formatMessage({})).toBe('')
  })

  it('makes one short line of a status', () => {
    expect(formatMessage({ status: 'two\nlines\r\x1b' })).toBe('STATUS=two lines  ')
    expect(formatMessage({ status: `${'x'.repeat(2047)}€` })).toBe(`STATUS=${'x'.repeat(2047)}`)
  })

  it.each<[string, unknown]>([
    ['mainPid', Number.NaN],
    ['mainPid', 1.5],
    ['mainPid', 0],
    ['extendTimeoutUsec', -1],
    ['extendTimeoutUsec', 2 ** 53],
    ['watchdogUsec', Number.POSITIVE_INFINITY],
    ['monotonicUsec', -1n],
    ['errno', 5000],
    ['exitStatus', 256],
    ['fdName', ''],
    ['fdName', 'a:b'],
    ['fdName', 'a\nREADY=1'],
    ['fdName', 'n'.repeat(256)],
    ['busError', 'a\nb'],
    ['status', 7],
    ['ready', false],
    ['fdPoll', true],
    ['watchdog', 'no'],
    ['notifyAccess', 'NONE'],
    ['custom', { COLOUR: 'red' }],
    ['custom', { 'X_A=B': 'red' }],
    ['custom', { X_A: 'red\nREADY=1' }],
    ['custom', { X_A: 'x'.repeat(maxDatagramBytes) }],
    ['unknown', { READY: '1' }],
    ['unknown', { X_A: '1' }],
    ['unknown', { lower: '1' }],
    ['unknown', { FUTURE: 'a\nREADY=1' }],
  ])('refuses a bad %s (case %#)', (property, value) => {
    const attempt = () => formatMessage({ [property]: value } as NotifyMessage)
    expect(attempt).toThrow(SdNotifyError)
    expect(attempt).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })

  it('is undone by parseMessage', () => {
    const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
    const microseconds = fc.nat({ max: Number.MAX_SAFE_INTEGER })
    const message = fc.record(
      {
        ready: fc.constant(true),
        reloading: fc.constant(true),
        stopping: fc.constant(true),
        monotonicUsec: uint64,
        status: fc.string({ maxLength: 200 }),
        errno: fc.integer({ min: 0, max: 4095 }),
        busError: fc.stringMatching(/^[ -~]{1,255}$/),
        varlinkError: fc.stringMatching(/^[ -~]{1,255}$/),
        exitStatus: fc.integer({ min: 0, max: 255 }),
        restartReset: fc.constant(true),
        mainPid: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
        watchdog: fc.constantFrom('ping', 'trigger'),
        watchdogUsec: microseconds,
        extendTimeoutUsec: microseconds,
        notifyAccess: fc.constantFrom('none', 'main', 'exec', 'all'),
        fdStore: fc.constant(true),
        fdStoreRemove: fc.constant(true),
        fdName: fc.stringMatching(/^[ -9;-~]{1,255}$/),
        fdPoll: fc.constant(false),
        barrier: fc.constant(true),
        mainPidFd: fc.constant(true),
        mainPidFdId: uint64,
        custom: fc.dictionary(
          fc.stringMatching(/^X_[A-Z0-9_]{1,20}$/),
          fc.string().filter((text) => !/[\n\r\0]/.test(text)),
          { minKeys: 1, maxKeys: 10, noNullPrototype: true },
        ),
        unknown: fc.dictionary(
          fc.stringMatching(/^FUTURE_[A-Z0-9_]{1,20}$/),
          fc.string().filter((text) => !/[\n\r\0]/.test(text)),
          { minKeys: 1, maxKeys: 10, noNullPrototype: true },
        ),
      },
      { requiredKeys: [], noNullPrototype: true },
    ) as fc.Arbitrary<NotifyMessage>
    fc.assert(
      fc.property(message, (given) => {
        expect(parseMessage(formatMessage(given))).toEqual(given)
      }),
      { numRuns: 1000 },
    )
  })
})
