// What the console needs beyond the shared stylesheet: dense tables, tiles and the timeline. It uses the
// shared tokens alone, so that dark mode, contrast and print come with them. Bars of the timeline are placed
// by attributes of SVG, since the page's policy allows no inline style.

import WebSupport

enum ConsoleStyle {
    static let asset = Asset.stylesheet("console", frame + tables + timeline)

    private static let frame = """
        main{max-width:96rem}.bar{max-width:96rem}
        h1{font-size:clamp(1.4rem,1.1rem + 1.2vw,1.9rem)}
        main>*+*{margin-top:1.25rem}
        .find{display:flex;gap:.5rem;flex:1 1 16rem;max-width:34rem}
        .find input,.find button{min-height:2.5rem;padding:.4rem .8rem}
        .places{max-width:96rem;margin:0 auto;padding:0 1rem}
        .places ul{display:flex;flex-wrap:wrap;gap:0 1.25rem;list-style:none;margin:0;padding:0}
        .places a{display:inline-block;padding:.5rem 0;color:var(--soft);text-decoration:none;
        border-bottom:3px solid transparent}
        .places [aria-current]{color:var(--ink);font-weight:600;border-color:var(--brand)}
        @media (min-width:40rem){.places{padding-inline:1.5rem}}
        .narrow{max-width:26rem}
        .tag.bad{background:var(--bad-wash);color:var(--bad)}.tag.now{background:var(--brand-wash)}
        .tag{white-space:nowrap}
        .tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,11rem),1fr));gap:1rem;
        list-style:none;margin-bottom:0;padding:0}
        .tiles li{background:var(--card);border:1px solid var(--line);border-radius:var(--r);
        padding:.9rem 1rem}
        .tiles .figure{display:block;font-size:1.6rem;font-weight:700;font-variant-numeric:tabular-nums}
        .tiles .alarm{border-color:var(--bad)}.tiles .alarm .figure{color:var(--bad)}
        .why{border-left:6px solid var(--brand);background:var(--brand-wash);padding:1rem 1.25rem;\
        border-radius:0 var(--r) var(--r) 0}
        .why p{max-width:90ch;margin:.2rem 0}.why .sentence{font-size:1.15rem;font-weight:600}
        .facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,13rem),1fr));
        gap:.75rem 1.5rem}
        .facts dt{color:var(--soft);font-size:.85rem}.facts dd{overflow-wrap:anywhere}
        .filters{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,11rem),1fr));gap:.75rem;
        align-items:end}
        .filters input,.filters select,.filters button{min-height:2.5rem;padding:.4rem .6rem}
        .tabs{display:flex;flex-wrap:wrap;gap:0 1.25rem;list-style:none;margin:0;padding:0;
        border-bottom:1px solid var(--line)}
        .tabs a{display:inline-block;padding:.6rem 0;color:var(--soft);text-decoration:none;
        border-bottom:3px solid transparent;margin-bottom:-1px}
        .tabs [aria-current]{color:var(--ink);font-weight:600;border-color:var(--brand)}
        .verbs{display:grid;gap:.75rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,22rem),1fr));
        align-items:start}
        .verbs details{background:var(--card);border:1px solid var(--line);border-radius:var(--r-s)}
        .verbs summary{padding:.65rem .9rem;font-weight:600;cursor:pointer;min-height:2.75rem}
        .verbs form{padding:0 .9rem .9rem}
        .check{display:flex;gap:.6rem;align-items:start;font-weight:400}
        .check input{width:1.5rem;min-height:1.5rem;flex:none;margin:0}
        [hidden]{display:none!important}dialog{border:1px solid var(--line);border-radius:var(--r)}
        button.danger{background:var(--bad);border-color:var(--bad);color:var(--paper)}

        """

    private static let tables = """
        .scroll{overflow-x:auto;position:relative;background:var(--card);border:1px solid var(--line);
        border-radius:var(--r)}
        table{border-collapse:collapse;width:100%;font-size:.92rem}
        caption{text-align:left;font-weight:700;padding:.8rem 1rem;font-size:1.05rem}
        th,td{text-align:left;vertical-align:top;padding:.5rem 1rem;border-top:1px solid var(--line)}
        thead th{color:var(--soft);font-size:.82rem;font-weight:600;white-space:nowrap;background:var(--sunk)}
        tbody th{font-weight:600}
        td{overflow-wrap:anywhere;min-width:4rem}
        .num{font-variant-numeric:tabular-nums;white-space:nowrap}
        code,kbd,pre{font:.88em/1.5 ui-monospace,"Cascadia Mono","DejaVu Sans Mono",monospace}
        pre{background:var(--sunk);border-radius:var(--r-s);padding:.75rem 1rem;overflow:auto;
        max-height:28rem;margin:.5rem 0;white-space:pre-wrap;overflow-wrap:anywhere}
        .pager{display:flex;gap:1rem;flex-wrap:wrap;align-items:center}

        """

    private static let timeline = """
        .gantt th{width:16rem}.gantt td.bars{padding-inline:.25rem;min-width:20rem}
        .gantt svg{display:block;width:100%;height:1.5rem}
        .gantt .did{fill:var(--brand)}.gantt .bad{fill:var(--bad)}.gantt .idle{fill:var(--line)}
        .gantt .try{fill:var(--warn)}.gantt .undo{fill:none;stroke:var(--warn);stroke-width:2}
        .gantt .cut{stroke:var(--soft);stroke-width:1;stroke-dasharray:2 3}
        .gantt .now{stroke:var(--brand);stroke-width:2}
        .axis{display:flex;justify-content:space-between;gap:1rem}
        .spark{display:block;width:100%;height:2.25rem;margin-top:.5rem}.spark path{fill:var(--brand)}
        .spark.bad path{fill:var(--bad)}.spark .base{stroke:var(--line);stroke-width:1;fill:none}
        :target{background:var(--brand-wash)}
        @media (forced-colors:active){.gantt .did,.gantt .bad,.gantt .try{fill:CanvasText}
        .spark path,.spark.bad path{fill:CanvasText}.gantt .idle{fill:GrayText}}
        @media print{.places,.find,.verbs,.tabs,.pager,.filters{display:none}}

        """
}
