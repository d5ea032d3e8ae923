/** The page's looks: paper and walnut, by day and by night. `--w1` to `--w6` are the woods of levels, `--c` of columns. */
export const pageStyle = `
:root {
  color-scheme: light dark;
  --paper: #faf6ef; --card: #fffdf8; --ink: #2b2118; --soft: #7a6a5a; --line: #e4d9c8; --lane: #f3ebdf;
  --w1: #d9a441; --w2: #b5713a; --w3: #8a4b2d; --w4: #a3855c; --w5: #6f7d4f; --w6: #5b6f7f;
  --c1: #b5713a; --c2: #d9a441; --c3: #8a4b2d; --c4: #6f7d4f; --c5: #5b6f7f; --c6: #a3855c; --c7: #9c5f6b; --c8: #c9b79c;
  --dead: #b3261e; --glow: #2b211822; --on: #fffaf0;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #16120e; --card: #1f1a15; --ink: #efe6d8; --soft: #a4937f; --line: #3a3027; --lane: #26201a;
    --w1: #d6a548; --w2: #c07f48; --w3: #a5613f; --w4: #ab9068; --w5: #87966a; --w6: #7590a3;
    --c1: #c07f48; --c2: #d6a548; --c3: #a5613f; --c4: #87966a; --c5: #7590a3; --c6: #ab9068; --c7: #b57583; --c8: #8f8069;
    --dead: #ff6b5e; --glow: #00000088; --on: #1a130c;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 14px/1.5 system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif; }
header, main, footer { max-width: 1240px; margin: 0 auto; padding: 0 28px; }
header { display: flex; gap: 16px; align-items: center; padding-top: 28px; }
.inlay { width: 44px; height: 44px; border-radius: 6px; box-shadow: 0 1px 3px var(--glow); flex: none; }
h1, h2, h3 { font-family: Georgia, 'Iowan Old Style', 'DejaVu Serif', serif; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
h1 { font-size: 22px; line-height: 1.25; } h2 { font-size: 26px; } h3 { font-size: 18px; overflow-wrap: anywhere; }
.kind { margin: 0; color: var(--soft); font-size: 12px; letter-spacing: .08em; text-transform: uppercase; }
.table { margin: 26px 0 40px; }
.columns { margin: 8px 0 18px; display: flex; flex-wrap: wrap; gap: 6px; }
.column { border: 1px solid var(--line); border-radius: 999px; padding: 1px 10px; color: var(--soft); font-size: 12.5px; }
.column b { color: var(--ink); font-weight: 600; } .column.key { border-color: var(--w2); background: color-mix(in srgb, var(--w1) 16%, transparent); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 0 0 18px; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 12px 16px; display: flex; flex-direction: column; }
.tile b { font: 600 24px/1.2 Georgia, 'DejaVu Serif', serif; font-variant-numeric: tabular-nums; } .tile small { color: var(--soft); }
.levels, .panel { background: var(--card); border: 1px solid var(--line); border-radius: 10px; margin: 0 0 16px; padding: 18px; }
.lane { display: grid; grid-template-columns: 116px minmax(0, 1fr) 120px; gap: 14px; align-items: center; padding: 7px 0; }
.lane + .lane.level { border-top: 1px dashed var(--line); }
.label b { display: block; } .label small, .size small, figcaption, .facts, .note { color: var(--soft); font-size: 12px; }
.track { position: relative; min-width: 0; }
.depth .track { height: 44px; } .depth svg { width: 100%; height: 44px; display: block; } .depth path { fill: color-mix(in srgb, var(--w2) 38%, transparent); stroke: var(--w2); vector-effect: non-scaling-stroke; }
.depth em { position: absolute; right: 4px; top: -2px; font: 600 11px/1 system-ui; color: var(--soft); } .step { position: absolute; inset: 0 auto 0 0; }
.step:hover { background: var(--glow); }
.run { position: relative; height: 34px; background: var(--lane); border-radius: 5px; } .run + .run { margin-top: 5px; }
.sstable { position: absolute; top: 0; height: 34px; min-width: 3px; border: 0; border-radius: 5px; padding: 0 8px; overflow: hidden; cursor: pointer;
  display: flex; justify-content: space-between; align-items: center; gap: 8px; color: var(--on); font: 600 12px/1 system-ui, 'DejaVu Sans', sans-serif; white-space: nowrap;
  background: repeating-linear-gradient(94deg, #ffffff14 0 2px, #0000 2px 9px, #0000000d 9px 11px, #0000 11px 17px), var(--wood);
  box-shadow: inset 0 0 0 1px #00000030; transition: opacity .12s, filter .12s; }
.sstable span + span { font-weight: 400; }
.sstable { container-type: inline-size; } @container (max-width: 96px) { .sstable span + span { display: none; } } @container (max-width: 50px) { .sstable span { display: none; } }
.w1 { --wood: var(--w1); --on: #2b1c08; } .w2 { --wood: var(--w2); } .w3 { --wood: var(--w3); } .w4 { --wood: var(--w4); } .w5 { --wood: var(--w5); } .w6 { --wood: var(--w6); }
.sstable .dead { position: absolute; left: 0; bottom: 0; height: 4px; background: var(--dead); }
.sstable:hover, .sstable:focus-visible { filter: brightness(1.08); outline: 2px solid var(--ink); outline-offset: 1px; z-index: 2; }
.sstable[aria-pressed='true'] { box-shadow: inset 0 0 0 2px var(--ink); }
.marking .sstable:not(.meets) { opacity: .28; }
.size { display: flex; flex-direction: column; gap: 3px; } .size i { display: block; height: 8px; min-width: 2px; border-radius: 4px; background: var(--wood, var(--w1)); }
.axis .track { height: 20px; } .tick { position: absolute; top: 0; transform: translateX(-50%); font-size: 11.5px; color: var(--soft); white-space: nowrap; }
.tick::before { content: ''; position: absolute; left: 50%; top: -6px; height: 5px; border-left: 1px solid var(--soft); }
.tick.first { transform: none; } .tick.first::before { left: 0; } .tick.last { transform: translateX(-100%); } .tick.last::before { left: 100%; }
figcaption { border-top: 1px solid var(--line); margin-top: 10px; padding-top: 10px; }
.swatch { display: inline-block; width: 10px; height: 10px; border-radius: 2px; margin-right: 8px; vertical-align: baseline; } .swatch.dead { background: var(--dead); height: 4px; width: 16px; margin: 0 2px; vertical-align: middle; }
.facts { display: flex; flex-wrap: wrap; gap: 2px 0; margin: 4px 0 14px; } .facts span:not(:last-child)::after { content: '·'; margin: 0 8px; }
.group { margin-bottom: 8px; } .group small { color: var(--soft); font-size: 11.5px; }
.bar { display: flex; height: 26px; border-radius: 5px; overflow: hidden; gap: 1px; min-width: 40px; }
.bar > span { flex-basis: 0; min-width: 2px; overflow: hidden; color: var(--on); font-size: 11.5px; line-height: 26px; padding: 0; white-space: nowrap; background: var(--tone); } .bar b { font-weight: 600; padding: 0 8px; }
.bar > span { container-type: inline-size; } @container (max-width: 44px) { .bar b { display: none; } }
.bar > span:hover { filter: brightness(1.12); }
.c1 { --tone: var(--c1); } .c2 { --tone: var(--c2); --on: #2b1c08; } .c3 { --tone: var(--c3); } .c4 { --tone: var(--c4); } .c5 { --tone: var(--c5); } .c6 { --tone: var(--c6); } .c7 { --tone: var(--c7); } .c8 { --tone: var(--c8); --on: #2b1c08; } .swatch[class*=' c'] { background: var(--tone); }
.scroll { overflow-x: auto; margin-top: 14px; } table { border-collapse: collapse; width: 100%; font-size: 13px; font-variant-numeric: tabular-nums; }
th { text-align: left; color: var(--soft); font-weight: 500; font-size: 12px; } th, td { padding: 5px 12px 5px 0; border-bottom: 1px solid var(--line); white-space: nowrap; } .n { text-align: right; }
td:nth-child(3) { white-space: normal; min-width: 180px; } .ratio { width: 150px; } td.ratio { color: var(--soft); } td.ratio span { display: inline-block; width: 80px; height: 7px; background: var(--lane); border-radius: 4px; margin-right: 8px; overflow: hidden; } td.ratio i { display: block; height: 100%; background: var(--w2); }
#tip { position: fixed; z-index: 9; max-width: 440px; pointer-events: none; background: var(--card); color: var(--ink); border: 1px solid var(--line); border-radius: 8px; padding: 10px 14px; box-shadow: 0 6px 24px var(--glow); font-size: 12.5px; overflow-wrap: anywhere; }
#tip dl { display: grid; grid-template-columns: auto 1fr; gap: 1px 12px; margin: 6px 0 0; } #tip dt { color: var(--soft); } #tip dd { margin: 0; }
footer { color: var(--soft); font-size: 12px; padding-bottom: 28px; }
[hidden] { display: none !important; }
@media (max-width: 720px) { .lane { grid-template-columns: 74px minmax(0, 1fr); } .size { display: none; } header, main, footer { padding-left: 14px; padding-right: 14px; } }
`
