import { join } from 'node:path'

/** From src/, and from dist/ as well. */
const ownPackage = join(import.meta.dirname, '..')

export const repository = join(ownPackage, '../..')

/** The scripts that make machines. */
export const machineFolder = join(ownPackage, 'machine')

/** The examples, whose units and services are installed in machines as they stand there. */
export const examplesFolder = join(repository, 'examples')
