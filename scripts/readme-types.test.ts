import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { expect, test } from 'vitest'

const root = new URL('..', import.meta.url).pathname

const workspaceFolders = ['packages', 'examples'].flatMap((folder) =>
  readdirSync(join(root, folder)).map((name) => join(root, folder, name)),
)

/** Every folder with documents. */
const folders = [root, join(root, 'docs'), join(root, 'docs/decisions'), ...workspaceFolders]

/** Where a user writes an example: beside its document. By path of the program, its text. */
function examplePrograms(): Map<string, string> {
  const documents = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.md'))
      .map((file) => join(folder, file)),
  )
  return new Map(documents.flatMap(examplesOf))
}

/** The lines of the program are those of the document, so that an error names its place. */
function examplesOf(document: string): [string, string][] {
  const text = readFileSync(document, 'utf8')
  return [...text.matchAll(/^```(ts|js)\n(.*?)^```$/gms)].map(({ 0: block, 1: language, 2: code, index }) => {
    const line = text.slice(0, index).split('\n').length
    return [`${document}.${line}.${language}`, '\n'.repeat(line) + (code ?? block)]
  })
}

const options: ts.CompilerOptions = {
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts', 'lib.esnext.disposable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleDetection: ts.ModuleDetectionKind.Force,
  allowImportingTsExtensions: true,
  allowJs: true,
  checkJs: true,
  noImplicitAny: false,
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
}

/** Reads examples as if they were files, and finds a package wherever one of the workspace has it. */
function hostOf(programs: ReadonlyMap<string, string>): ts.CompilerHost {
  const host = ts.createCompilerHost(options)
  const resolve = (name: string, from: string, mode: ts.ResolutionMode) =>
    ts.resolveModuleName(name, from, options, host, undefined, undefined, mode).resolvedModule
  return {
    ...host,
    fileExists: (path) => programs.has(path) || host.fileExists(path),
    readFile: (path) => programs.get(path) ?? host.readFile(path),
    getSourceFile: (path, languageVersion, ...rest) => {
      const text = programs.get(path)
      if (text === undefined) return host.getSourceFile(path, languageVersion, ...rest)
      return ts.createSourceFile(path, text, languageVersion)
    },
    resolveModuleNameLiterals: (literals, from, _, __, file) =>
      literals.map((literal) => {
        const mode = ts.getModeForUsageLocation(file, literal, options)
        // An example may stand for a file in src/.
        const places = [
          from,
          join(dirname(from), 'src/example.ts'),
          ...workspaceFolders.map((folder) => join(folder, 'package.json')),
        ]
        const usable = programs.has(from) ? places : [from]
        const found = usable.map((place) => resolve(literal.text, place, mode)).find(Boolean)
        return { resolvedModule: found }
      }),
  }
}

/** A js example is often a part of a program: it uses names of the part that is not shown. */
const notShown = new Set([
  2304, // cannot find the name
  2307, // cannot find the module
  2722, // may be undefined: what Windows does not have
  18004, // no value for a shorthand property
])

function isMistake({ code, file, messageText }: ts.Diagnostic): boolean {
  const isOfOurs = /module '(@shellflip\/|shellflip|procroll)/.test(String(messageText))
  return !(file?.fileName.endsWith('.js') && notShown.has(code)) || isOfOurs
}

// The compiler takes some seconds.
test('every ts and js example of the documents compiles under --strict', { timeout: 120_000 }, () => {
  const programs = examplePrograms()
  expect([...programs.keys()].map((path) => relative(root, path))).toContainEqual(
    expect.stringMatching(/^README\.md/),
  )
  const program = ts.createProgram([...programs.keys()], options, hostOf(programs))
  const mistakes = ts
    .getPreEmitDiagnostics(program)
    .filter(isMistake)
    .map((diagnostic) => {
      const { file, start = 0 } = diagnostic
      const line = (file?.getLineAndCharacterOfPosition(start).line ?? 0) + 1
      const place = file && relative(root, file.fileName).replace(/\.\d+\.[jt]s$/, '')
      return `${place}:${line}: ${ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')}`
    })
  expect(mistakes).toEqual([])
})
