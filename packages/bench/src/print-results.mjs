// Writes docs/benchmarks.md, the table of the README, and the plots from packages/bench/results/results.json. With --check it
// writes nothing, and fails where one of them is not current.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { aggregate } from './report/aggregate.mjs'
import { benchmarksDocument } from './report/document.mjs'
import { headline } from './report/headline.mjs'
import { between } from './report/marks.mjs'
import { resultFiles } from './report/result-files.mjs'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const folder = 'packages/bench/results'
const results = JSON.parse(readFileSync(`${root}${folder}/results.json`, 'utf8'))
const readme = readFileSync(`${root}README.md`, 'utf8')

const files = {
  'docs/benchmarks.md': benchmarksDocument(results),
  'README.md': between(readme, 'benchmarks', headline({ aggregated: aggregate(results), ...results })),
  ...Object.fromEntries(
    Object.entries(resultFiles(results)).map(([name, text]) => [`${folder}/${name}`, text]),
  ),
}

for (const [path, text] of Object.entries(files)) {
  if (existsSync(root + path) && readFileSync(root + path, 'utf8') === text) continue
  if (process.argv.includes('--check')) {
    console.error(`${path} is not current: run npm run benchmarks`)
    process.exitCode = 1
  } else writeFileSync(root + path, text)
}
