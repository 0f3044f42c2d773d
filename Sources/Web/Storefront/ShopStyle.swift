// What the shop's pages have beside the styles that all faces share.

import WebSupport

enum ShopStyle {
    static let asset = Asset.stylesheet(
        "storefront",
        """
        .seek{display:flex;gap:.5rem;flex:1 1 14rem;max-width:26rem}
        .seek input{min-height:2.75rem;padding:.4rem .75rem}
        .seek button{min-height:2.75rem;padding:.4rem 1rem}
        .crumbs ol{display:flex;flex-wrap:wrap;gap:.25rem .5rem;list-style:none;margin:0 0 1rem;padding:0;\
        font-size:.9rem;color:var(--soft)}
        .crumbs li+li::before{content:"/";margin-right:.5rem}
        .crumbs a{display:inline-block;padding:.15rem 0;color:inherit}
        .chips{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;margin:0 0 1.75rem;padding:0}
        .chips a{display:inline-flex;gap:.4rem;align-items:center;min-height:2.25rem;padding:.35rem .9rem;\
        border:1px solid var(--line);border-radius:99px;background:var(--card);color:var(--ink);\
        text-decoration:none;font-size:.95rem}
        .chips a:hover{border-color:var(--edge)}
        .chips [aria-current]{background:var(--brand);border-color:var(--brand);color:var(--brand-ink)}
        .chips .fine{color:inherit}
        .sieve{margin:0 0 1.75rem}
        .sieve summary{cursor:pointer;font-weight:600;padding:.6rem 0;min-height:2.5rem}
        .sieve .fields{margin-top:.75rem}
        .tick{display:flex;gap:.6rem;align-items:center;min-height:2.75rem}
        .tick input{width:1.25rem;height:1.25rem;min-height:0;flex:none;accent-color:var(--brand)}
        .tick label{margin:0;font-weight:400;font-size:1rem}
        .turn{display:flex;flex-wrap:wrap;gap:.75rem;justify-content:center;align-items:center;
        margin-top:2.5rem}
        .links{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none;margin:0;padding:0}
        .links a{display:inline-block;padding:.25rem 0;color:inherit}
        .bottom .bar+.bar{padding-top:0}
        .legal p{white-space:pre-line}
        .facts{display:grid;gap:.15rem 1rem;font-size:.9rem;margin:.5rem 0}
        .facts dt{font-weight:600;color:var(--ink)}.facts dd{color:var(--soft);margin-bottom:.5rem}
        .promise h2,.others h2{font-size:1rem}.promise p{color:var(--soft);font-size:.9rem;margin:.3rem 0}
        details summary{cursor:pointer;padding:.35rem 0}
        .preview{background:var(--warn-wash);color:var(--warn);text-align:center;padding:.5rem 1rem;
        font-weight:600}
        @media (min-width:40rem){.facts{grid-template-columns:minmax(9rem,auto) 1fr}.facts dd{margin:0}}
        @media (forced-colors:active){.chips [aria-current]{background:Highlight;color:HighlightText;
        border-color:Highlight}.preview{border-bottom:2px solid}}
        @media print{.seek,.sieve,.crumbs,.links,.preview{display:none}}

        """)
}
