/** The page's style sheet: light and dark, no font or picture from elsewhere. */

/** Shades of a confusion matrix's cells: d1 to d9 on the diagonal, e1 to e9 (errors) beside it. */
export const shades = 9;

const shadeRules = Array.from({ length: shades }, (_, i) => i + 1).map((n) => {
  const strong = n > 6 ? "color:var(--on-strong);" : "";
  return `.d${n}{background:rgb(var(--right)/${n * 10}%);${strong}}.e${n}{background:rgb(var(--wrong)/${n * 10}%);${strong}}`;
}).join("\n");

export const style: string = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--text:#1d2530;--quiet:#5d6875;--line:#e3e7ec;--training:#2563a8;
--validation:#d0660c;--rate:#2c7a62;--right:37 99 168;--wrong:200 80 10;--on-strong:#fff}
@media (prefers-color-scheme:dark){:root{--page:#12161b;--card:#1b2128;--text:#e4e8ed;--quiet:#9aa5b1;--line:#303841;--training:#6aa9ee;
--validation:#f2994a;--rate:#5cc3a0;--right:66 130 204;--wrong:222 110 40;--on-strong:#fff}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
overflow-wrap:anywhere}
main{max-width:1180px;margin:0 auto;padding:28px 20px 40px}
h1{font-size:26px;line-height:1.25;margin:0}
h2{font-size:19px;margin:36px 0 12px}
h3{font-size:15px;margin:0 0 8px}
p{margin:6px 0 10px;max-width:90ch}
.quiet,footer,.nothing{color:var(--quiet)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:14px;margin:20px 0}
.tile,.card,.chart{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px;margin:0;min-width:0}
.tile b{display:block;font-size:25px;line-height:1.3;font-weight:600;font-variant-numeric:tabular-nums}
.tile span{color:var(--quiet);font-size:13px}
.charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr));gap:14px}
.chart figcaption{margin-bottom:6px}
.chart svg{display:block;width:100%;height:auto}
.key{font-size:13px;color:var(--quiet);margin-left:12px;white-space:nowrap}
.key::before{content:"";display:inline-block;width:16px;height:3px;border-radius:2px;margin-right:6px;vertical-align:middle;
background:currentColor}
.key.training::before{background:var(--training)}.key.validation::before{background:var(--validation)}
.key.rate::before{background:var(--rate)}.key.raw::before{background:var(--training);opacity:.35}
svg text{fill:var(--quiet);font-size:12px;font-variant-numeric:tabular-nums}
.grid{stroke:var(--line)}.axis,.tick{stroke:var(--quiet)}
polyline{fill:none;stroke-width:2;stroke-linejoin:round;stroke-linecap:round}
polyline.training{stroke:var(--training)}polyline.validation{stroke:var(--validation)}polyline.rate{stroke:var(--rate)}
polyline.raw{stroke:var(--training);stroke-width:1;opacity:.35}
circle.training{fill:var(--training)}circle.validation{fill:var(--validation)}circle.rate{fill:var(--rate)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,340px),1fr));gap:14px;align-items:start}
.scroll{overflow-x:auto;width:fit-content;max-width:100%}
table{border-collapse:collapse;font-variant-numeric:tabular-nums}
th{font-weight:500;text-align:left}
.facts{width:100%}
.facts th,.facts td{padding:3px 0;vertical-align:top}
.facts th{color:var(--quiet);padding-right:16px;width:1%;white-space:nowrap;font-weight:400}
.rows{font-size:14px}
.rows th,.rows td{padding:4px 16px 4px 0;border-top:1px solid var(--line);white-space:nowrap}
.rows td{max-width:300px;overflow:hidden;text-overflow:ellipsis}
.rows thead th{border:0;color:var(--quiet);font-weight:400}
@media(max-width:560px){.rows tbody th{white-space:normal;min-width:120px;max-width:150px}}
.number{text-align:right!important}
.bar{display:block;width:140px;height:8px;border-radius:4px;background:var(--line)}
.bar i{display:block;height:8px;border-radius:4px;background:var(--training)}
.confusion{font-size:13.5px;white-space:nowrap}
.confusion td,.confusion th{padding:0;height:34px}
.confusion td{min-width:50px;text-align:center;border:1px solid var(--card);border-radius:3px}
.confusion .zero{color:var(--quiet);opacity:.55}
.confusion tbody th{padding-right:10px;text-align:right;max-width:220px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.confusion thead th{height:auto;vertical-align:bottom;padding:0 0 6px}
.confusion thead span{display:block;margin:0 auto;writing-mode:vertical-rl;transform:rotate(180deg);max-height:150px;overflow:hidden;
text-overflow:ellipsis;white-space:nowrap}
.confusion .margin{color:var(--quiet);padding:0 8px}
.narrow{font-size:12px}
.narrow td,.narrow th{height:26px}
.narrow td{min-width:27px}
.narrow .margin{padding:0 4px}
.confusion .corner{color:var(--quiet);font-size:12.5px;font-weight:400;text-align:right;padding-right:10px}
${shadeRules}
.mistakes{display:grid;grid-template-columns:repeat(auto-fill,minmax(128px,1fr));gap:14px}
.mistakes figure{margin:0;font-size:13px;line-height:1.35}
.mistakes img{display:block;margin-bottom:6px;border-radius:4px;border:1px solid var(--line);max-width:100%}
.pixels{image-rendering:pixelated}
.mistakes b{font-weight:600}
.mistakes span{white-space:nowrap}
.mistakes bdi{display:inline-block;max-width:calc(100% - 6px);overflow:hidden;text-overflow:ellipsis;white-space:nowrap;
vertical-align:bottom}
details summary{cursor:pointer;margin:10px 0}
footer{margin-top:36px;font-size:13px}
@media print{body{background:#fff}.tile,.card,.chart,.mistakes figure{break-inside:avoid}}
`;
