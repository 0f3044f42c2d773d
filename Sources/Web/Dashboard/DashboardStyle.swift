// What the merchants' pages need beyond the shared stylesheet: tables, tabs, tiles and the box that says
// where an order's money goes. It uses the shared tokens alone, so that dark mode, contrast and print come
// with them.

import WebSupport

enum DashboardStyle {
    static let asset = Asset.stylesheet("dashboard", frame + tables + money)

    private static let frame = """
        .live>h1+.lead{margin-top:.5rem}
        main :is(p,li,dd,address){overflow-wrap:anywhere}
        nav.fine{display:flex;flex-wrap:wrap;gap:0 1.1rem;margin-bottom:1.25rem}
        nav.fine a{display:inline-block;padding:.4rem 0;text-decoration:none;color:var(--soft);
        border-bottom:3px solid transparent}
        nav.fine [aria-current]{color:var(--ink);font-weight:600;border-color:var(--brand)}
        .tabs{display:flex;flex-wrap:wrap;gap:0 1.25rem;list-style:none;margin:0;padding:0;
        border-bottom:1px solid var(--line)}
        .tabs a{display:inline-block;padding:.55rem 0;color:var(--soft);text-decoration:none;
        border-bottom:3px solid transparent}
        .tabs [aria-current]{color:var(--ink);font-weight:600;border-color:var(--brand)}
        .tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,11rem),1fr));gap:1rem;
        margin:.6rem 0 0}
        .tiles>div{background:var(--card);border:1px solid var(--line);border-radius:var(--r);
        padding:.9rem 1rem;display:flex;flex-direction:column-reverse;justify-content:flex-end}
        .tiles dt{color:var(--soft);font-size:.9rem}
        .tiles dd{font-size:1.5rem;font-weight:700;font-variant-numeric:tabular-nums;line-height:1.25}
        .tag{white-space:nowrap}.tag.bad{background:var(--bad-wash);color:var(--bad)}
        .tags{display:flex;flex-wrap:wrap;gap:.3rem}
        .acts{display:flex;flex-wrap:wrap;gap:.75rem;align-items:end}
        .acts form{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end}
        .shopframe{display:block;width:100%;height:36rem;margin-top:.75rem;border:1px solid var(--edge);
        border-radius:var(--r);background:var(--card)}

        """

    private static let tables = """
        .scroll{overflow-x:auto;position:relative}
        table{border-collapse:collapse;width:100%}
        caption{text-align:left;font-weight:600;padding:.25rem 0 .5rem}
        th,td{text-align:left;padding:.6rem .9rem .6rem 0;border-bottom:1px solid var(--line);
        vertical-align:top}
        th{font-size:.85rem;color:var(--soft);font-weight:600}
        .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        .story{list-style:none;margin:0;padding:0}
        .story li{padding:.45rem 0 .45rem 1rem;border-left:2px solid var(--line)}
        .story time{display:block;color:var(--soft);font-size:.85rem}

        """

    private static let money = """
        .money{display:grid;grid-template-columns:1fr auto;gap:.35rem 0;
        font-variant-numeric:tabular-nums}
        .money dd{text-align:right;padding-left:1rem}
        .money .kept{font-weight:700;font-size:1.2rem;border-top:1px solid var(--line);padding-top:.6rem;
        margin-top:.3rem}
        .money .kept.loss{color:var(--bad)}

        """
}
