import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const readme = fileURLToPath(new URL('../../shellflip/README.md', import.meta.url))
/** Next to what a recipe imports. Node finds the frameworks from here, too. */
const folder = fileURLToPath(new URL('./fixtures/', import.meta.url))

/**
 * Writes the recipe for a framework as a program: its block in the README of shellflip, and the block that follows all of
 * them. The address and the control socket become the test's own, and the program says where it serves.
 *
 * @returns where it is
 */
export function writeRecipe(framework: string): string {
  const section = /^## Web frameworks\n(.*?)^## /ms.exec(readFileSync(readme, 'utf8'))?.[1] ?? ''
  const blocks = [...section.matchAll(/^```js\n(.*?)^```$/gms)].map(([, block = '']) => block)
  const [common = ''] = blocks.filter((block) => block.includes('shellflip('))
  const [own = ''] = blocks.filter((block) => block.startsWith(`// ${framework}\n`))
  if (common === '' || own === '') throw new Error(`${readme} has no recipe for ${framework}`)
  const program = `${folder}.recipe-${framework.toLowerCase()}-${process.pid}.mjs`
  writeFileSync(program, `${own}${adapted(common)}`)
  return program
}

function adapted(block: string): string {
  const changes: [string, string][] = [
    ["'/run/app/restart.sock'", 'process.env.CONTROL_SOCKET'],
    ['await flip.listen(server, { port: 8080 })', listening],
    ['await flip.ready()', "await flip.ready()\nconsole.log(process.pid, 'serves at', port)"],
  ]
  return changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the recipe does not say ${from}`)
    return text.replace(from, to)
  }, block)
}

const listening = "const { port } = await flip.listen(server, { name: 'http', host: '127.0.0.1', port: 0 })"
