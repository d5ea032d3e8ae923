// HTML as a value: whatever is put into a template is text, unless it is HTML itself. So no name or key that somebody
// stored can become markup.

/** Markup that is safe to be put into a page. Made by `html` and `raw`. */
export class Html {
  readonly markup: string

  constructor(markup: string) {
    this.markup = markup
  }
}

type Part = Html | string | number | undefined | readonly Part[]

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function markupOf(part: Part): string {
  if (part === undefined) return ''
  if (part instanceof Html) return part.markup
  if (typeof part === 'object') return part.map(markupOf).join('')
  return String(part).replace(/[&<>"']/g, (character) => entities[character] ?? '')
}

/** A template whose holes are escaped. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return new Html(strings.map((string, i) => string + markupOf(parts[i])).join(''))
}

/** Markup from this program's own source. */
export function raw(markup: string): Html {
  return new Html(markup)
}
