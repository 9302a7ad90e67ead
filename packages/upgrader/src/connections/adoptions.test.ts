import { setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Adoptions } from './adoptions.ts'

/** Takes longer than one turn may. */
function slowly(): void {
  const endsAt = performance.now() + 3
  while (performance.now() < endsAt);
}

test('slow adoptions let the event loop turn in between, and keep their order', async () => {
  const happened: string[] = []
  const adoptions = new Adoptions()
  for (const name of ['a', 'b', 'c']) {
    adoptions.add(() => {
      slowly()
      happened.push(name)
    })
  }
  expect(happened).toEqual([])
  while (happened.at(-1) !== 'c') {
    await turn()
    happened.push('turn')
    if (happened.length > 20) break
  }
  expect(happened.filter((each) => each !== 'turn')).toEqual(['a', 'b', 'c'])
  expect(happened.indexOf('turn')).toBeLessThan(happened.indexOf('b'))
})

test('a process that is behind has no room until it has adopted everything', async () => {
  const adopted: number[] = []
  const adoptions = new Adoptions()
  await adoptions.room()
  for (let n = 0; n < 3; n++) {
    adoptions.add(() => {
      slowly()
      adopted.push(n)
    })
  }
  await turn()
  expect(adopted).toHaveLength(1)
  await adoptions.room()
  expect(adopted).toEqual([0, 1, 2])
})
