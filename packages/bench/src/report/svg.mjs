// The parts that all plots share. Classes carry the colours, so that a plot follows the reader's light or dark scheme. The chart
// libraries that draw without a DOM are large, and set colours that no scheme can change. Bars and lines need none of them.

const light = {
  paper: '#ffffff',
  ink: '#1f2328',
  muted: '#59636e',
  grid: '#d8dee4',
  ours: '#0969da',
  peer: '#8c959f',
  base: '#c8d1da',
  bad: '#cf222e',
}
const dark = {
  paper: '#0d1117',
  ink: '#e6edf3',
  muted: '#9198a1',
  grid: '#30363d',
  ours: '#4493f8',
  peer: '#7d8590',
  base: '#3d444d',
  bad: '#f85149',
}

const rules = (colours) =>
  Object.entries(colours)
    .map(([name, colour]) => `.${name}{fill:${colour}}.${name}-line{stroke:${colour};fill:none}`)
    .join('')

const style = `text{font:12px system-ui,sans-serif}.title{font-size:14px;font-weight:600}.strong{font-weight:600}${rules(light)}@media(prefers-color-scheme:dark){${rules(dark)}}`

/** A whole plot with its title, which also describes it to a screen reader. */
export function svg({ width, height, title, content }) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeXml(title)}">
<style>${style}</style>
<rect class="paper" width="${width}" height="${height}" rx="6"/>
${text({ x: 16, y: 26, className: 'title ink', content: title })}
${content.join('\n')}
</svg>
`
}

export function text({ x, y, content, className = 'ink', anchor = 'start' }) {
  return `<text x="${round(x)}" y="${round(y)}" class="${className}" text-anchor="${anchor}">${escapeXml(String(content))}</text>`
}

export function rect({ x, y, width, height, className }) {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="2" class="${className}"/>`
}

export function line({ x1, y1, x2, y2, className = 'grid-line' }) {
  return `<path d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}" class="${className}"/>`
}

export function polyline({ points, className, dashed = false }) {
  const path = points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${round(x)} ${round(y)}`).join('')
  return `<path d="${path}" class="${className}" stroke-width="2"${dashed ? ' stroke-dasharray="5 4"' : ''}/>`
}

export function dot({ x, y, className }) {
  return `<circle cx="${round(x)}" cy="${round(y)}" r="3" class="${className}"/>`
}

function round(value) {
  return Math.round(value * 10) / 10
}

function escapeXml(content) {
  return content
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}
