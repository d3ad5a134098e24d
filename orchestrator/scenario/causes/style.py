"""The page's style sheet. Colours are Okabe and Ito's, told apart by colour-blind eyes, too."""

from typing import Final

STYLE: Final = """
:root {
  color-scheme: light dark;
  --shade: #0004; --paper: #fff; --ink: #1c2127; --faint: #68717c; --rule: #dde1e6; --box: #f6f7f9;
  --role-client: #5b6470; --role-control: #00805f; --role-informers: #7a6a00;
  --role-api: #0067a5; --role-scheduler: #a8487d; --role-node: #c04f00; --role-proxy: #6a51a3;
  --wait: #d5dae0; --bound: #9fcbea; --start: #f5c869; --good: #7cc9a8; --bad: #e88b7a;
  --gone: #b9a9cf; --tone-ink: #1c2127;
}
@media (prefers-color-scheme: dark) {
  :root {
    --shade: #000a; --paper: #14171b; --ink: #e4e7eb; --faint: #98a1ac; --rule: #333941; --box: #1c2025;
    --role-client: #a9b2bd; --role-control: #3fc79b; --role-informers: #d4c14a;
    --role-api: #5db4ec; --role-scheduler: #e08fbc; --role-node: #f29049; --role-proxy: #ab97e0;
    --wait: #7d8791; --bound: #79b4dd; --start: #e0b455; --good: #62b795; --bad: #dd7d6b;
    --gone: #a391bd; --tone-ink: #101316;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
main { max-width: 1440px; margin: 0 auto; padding: 24px 20px 48px; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .4rem; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; }
p { max-width: 75ch; margin: .5rem 0; }
.lead { overflow-wrap: anywhere; }
p:not(.lead) { color: var(--faint); font-size: .9rem; }
.scroll { overflow: auto; border: 1px solid var(--rule); border-radius: 8px; padding: 10px;
  background: linear-gradient(90deg, var(--paper) 30%, transparent) left / 3rem 100% no-repeat local,
    linear-gradient(-90deg, var(--paper) 30%, transparent) right / 3rem 100% no-repeat local,
    linear-gradient(90deg, var(--shade), transparent) left / .9rem 100% no-repeat scroll,
    linear-gradient(-90deg, var(--shade), transparent) right / .9rem 100% no-repeat scroll; }
.tall { max-height: 85vh; padding-top: 0; }
.heads { position: sticky; top: 0; margin-bottom: -48px; }
svg { display: block; font-size: 11.5px; }
svg text { fill: var(--ink); }
.legend { max-width: none; display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; }
i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em; }
i.wait { background: var(--wait); } i.bound { background: var(--bound); }
i.start { background: var(--start); } i.good { background: var(--good); }
i.bad { background: var(--bad); } i.gone { background: var(--gone); }
.sequence .lane { opacity: .45; }
.sequence .head { fill: var(--box); stroke-width: 1.5; }
.sequence .title { text-anchor: middle; font-weight: 600; }
.sequence .subtitle { text-anchor: middle; fill: var(--faint); font-size: 10.5px; }
.sequence .moment, .timeline .grid { stroke: var(--rule); stroke-dasharray: 3 3; }
.sequence .at { font-weight: 600; }
.arrow path { fill: none; stroke: var(--role); stroke-width: 1.4; }
.arrow .tip { fill: var(--role); stroke: none; }
.arrow text { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
.refused path { stroke-dasharray: 4 3; }
.timeline .row { text-anchor: end; }
.timeline .tick { text-anchor: middle; fill: var(--faint); }
.timeline .n { text-anchor: middle; fill: var(--faint); font-size: 10px; }
.timeline .axis { stroke: var(--faint); }
.timeline .messages { fill: var(--wait); } .timeline .writes { fill: var(--role-api); }
.timeline .in { fill: var(--tone-ink); }
.state.wait { fill: var(--wait); } .state.bound { fill: var(--bound); }
.state.start { fill: var(--start); } .state.good { fill: var(--good); }
.state.bad { fill: var(--bad); } .state.gone { fill: var(--gone); }
table { border-collapse: collapse; font-size: .9rem; }
th, td { text-align: left; padding: .2rem .9rem .2rem 0; white-space: nowrap; }
th { color: var(--faint); font-weight: 500; border-bottom: 1px solid var(--rule); }
.number { text-align: right; font-variant-numeric: tabular-nums; }
pre { font: 12.5px/1.45 ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; margin: 0; }
@page { size: A4 landscape; margin: 12mm; }
@media print {
  :root {
    color-scheme: light;
    --paper: #fff; --ink: #000; --faint: #444; --rule: #bbb; --box: #fff; --tone-ink: #000;
    --role-client: #5b6470; --role-control: #00805f; --role-informers: #7a6a00;
    --role-api: #0067a5; --role-scheduler: #a8487d; --role-node: #c04f00; --role-proxy: #6a51a3;
    --wait: #d5dae0; --bound: #9fcbea; --start: #f5c869; --good: #7cc9a8; --bad: #e88b7a;
    --gone: #b9a9cf;
  }
  main { max-width: none; padding: 0; }
  .scroll { overflow: visible; max-height: none; border: 0; padding: 0; background: none; }
  .heads { display: none; }
  svg { max-width: 100%; height: auto; }
  svg.sequence { max-height: 160mm; margin: 0 auto; }
  pre { white-space: pre-wrap; font-size: 8.5px; }
  rect, i { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  h2 { break-after: avoid; }
  tr, svg.timeline { break-inside: avoid; }
}
"""
