import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { examplesFolder, repository } from './places.ts'

const docs = ['systemd.md', 'podman.md', 'recipes.md']
  .map((name) => readFileSync(join(repository, 'docs', name), 'utf8'))
  .join()

const units = readdirSync(examplesFolder).flatMap((example) =>
  readdirSync(join(examplesFolder, example))
    .filter((name) => /\.(service|socket)$/.test(name))
    .map((name) => [name, readFileSync(join(examplesFolder, example, name), 'utf8')] as const),
)

test.each(units)('docs/ show %s as it is in the examples', (name, text) => {
  expect(docs).toContain(`\`${name}\``)
  expect(docs).toContain(`\`\`\`ini\n${text}\`\`\`\n`)
})

test.each(['server.mjs', 'nginx.conf', 'haproxy.cfg', 'Caddyfile'])(
  'docs/ show %s as it is in examples/behind-a-proxy',
  (name) => {
    const text = readFileSync(join(examplesFolder, 'behind-a-proxy', name), 'utf8')
    expect(docs).toContain(`\n${text}\`\`\`\n`)
  },
)
