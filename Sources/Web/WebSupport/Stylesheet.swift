// One stylesheet for the shop. Colours, spaces and type sizes are tokens at the top; dark mode only
// changes tokens. System fonts, so nothing is fetched and nothing shifts. Everything reflows from 320 px;
// contrast is at least 4.5:1 in both schemes.
//
// Whoever asks for more contrast gets it over every theme, which comes after this file: hence the strong
// selector. Forced colours take backgrounds away and show borders that were transparent, so what only a
// background or such a border told gets one of its own.

package enum Stylesheet {
    package static let asset = Asset.stylesheet("shop", tokens + elements + components + order + media)

    package static let icon = Asset.image(
        "icon",
        svg: """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">\
            <rect width="32" height="32" rx="8" fill="#1f5c4a"/>\
            <path d="M9 11h14l-2 12H11z" fill="none" stroke="#fff" stroke-width="2.4"/>\
            <path d="M12.5 11a3.5 3.5 0 0 1 7 0" fill="none" stroke="#fff" stroke-width="2.4"/></svg>
            """)

    private static let tokens = """
        :root{color-scheme:light dark;--paper:#fbfaf7;--card:#fff;--sunk:#f1efe9;--ink:#1d1f1c;
        --soft:#595d56;\
        --line:#dcd9d0;--edge:#84887f;--brand:#1f5c4a;--brand-ink:#fff;--brand-wash:#e4efe9;\
        --warn:#8a4b08;--warn-wash:#fbf0dd;--bad:#a32a1e;--bad-wash:#fbe9e6;--good:#1f5c4a;\
        --r:.75rem;--r-s:.5rem;--shadow:0 1px 2px rgb(29 31 28/.06),0 6px 20px rgb(29 31 28/.05);\
        --sans:system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",Ubuntu,"DejaVu Sans",sans-serif;\
        --serif:"Iowan Old Style","Palatino Linotype",Palatino,"URW Palladio L","Noto Serif",Georgia,serif}
        @media (prefers-color-scheme:dark){:root{--paper:#141613;--card:#1c1f1b;--sunk:#232722;--ink:#ecede8;\
        --soft:#aeb3aa;--line:#343933;--edge:#7d8479;--brand:#86cfb4;--brand-ink:#0e1a15;\
        --brand-wash:#1d3129;\
        --warn:#f0bd75;--warn-wash:#33270f;--bad:#f5a196;--bad-wash:#3a1c18;--good:#86cfb4;--shadow:none}}

        """

    private static let elements = """
        *,*::before,*::after{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%;scroll-padding-top:1rem}
        body{margin:0;background:var(--paper);color:var(--ink);font:1rem/1.55 var(--sans);\
        min-height:100vh;display:flex;flex-direction:column;overflow-wrap:break-word}
        main{flex:1;width:100%;max-width:70rem;margin:0 auto;padding:1.5rem 1rem 4rem}
        main:focus{outline:none}
        h1,h2,h3{line-height:1.2;text-wrap:balance;margin:0}
        :where(main :is(h1,h2,h3))+:where(:not(p)){margin-top:.6rem}
        h1{font:600 clamp(1.7rem,1.2rem + 2.2vw,2.5rem)/1.15 var(--serif);letter-spacing:-.01em}
        h2{font-size:1.15rem}
        p{margin:.6em 0;max-width:66ch}
        a{color:var(--brand);text-underline-offset:.18em}
        img{max-width:100%;height:auto;display:block}
        :focus-visible{outline:2px solid var(--brand);outline-offset:2px;border-radius:2px}
        label,legend{font-weight:600;font-size:.9rem;display:block;margin-bottom:.3rem}
        input,select,textarea{font:inherit;color:inherit;background:var(--card);border:1px solid var(--edge);\
        border-radius:var(--r-s);padding:.6rem .75rem;width:100%;min-height:3rem}
        input:is([type=checkbox],[type=radio]){width:1.5rem;height:1.5rem;min-height:0;padding:0;margin:0;
        flex:none;accent-color:var(--brand)}
        label:has(>[type=checkbox]){display:flex;gap:.6rem;align-items:center}
        input:user-invalid,[aria-invalid=true]{border-color:var(--bad);border-width:2px}
        fieldset{border:0;padding:0;margin:0;min-width:0}
        button,.button{font:600 1rem/1.2 var(--sans);display:inline-flex;align-items:center;
        justify-content:center;\
        min-height:3rem;padding:.65rem 1.3rem;border-radius:var(--r-s);border:1px solid var(--brand);\
        background:var(--brand);color:var(--brand-ink);text-decoration:none;cursor:pointer;text-align:center}
        button:hover,.button:hover{filter:brightness(1.08)}
        button.quiet,.button.quiet{background:transparent;color:var(--brand)}
        button.link{background:none;border:0;padding:.4rem 0;color:var(--soft);font-weight:400;
        font-size:.9rem;\
        text-decoration:underline;min-height:1.75rem}
        dl{margin:0}dd{margin:0}
        .skip{position:absolute;left:-999px;top:0;background:var(--card);padding:.75rem 1rem;z-index:2}
        .skip:focus{left:.5rem;top:.5rem}
        .hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);
        white-space:nowrap}

        """

    private static let components = """
        .top{border-bottom:1px solid var(--line);background:var(--card)}
        .bar{max-width:70rem;margin:0 auto;padding:.7rem 1rem;display:flex;gap:.5rem 1.25rem;
        align-items:center;\
        flex-wrap:wrap}
        .brand{font:600 1.25rem/1.2 var(--serif);color:var(--ink);text-decoration:none;margin-right:auto;
        padding:.4rem 0}
        .basket{display:inline-flex;gap:.5rem;align-items:center;padding:.5rem .9rem;
        border:1px solid var(--line);\
        border-radius:99px;color:var(--ink);text-decoration:none;font-weight:600;font-size:.95rem}
        .basket:hover{border-color:var(--edge)}
        .count{background:var(--brand);color:var(--brand-ink);border-radius:99px;min-width:1.5rem;
        padding:0 .4rem;\
        text-align:center;font-size:.85rem;line-height:1.5rem;font-variant-numeric:tabular-nums}
        .bottom .bar>:last-child:not(:first-child){margin-left:auto}
        .bottom{border-top:1px solid var(--line);color:var(--soft);font-size:.9rem}
        .tongues{display:flex;flex-wrap:wrap;gap:.25rem 1rem;list-style:none;margin:0;padding:0}
        .tongues a{display:inline-block;padding:.25rem 0;color:inherit}
        .tongues [aria-current]{font-weight:700;color:var(--ink);text-decoration:none}
        .lead{color:var(--soft);margin:.5rem 0 1.75rem}
        .grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,15rem),1fr));gap:1.25rem;\
        list-style:none;margin:0;padding:0}
        .card{background:var(--card);border:1px solid var(--line);border-radius:var(--r);overflow:hidden;\
        box-shadow:var(--shadow);position:relative;display:flex;flex-direction:column}
        .card h2{font-size:1.05rem;font-weight:600}
        .card h2 a{color:inherit;text-decoration:none}
        .card h2 a::after{content:"";position:absolute;inset:0}
        .card:hover h2 a{text-decoration:underline}
        .card .words{padding:.9rem 1rem 1.1rem;display:flex;flex-direction:column;gap:.35rem;flex:1}
        .card .words p{margin:0}.card .words .price{margin-top:auto;padding-top:.25rem}
        .shot{aspect-ratio:4/3;background:var(--sunk);display:grid;place-items:center;overflow:hidden;\
        color:var(--soft);font:600 3rem/1 var(--serif)}
        .shot img{width:100%;height:100%;object-fit:contain}
        .price{font-weight:700;font-variant-numeric:tabular-nums}
        .price.large{font-size:1.6rem}
        .fine{color:var(--soft);font-size:.9rem}
        .split{display:grid;gap:2rem;margin-top:1rem}
        .panel{background:var(--card);border:1px solid var(--line);border-radius:var(--r);padding:1.25rem;\
        box-shadow:var(--shadow)}
        .panel>*+*{margin-top:1rem}.panel>:last-child{margin-bottom:0}
        .panel>legend{float:left;width:100%;padding:0;margin:0 0 1rem}.panel>legend+*{clear:both;margin-top:0}
        .panel>h2+.lines{margin-top:1rem}
        .stack>*+*{margin-top:1rem}
        .note{border-left:4px solid var(--brand);background:var(--brand-wash);padding:.8rem 1rem;\
        border-radius:0 var(--r-s) var(--r-s) 0;margin:1rem 0}
        .note>*{margin:.2rem 0}.note.warn{border-color:var(--warn);background:var(--warn-wash)}
        .note.bad{border-color:var(--bad);background:var(--bad-wash)}
        .note ul{padding-left:1.2rem}
        .error{color:var(--bad);font-size:.9rem;margin:.3rem 0 0;font-weight:600}
        .fields{display:grid;gap:1rem;grid-template-columns:repeat(6,minmax(0,1fr))}
        .fields>*{grid-column:1/-1}
        .buy{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end}.buy .quantity{width:6rem}
        .wide{width:100%}
        .lines{list-style:none;margin:0;padding:0}
        .lines>li{display:grid;grid-template-columns:minmax(0,1fr) auto;gap:.35rem 1rem;padding:1rem 0;\
        border-bottom:1px solid var(--line);align-items:start}
        .lines>li:first-child{padding-top:0}
        .lines .name{font-weight:600}.lines .name a{color:inherit}
        .lines form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end}.lines .quantity{width:5rem}
        .lines .acts{display:flex;gap:1rem;flex-wrap:wrap;align-items:end}
        .sums{display:grid;grid-template-columns:1fr auto;gap:.4rem 0;font-variant-numeric:tabular-nums}
        .sums dd{text-align:right;padding-left:1rem}
        .sums .total{font-weight:700;font-size:1.2rem;border-top:1px solid var(--line);padding-top:.6rem;
        margin-top:.3rem}
        .sums .was{text-decoration:line-through;color:var(--soft)}
        .empty{text-align:center;padding:3rem 1rem}.empty p{margin-inline:auto}
        .live>*+*{margin-top:1.25rem}.live:empty{display:none}
        .livebar{display:flex;flex-wrap:wrap;gap:.4rem .75rem;align-items:center;justify-content:flex-end;
        font-size:.85rem;color:var(--soft)}
        .livebar[hidden],.livebar [hidden]{display:none}
        .livebar button{min-height:2rem;padding:.2rem .8rem;font-size:.85rem}
        .livebar .state::before{content:"";display:inline-block;width:.6rem;height:.6rem;margin-right:.4rem;
        border-radius:50%;border:2px solid var(--edge)}
        .livebar[data-now=on] .state::before{background:var(--good);border-color:var(--good)}
        .livebar[data-now=paused] .state{color:var(--warn);font-weight:600}
        .livebar [aria-pressed=true]{border-color:var(--brand);background:var(--brand-wash)}
        .livebar[data-now=paused] [data-hold]{border-color:var(--warn);background:var(--warn-wash)}

        """

    private static let order = """
        .steps{list-style:none;margin:1.5rem 0 0;padding:0}
        .steps li{position:relative;padding:0 0 1.5rem 2.75rem;min-height:3.25rem;color:var(--soft)}
        .steps li:last-child{padding-bottom:0;min-height:0}
        .steps li::before{content:"";position:absolute;left:.8125rem;top:1.75rem;bottom:0;width:2px;
        background:var(--line)}
        .steps li:last-child::before{display:none}
        .steps .mark{position:absolute;left:0;top:0;width:1.75rem;height:1.75rem;border-radius:50%;\
        border:2px solid var(--edge);display:grid;place-items:center;font-size:.85rem;font-weight:700;\
        background:var(--card);color:var(--soft)}
        .steps .done{color:var(--ink)}
        .steps .done::before{background:var(--brand)}
        .steps .done .mark{background:var(--brand);border-color:var(--brand);color:var(--brand-ink)}
        .steps .now{color:var(--ink);font-weight:600}
        .steps .now .mark{border-color:var(--brand);color:var(--brand);box-shadow:0 0 0 4px var(--brand-wash)}
        .steps .stopped .mark{border-color:var(--bad);background:var(--bad);color:var(--paper)}
        .steps .stopped{color:var(--ink)}
        .steps .fine{display:block;font-weight:400}
        .parcels{list-style:none;padding:0;margin:1.5rem 0 0}.parcels li{padding:.35rem 0}
        .tag{display:inline-block;border-radius:99px;padding:.1rem .6rem;font-size:.85rem;font-weight:600;\
        background:var(--sunk);color:var(--ink)}
        .tag.warn{background:var(--warn-wash);color:var(--warn)}.tag.good{background:var(--brand-wash);
        color:var(--good)}

        """

    private static let media = """
        @media (min-width:40rem){.fields .half{grid-column:span 3}.fields .third{grid-column:span 2}\
        .fields .most{grid-column:span 4}main{padding:2.5rem 1.5rem 5rem}.bar{padding-inline:1.5rem}
        .panel{padding:1.5rem}}
        @media (min-width:56rem){.split{grid-template-columns:minmax(0,1.25fr) minmax(19rem,1fr);gap:3rem;
        align-items:start}\
        .split.even{grid-template-columns:1fr 1fr}.sticky{position:sticky;top:1.5rem}}
        @media (prefers-reduced-motion:no-preference){\
        .steps .now .mark{animation:breathe 2.4s ease-in-out infinite}\
        @keyframes breathe{50%{box-shadow:0 0 0 8px transparent}}}
        @media (prefers-contrast:more){:root:root:root{--line:var(--edge);--soft:var(--ink)}}
        @media (forced-colors:active){.steps .mark,.count,.note{border:2px solid}
        .tag{border:1px solid}
        :is(.tabs,.places,nav.fine) a:not([aria-current]){border-color:Canvas}
        .livebar button[aria-pressed=true]{border:2px solid Highlight}}
        @media print{.top .basket,.tongues,button,.button,.skip{display:none}body{background:#fff;color:#000}\
        .panel,.card{box-shadow:none;break-inside:avoid}}

        """
}
