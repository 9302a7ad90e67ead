import { runReadmeExample } from '@shellflip/testing'
import { expect, test } from 'vitest'

test('the example of the README runs a command, explains a mistake, and writes a manual page', async () => {
  expect(await runReadmeExample(import.meta.url)).toBe(
    "waits for 5 ms\nunknown option '--four'. Did you mean --for? (see app wait --help)\n[ 'app.1', 'app-wait.1' ]\n",
  )
})
