// Writes the state tables of the code into docs/architecture.md, as diagrams and tables, between the marks
// that name a package. With --check it writes nothing, and fails where the document is not current.
import { readFileSync, writeFileSync } from 'node:fs'
import ts from 'typescript'
import { root } from './public-packages.mjs'

const path = `${root}/docs/architecture.md`
const before = readFileSync(path, 'utf8')
const tables = {
  generation: (await load('generation/src/state-table.ts')).generationTable,
  'rolling-supervisor': (await load('rolling-supervisor/src/state-table.ts')).supervisorTable,
  shellflip: (await load('upgrader/src/flip-table.ts')).flipTable,
  handover: (await load('handover/src/channel-table.ts')).channelTable,
  launcher: (await load('launcher/src/parent/launcher-table.ts')).launcherTable,
}
const after = Object.entries(tables).reduce(fill, before)

if (!process.argv.includes('--check')) writeFileSync(path, after)
else if (after !== before) {
  console.error('docs/architecture.md is not current: run npm run state-tables')
  process.exitCode = 1
}

/** The tables stand alone: such a file imports only types, so that it runs as soon as they are gone. */
async function load(file) {
  const source = readFileSync(`${root}/packages/${file}`, 'utf8')
  const { outputText } = ts.transpileModule(source, { compilerOptions: { module: ts.ModuleKind.ESNext } })
  return import(`data:text/javascript,${encodeURIComponent(outputText)}`)
}

function fill(text, [name, table]) {
  const [start, end] = [`<!-- state table: ${name} -->`, `<!-- end of ${name} -->`]
  const [from, to] = [text.indexOf(start), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/architecture.md has no place for it: ${start} … ${end}`)
  return `${text.slice(0, from + start.length)}\n\n${diagram(table)}\n\n${grid(table)}\n\n${text.slice(to)}`
}

function diagram(table) {
  const id = (state) => state.replaceAll('-', '_')
  const names = Object.keys(table).filter((state) => id(state) !== state)
  const moves = Object.entries(table).flatMap(([state, answers]) =>
    Object.keys(table)
      .filter((to) => to !== state)
      .map((to) => ({ state, to, triggers: Object.keys(answers).filter((name) => answers[name].to === to) }))
      .filter(({ triggers }) => triggers.length > 0),
  )
  return [
    '```mermaid',
    'stateDiagram-v2',
    ...names.map((state) => `    state "${state}" as ${id(state)}`),
    `    [*] --> ${id(Object.keys(table)[0])}`,
    ...moves.map(({ state, to, triggers }) => `    ${id(state)} --> ${id(to)}: ${triggers.join(', ')}`),
    '```',
  ].join('\n')
}

/** One row a state, one column a trigger, each cell the next state and what is done. */
function grid(table) {
  const triggers = [...new Set(Object.values(table).flatMap((answers) => Object.keys(answers)))]
  const row = (cells) => `| ${cells.join(' | ')} |`
  return [
    row(['', ...triggers.map((trigger) => `\`${trigger}\``)]),
    row(['---', ...triggers.map(() => '---')]),
    ...Object.entries(table).map(([state, answers]) =>
      row([`**${state}**`, ...triggers.map((trigger) => cell(state, answers[trigger]))]),
    ),
  ].join('\n')
}

function cell(state, step) {
  if (step === undefined) return ''
  if ('refuse' in step) return `refused: ${step.refuse}`
  const next = step.to === state ? 'stays' : step.to
  return step.action === undefined ? next : `${next}, *${step.action}*`
}
