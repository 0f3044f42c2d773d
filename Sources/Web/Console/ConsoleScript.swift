// The console's only script: listens for changes of one run and swaps the part of the page that shows it, at
// most once a second. The page does the same by reloading where scripts do not run.

import WebSupport

enum ConsoleScript {
    static let asset = Asset.script(
        "console",
        """
        (()=>{const box=document.getElementById("live");
        if(!box||!box.dataset.live||!window.EventSource)return;
        let timer=null;
        const load=async()=>{
        timer=null;
        const answer=await fetch(box.dataset.fragment,{headers:{Accept:"text/html"}});
        if(!answer.ok)return;
        const open=[...box.querySelectorAll("details[open]")].map(each=>each.id);
        box.innerHTML=await answer.text();
        for(const id of open){const each=id&&document.getElementById(id);if(each)each.open=true}};
        const events=new EventSource(box.dataset.live);
        events.addEventListener("changed",()=>{if(!timer)timer=setTimeout(load,1000)});
        events.addEventListener("end",()=>{events.close();if(!timer)timer=setTimeout(load,200)});
        })();

        """)
}
