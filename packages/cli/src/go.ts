export { formatDuration, parseDuration } from './go/duration.ts'
export {
  parseTemplate,
  renderTemplate,
  type Template,
  TemplateSyntaxError,
  type TemplateValues,
} from './go/template.ts'
