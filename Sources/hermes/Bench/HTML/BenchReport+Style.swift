import HermesBenchReport

extension BenchReport {
    /// The style of the HTML file. The colours of phases are those that people with any colour vision tell apart (Okabe and Ito,
    /// "Color Universal Design", 2008), and grey.
    static let style = """
        :root{color-scheme:light dark;--back:#fff;--text:#1a1a1a;--faint:#6b6b6b;--line:#d9d9d9;
        --cold:#0072b2;--warm:#b87900;--registry:#d55e00;--cache:#009e73}
        @media(prefers-color-scheme:dark){:root{--back:#161616;--text:#ececec;--faint:#a3a3a3;--line:#3d3d3d;
        --cold:#56b4e9;--warm:#e69f00;--registry:#f0743a;--cache:#2fc79a}}
        body{background:var(--back);color:var(--text);font:16px/1.45 system-ui,sans-serif;margin:0}
        main{max-width:62rem;margin:0 auto;padding:1rem}
        h1{font-size:1.5rem;overflow-wrap:anywhere}
        h2{font-size:1.2rem;margin-top:2.2rem}
        p,dd{overflow-wrap:anywhere}
        dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1rem}
        dt{color:var(--faint)}
        dd{margin:0}
        svg{display:block;width:100%;min-width:52rem;height:auto}
        svg.key{display:inline-block;width:.8rem;min-width:0;height:.8rem;overflow:visible}
        .legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.9rem}
        .wide{overflow-x:auto}
        table{border-collapse:collapse;font-size:.9rem}
        th,td{text-align:left;padding:.2rem .9rem .2rem 0;border-bottom:1px solid var(--line)}
        td:first-child,th{white-space:nowrap}
        td:last-child{min-width:14rem;overflow-wrap:anywhere}
        td.number:last-child{min-width:0}
        summary{cursor:pointer;margin:.6rem 0}
        .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
        text{fill:var(--text);font-size:13px;stroke:var(--back);stroke-width:4px;stroke-linejoin:round;paint-order:stroke}
        .head{font-weight:600}
        .mark{fill:var(--faint);font-size:11px;text-anchor:middle}
        .grid{stroke:var(--line)}
        circle{stroke:var(--back);stroke-width:.5}
        .resolve{fill:#8c8c8c}.pull{fill:#0072b2}.schedule{fill:#cc79a7}.create{fill:#d9c817}
        .start{fill:#009e73}.output{fill:#56b4e9}.ready{fill:#e69f00}.request{fill:#d55e00}
        .cold{fill:var(--cold);fill-opacity:.75}.warm{fill:var(--warm);fill-opacity:.75}
        .registry{fill:var(--registry);fill-opacity:.7}.cache{fill:var(--cache);fill-opacity:.7}
        .median{stroke:var(--text);stroke-width:2}
        """
}
