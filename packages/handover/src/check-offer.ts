import { types } from 'node:util'
import { OwnedFd } from '@shellflip/fd-passing'
import { type OptionTypes, show } from '@shellflip/internal'
import { checkOptions } from './check-options.ts'
import type { GivenConnection } from './connection-giver.ts'
import { HandoverError } from './handover-error.ts'
import type { HandoverOffer, OfferedFd } from './offer.ts'

const offerTypes: OptionTypes<keyof HandoverOffer> = {
  version: 'string',
  sockets: 'any',
  state: 'object',
  lock: 'any',
}

const socketTypes: OptionTypes<keyof OfferedFd> = { name: 'string', fd: 'any', file: 'string' }

const connectionTypes: OptionTypes<keyof GivenConnection> = { name: 'string', fd: 'any', data: 'any' }

/** Finds values that could not be given, and would fail during the handover. @throws {HandoverError} ERR_INVALID_ARGUMENT */
export function checkOffer(offer: HandoverOffer<never>): void {
  const what = 'the offer of giveHandover()'
  checkOptions(what, offer, offerTypes)
  const { version, sockets, state, lock } = offer
  checkText(`${what}: version`, version)
  checkList(`${what}: sockets`, sockets)
  for (const [index, socket] of sockets.entries()) {
    const which = `sockets[${index}] of ${what}`
    checkOptions(which, socket, socketTypes)
    checkText(`${which}: name`, socket.name)
    checkFd(which, socket.fd)
  }
  if (lock !== undefined) checkFd(`${what}: lock`, lock)
  if (state !== undefined) checkState(state)
}

/** @throws {HandoverError} ERR_INVALID_ARGUMENT */
export function checkConnection(connection: GivenConnection): void {
  checkOptions('give()', connection, connectionTypes)
  const { name, fd, data } = connection
  checkText('give(): name', name)
  checkFd('give()', fd)
  if (data === undefined || types.isUint8Array(data)) return
  throw wrong(`give(): data must be a Buffer, not ${show(data)}.`)
}

/** Checks the states that a successor understands. @throws {HandoverError} ERR_INVALID_ARGUMENT */
export function checkStates(states: unknown): void {
  checkList('takeOver(): states', states)
  for (const state of states) checkDefinition('takeOver(): states', state)
}

function checkState(state: object): void {
  const { definition } = state as { definition?: unknown }
  checkDefinition('the state of giveHandover()', definition)
  const name = (definition as { form?: unknown }).form === 'items' ? 'items' : 'value'
  // The value is not read here, because a getter must return what is current when the successor has said hello.
  const others = Object.keys(state).filter((key) => key !== name && key !== 'definition')
  if (others.length === 0 && name in state) return
  throw wrong(`the state of giveHandover() takes definition and ${name}, as the definition says.`)
}

function checkDefinition(what: string, definition: unknown): void {
  const { name, version, form, encodeTo } = Object(definition) as Record<string, unknown>
  const isEncoder = form === 'items' || typeof encodeTo === 'function'
  if (typeof name === 'string' && Number.isInteger(version) && isEncoder) return
  throw wrong(`${what} must be what defineState() or defineStateStream() returns, not ${show(definition)}.`)
}

function checkText(what: string, value: unknown): void {
  if (typeof value !== 'string') throw wrong(`${what} must be a string, not ${show(value)}.`)
}

function checkList(what: string, value: unknown): asserts value is readonly unknown[] {
  if (!Array.isArray(value)) throw wrong(`${what} must be an array, not ${show(value)}.`)
}

function checkFd(what: string, fd: unknown): void {
  if (fd instanceof OwnedFd) return
  const hint = typeof fd === 'number' ? ` Wrap a number by new OwnedFd(${fd}).` : ''
  throw wrong(`${what} must have an OwnedFd of @shellflip/fd-passing, not ${show(fd)}.${hint}`)
}

function wrong(message: string): HandoverError {
  return new HandoverError('ERR_INVALID_ARGUMENT', message)
}
