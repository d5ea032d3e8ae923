// Holds the page of `marquetry inspect --html` to what it promises, in headless Chromium: npm run test:browser
// With --picture it also draws docs/inspector.png anew.

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { chromium } from 'playwright-core'
import { makeSample } from './sample.mjs'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
const bin = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const picture = fileURLToPath(new URL('../../docs/inspector.png', import.meta.url))

if (!existsSync(executablePath)) {
  console.error(
    `test:browser needs Chromium at ${executablePath}: apt-get install chromium, or set CHROMIUM to its path`,
  )
  process.exit(1)
}

const directory = mkdtempSync(join(tmpdir(), 'marquetry-browser-'))
const database = join(directory, 'flights-db')
const marquetry = (...args) =>
  execFileSync(process.execPath, [bin, ...args], { encoding: 'utf8', cwd: directory })

/** Opens a page of ours and remembers everything that it should not do. */
async function openPage(browser, path, colorScheme) {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1280, height: 1000 } })
  const wrong = []
  page.on('console', (message) => wrong.push(`console: ${message.text()}`))
  page.on('pageerror', (error) => wrong.push(`error: ${error.message}`))
  page.on('request', (request) => {
    const asked = request.url()
    if (asked !== pathToFileURL(path).href && !asked.startsWith('data:')) wrong.push(`request: ${asked}`)
  })
  await page.goto(pathToFileURL(path).href)
  return { page, wrong }
}

const boxOf = async (locator) => {
  const box = await locator.boundingBox()
  assert(box !== null, 'it is drawn')
  return box
}

const checks = {
  async 'draws every SSTable in its level, as wide as its share of the keys'({ page }, facts) {
    const [table] = facts.tables
    assert(table.levels.length >= 3, 'the sample has three levels')
    assert.equal(await page.locator('.lane.level').count(), table.levels.length)
    assert.equal(await page.locator('.sstable').count(), table.sstables.length)
    const track = await boxOf(page.locator('.lane.level .track').first())
    for (const sstable of table.sstables) {
      const box = await boxOf(page.locator(`[data-panel="t0-p${sstable.number}"]`))
      assert(
        Math.abs(box.x - track.x - sstable.from * track.width) < 2,
        `${sstable.number} begins where its keys do`,
      )
      assert(Math.abs(box.width - Math.max(3, (sstable.to - sstable.from) * track.width)) < 2, 'and is as wide')
    }
  },

  async 'marks tombstones'({ page }, facts) {
    const dead = facts.tables[0].sstables.filter(({ tombstones }) => tombstones > 0).length
    assert(dead > 0)
    assert.equal(await page.locator('.sstable .dead').count(), dead)
  },

  async 'tells of an SSTable under the pointer and marks what it overlaps'({ page }, facts) {
    const { sstables } = facts.tables[0]
    const chosen = sstables.find(({ level }) => level === 0)
    assert(await page.locator('#tip').isHidden())
    await page.locator(`[data-panel="t0-p${chosen.number}"]`).hover()
    const tip = await page.locator('#tip').textContent()
    for (const text of [String(chosen.number).padStart(6, '0'), chosen.minKey[0], chosen.maxKey[1], 'filter'])
      assert(tip.includes(text), `the tooltip says ${text}: ${tip}`)
    const meeting = sstables.filter(({ from, to }) => from < chosen.to && chosen.from < to).length
    assert.equal(await page.locator('.marking .sstable.meets').count(), meeting)
    await page.mouse.move(2, 2)
    assert(await page.locator('#tip').isHidden())
    assert.equal(await page.locator('.marking').count(), 0)
  },

  async 'opens the inside of the SSTable that is clicked'({ page }, facts) {
    const chosen = facts.tables[0].sstables.at(-1)
    await page.locator(`[data-panel="t0-p${chosen.number}"]`).click()
    const panel = page.locator('.panel:visible')
    assert.equal(await panel.count(), 1)
    assert((await panel.textContent()).includes(String(chosen.number).padStart(6, '0')))
    assert.equal(await panel.locator('.bar').count(), chosen.file.rowGroups.length)
    assert.equal(await panel.locator('tbody tr').count(), chosen.file.columns.length)
    await panel.locator('.bar > span').first().hover()
    assert((await page.locator('#tip').textContent()).includes('DELTA_BINARY_PACKED'))
  },

  async 'fits its window, also a small one'({ page }) {
    for (const width of [1280, 420]) {
      await page.setViewportSize({ width, height: 1000 })
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      assert(overflow <= 0, `nothing sticks out at ${width}: ${overflow}`)
    }
    await page.setViewportSize({ width: 1280, height: 1000 })
  },
}

