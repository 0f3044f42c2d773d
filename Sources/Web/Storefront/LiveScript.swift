// The shop's only script: listens for changes of one order and swaps the fragment; without events it asks
// every five seconds. A few hundred bytes; the page does the same by reloading where scripts do not run.

import WebSupport

enum LiveScript {
    static let asset = Asset.script(
        "order",
        """
        (()=>{const box=document.getElementById("order");
        if(!box||!box.dataset.live||!window.EventSource)return;
        let busy=false,again=false;
        const load=async()=>{
        if(busy){again=true;return}
        busy=true;
        try{const answer=await fetch(location.pathname+"?fragment=1",{headers:{Accept:"text/html"}});
        if(answer.ok){const text=await answer.text(),had=box.contains(document.activeElement);
        box.innerHTML=text;
        if(had)(box.querySelector("a.button")||document.getElementById("main")).focus()}}
        finally{busy=false;if(again){again=false;load()}}};
        const events=new EventSource(box.dataset.live);
        events.addEventListener("progress",event=>{
        if(event.data!==box.dataset.version){box.dataset.version=event.data;load()}});
        events.addEventListener("end",()=>{events.close();load()});
        events.onerror=()=>{if(events.readyState===2)setInterval(load,5000)};
        })();

        """)
}
