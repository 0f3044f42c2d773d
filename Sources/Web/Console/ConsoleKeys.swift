// Keys for those who live in the console: places, the search, rows. Letters do nothing while somebody types,
// while a dialog is open, and for whoever turned single keys off; everything they do has a link as well.

import WebSupport

enum ConsoleKeys {
    /// The letter after `g`, where it leads and what that is called.
    private static let places = [
        ("h", "/ops", "Overview"), ("r", "/ops/runs", "Runs"), ("o", "/ops/orders", "Orders"),
        ("e", "/ops/errors", "Errors"), ("q", "/ops/queues", "Queues"), ("s", "/ops/schedules", "Schedules"),
        ("w", "/ops/webhooks", "Webhooks"), ("a", "/ops/audit", "Audit"),
    ]

    /// What each key does, as a list.
    static var list: HTML {
        let own: [(String, String)] = [
            ("?", "These keys"), ("/", "Search"), ("j", "Next row"), ("k", "Previous row"),
            ("Enter", "Open the row"), ("e", "Show or hide what a row holds"),
            (".", "What may be done"), ("p", "Hold the page still, or let it go on"),
        ]
        let lines = (own + places.map { ("g \($0.0)", $0.2) }).map { keys, words -> HTML in
            "<div><dt><kbd>\(keys)</kbd></dt><dd>\(words)</dd></div>"
        }
        return "<dl class=\"facts\">\(lines)</dl>"
    }

    /// Opened by `?`. Its last button closes it without script too.
    static var dialog: HTML {
        """
        <dialog id="keys" aria-labelledby="keys-title"><h2 id="keys-title">Keys</h2>\(list)\
        <form method="dialog"><button>Close</button></form></dialog>
        """
    }

    static let asset = Asset.script("console-keys", script)

    private static let script = """
        (()=>{const places={\(places.map { "\($0.0):\"\($0.1)\"" }.joined(separator: ","))};
        const one=selector=>document.querySelector(selector);
        const isOn=()=>{try{return localStorage.getItem("keys")!=="off"}catch{return true}};
        let goes=0;
        const step=by=>{const all=[...document.querySelectorAll("main tbody th a,main tbody th [tabindex]")];
        const row=document.activeElement.closest("tbody tr"),at=all.findIndex(each=>row&&row.contains(each));
        const next=all[at<0?(by>0?0:all.length-1):at+by];if(next)next.focus()};
        const acts={"?":()=>one("#keys").showModal(),"/":()=>one("#find").focus(),
        j:()=>step(1),k:()=>step(-1),
        e:()=>{const row=document.activeElement.closest("tr"),box=row&&row.querySelector("details");
        if(box)box.open=!box.open},
        ".":()=>{const first=one(".verbs summary");if(first)first.focus()}};
        addEventListener("keydown",event=>{
        if(event.ctrlKey||event.metaKey||event.altKey||event.repeat||!isOn())return;
        const at=event.target;
        if(at.closest&&at.closest("input,textarea,select,dialog,[contenteditable]"))return;
        if(goes>Date.now()&&places[event.key]){goes=0;location.href=places[event.key];return}
        goes=event.key==="g"?Date.now()+1500:0;
        if(acts[event.key]){event.preventDefault();acts[event.key]()}});
        for(const button of document.querySelectorAll("[data-single]")){
        const tell=()=>{button.setAttribute("aria-pressed",isOn());
        button.textContent="Single keys: "+(isOn()?"on":"off")};
        button.onclick=()=>{try{localStorage.setItem("keys",isOn()?"off":"on")}catch{}tell()};
        tell();button.hidden=false}
        })();

        """
}