/** How bright a computed colour is, from 0 to 255. */
const brightness = (color) => Math.max(...color.match(/\d+/g).slice(0, 3).map(Number))

async function checkDark({ page }) {
  const [paper, ink] = await page.evaluate(
    '(({ backgroundColor, color }) => [backgroundColor, color])(getComputedStyle(document.body))',
  )
  assert(brightness(paper) < 60 && brightness(ink) > 180, `dark paper (${paper}), light ink (${ink})`)
}

async function checkHostile(browser) {
  const name = '<img src=x onerror=alert(1)>'
  execFileSync(process.execPath, [bin, 'put', database.replace('flights', 'hostile'), 'kv', name, '</script>'])
  marquetry('inspect', 'hostile-db', '--html', 'hostile.html')
  const { page, wrong } = await openPage(browser, join(directory, 'hostile.html'), 'light')
  await page.locator('.sstable').hover()
  assert((await page.locator('#tip').textContent()).includes(name), 'a key is shown as what it is')
  assert.equal(await page.locator('img').count(), 0)
  assert.deepEqual(wrong, [])
}

let failed = 0
async function check(name, step) {
  try {
    await step()
    console.log(`ok      ${name}`)
  } catch (error) {
    failed++
    console.log(`failed  ${name}\n${error.stack}`)
  }
}

try {
  await makeSample(database)
  const facts = JSON.parse(marquetry('inspect', 'flights-db', '--json'))
  marquetry('inspect', 'flights-db', '--html', 'page.html')
  marquetry('inspect', facts.tables[0].sstables[0].file.path, '--html', 'file.html')
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
      '--disable-background-networking', '--disable-component-update', '--disable-sync',
    ], // biome-ignore format: a list
  })
  const light = await openPage(browser, join(directory, 'page.html'), 'light')
  for (const [name, step] of Object.entries(checks)) await check(name, () => step(light, facts))
  const dark = await openPage(browser, join(directory, 'page.html'), 'dark')
  await check('is dark where the system is', () => checkDark(dark))
  const file = await openPage(browser, join(directory, 'file.html'), 'light')
  await check('draws a single Parquet file', async () => {
    assert.equal(
      await file.page.locator('.panel:visible .bar').count(),
      facts.tables[0].sstables[0].file.rowGroups.length,
    )
  })
  await check('shows what people have stored as text, never as markup', () => checkHostile(browser))
  await check('says nothing on the console and asks the network for nothing', async () => {
    assert.deepEqual([...light.wrong, ...dark.wrong, ...file.wrong], [])
  })
  if (process.argv.includes('--picture')) await takePicture(browser)
  await browser.close()
} finally {
  rmSync(directory, { recursive: true, force: true })
}
console.log(failed === 0 ? 'The page does what it promises.' : `${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

/** The page by day, an SSTable of level 0 under the pointer. */
async function takePicture(browser) {
  const { page } = await openPage(browser, join(directory, 'page.html'), 'light')
  await page
    .locator('.lane.level')
    .first()
    .locator('.sstable')
    .nth(1)
    .hover({ position: { x: 12, y: 17 } })
  await page.waitForFunction('document.getAnimations().length === 0')
  await page.screenshot({ path: picture, fullPage: true })
  console.log(`docs/inspector.png is drawn anew`)
}
