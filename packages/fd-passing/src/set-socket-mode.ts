import { chmodSync } from 'node:fs'
export function setSocketMode(path: string, mode: number): void {
  chmodSync(path, mode)
}
