// Reads the prose of Markdown: its sentences, without code, headings and markup.
import { fromMarkdown } from 'mdast-util-from-markdown'
import { gfmTableFromMarkdown } from 'mdast-util-gfm-table'
import { gfmTable } from 'micromark-extension-gfm-table'

/** Code counts as one word. A capital lets a sentence begin with it. */
const codeWord = 'Code'

/** Ends a sentence, unless an abbreviation does. */
const sentenceEnd = /(?<=[.!?…]["'”’)\]]*)(?<!\b(?:e\.g|i\.e|etc|cf|vs)\.)\s+/

/** The sentences of a text in order: `{ text, words, line, inTable }`. */
export function sentencesOf(markdown) {
  const tree = fromMarkdown(markdown, { extensions: [gfmTable()], mdastExtensions: [gfmTableFromMarkdown()] })
  return [...blocksOf(tree)].flatMap((block) => {
    const common = { line: block.position.start.line, inTable: block.type === 'tableCell' }
    return textOf(block)
      .replace(/\s+/g, ' ')
      .trim()
      .split(sentenceEnd)
      .map((text) => ({ text, words: wordsIn(text), ...common }))
      .filter(({ words }) => words > 0)
  })
}

function* blocksOf(node) {
  if (node.type === 'paragraph' || node.type === 'tableCell') yield node
  else for (const child of node.children ?? []) yield* blocksOf(child)
}

function textOf(node) {
  if (node.type === 'text') return node.value
  if (node.type === 'inlineCode') return codeWord
  if (node.type === 'break') return ' '
  return (node.children ?? []).map(textOf).join('')
}

function wordsIn(text) {
  return text.split(' ').filter((word) => /[\p{L}\p{N}]/u.test(word)).length
}
