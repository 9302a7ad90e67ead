import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const readme = fileURLToPath(new URL('../../shellflip/README.md', import.meta.url))
const applications = fileURLToPath(new URL('../../../docs/applications.md', import.meta.url))
/** Next to what a recipe imports. Node finds the frameworks from here, too. */
const folder = fileURLToPath(new URL('./testing/', import.meta.url))

/**
 * Writes the recipe for a framework as a program: its block in the README of shellflip, and the block that follows all of
 * them.
 *
 * @returns where it is
 */
export function writeRecipe(framework: string): string {
  const blocks = blocksOf(readme, 'Web frameworks')
  const [common = ''] = blocks.filter((block) => block.includes('shellflip('))
  const [own = ''] = blocks.filter((block) => block.startsWith(`// ${framework}\n`))
  if (common === '' || own === '') throw new Error(`${readme} has no recipe for ${framework}`)
  return write(framework, own + common)
}

/** Writes the recipe for an application, which is a whole program in docs/applications.md. Returns where it is. */
export function writeApplication(name: string): string {
  const [program] = blocksOf(applications, name)
  if (program === undefined) throw new Error(`${applications} has no recipe for ${name}`)
  return write(name, program)
}

function blocksOf(file: string, title: string): string[] {
  const [, section = ''] = readFileSync(file, 'utf8').split(`\n## ${title}\n`)
  const [own = ''] = section.split(/^## /m)
  return [...own.matchAll(/^```js\n(.*?)^```$/gms)].map(([, block = '']) => block)
}

/** The address and the control socket become the test's own, and the program says where it serves. */
function write(name: string, program: string): string {
  const file = `${folder}.recipe-${name.toLowerCase().replaceAll(' ', '-')}-${process.pid}.mjs`
  writeFileSync(file, adapted(program))
  return file
}

function adapted(program: string): string {
  const changes: [string, string][] = [
    ["'/run/app/restart.sock'", 'process.env.CONTROL_SOCKET'],
    [
      'await flip.listen(server, { port: 8080 }',
      "const { port } = await flip.listen(server, { name: 'main', host: '127.0.0.1', port: 0 }",
    ],
    ['await flip.ready()', "await flip.ready()\nconsole.log(process.pid, 'serves at', port)"],
  ]
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the recipe does not say ${from}`)
    return text.replace(from, to)
  }, program)
}
