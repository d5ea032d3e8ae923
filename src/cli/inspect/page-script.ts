/** What moves on the page: the tooltip, which SSTables overlap the one pointed at, and the panel of the one chosen. */
export const pageScript = `'use strict'
const tip = document.getElementById('tip')
const place = (x, y) => {
  const { width, height } = tip.getBoundingClientRect()
  tip.style.left = Math.max(8, Math.min(x + 14, innerWidth - width - 8)) + 'px'
  tip.style.top = (y + 18 + height > innerHeight ? Math.max(8, y - height - 12) : y + 18) + 'px'
}
const show = (element, x, y) => {
  tip.innerHTML = element.dataset.tip
  tip.hidden = false
  place(x, y)
}
const mark = (element) => {
  const figure = element.closest('.levels')
  const from = Number(element.dataset.from)
  const to = Number(element.dataset.to)
  figure.classList.add('marking')
  for (const other of figure.querySelectorAll('.sstable')) {
    const meets = Number(other.dataset.from) < to && from < Number(other.dataset.to)
    other.classList.toggle('meets', meets || other === element)
  }
}
const unmark = () => {
  for (const figure of document.querySelectorAll('.marking')) figure.classList.remove('marking')
}
document.addEventListener('pointerover', ({ target, clientX, clientY }) => {
  const element = target.closest('[data-tip]')
  tip.hidden = element === null
  unmark()
  if (element === null) return
  show(element, clientX, clientY)
  if (element.matches('.sstable')) mark(element)
})
document.addEventListener('pointermove', ({ clientX, clientY }) => {
  if (!tip.hidden) place(clientX, clientY)
})
document.addEventListener('focusin', ({ target }) => {
  if (!target.matches('.sstable:focus-visible')) return
  const { left, bottom } = target.getBoundingClientRect()
  show(target, left, bottom)
  mark(target)
})
document.addEventListener('focusout', () => {
  tip.hidden = true
  unmark()
})
document.addEventListener('keydown', ({ key }) => {
  if (key === 'Escape') tip.hidden = true
})
const choose = (element) => {
  const section = element.closest('.table')
  for (const other of section.querySelectorAll('.sstable')) other.setAttribute('aria-pressed', String(other === element))
  for (const panel of section.querySelectorAll('.panels > .panel')) panel.hidden = panel.id !== element.dataset.panel
}
document.addEventListener('click', ({ target }) => {
  const element = target.closest('.sstable')
  if (element !== null) choose(element)
})
for (const section of document.querySelectorAll('.table')) {
  const all = [...section.querySelectorAll('.sstable')]
  const width = (element) => Number(element.dataset.to) - Number(element.dataset.from)
  const widest = all.sort((a, b) => width(b) - width(a))[0]
  if (widest !== undefined) choose(widest)
}
`
