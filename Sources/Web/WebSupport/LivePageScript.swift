// The script of live pages. It listens, asks for the parts that move, and changes the page node by node, so
// that focus, what was typed, open details and places in scrolled boxes stay. A form that is open stays as it
// was when it was opened: it says what its reader saw. Lists keep their rows in place and offer new ones.
// While the page is hidden it does not listen. Without events, and where newer pages of the same account have
// taken its place, it asks every five seconds. The key P holds the page still; who does not want letters to
// do anything turns that off beside it.

package enum LivePageScript {
    package static let asset = Asset.script("live", state + place + ask + listen + keys)

    private static let state = """
        (()=>{const bar=document.getElementById("live-bar");
        if(!bar||!window.fetch)return;
        const set=bar.dataset,words=bar.querySelector("[data-state]"),hold=bar.querySelector("[data-hold]"),
        more=bar.querySelector("[data-more]"),pace=set.pace*1000,skew=set.at-Date.now();
        let source=null,last=+set.at,tag="",timer=0,busy=false,again=false,missed=0,asked=Date.now(),
        poller=0,stale=0,over=false,offered=[],paused=false;
        try{paused=localStorage.getItem("live")==="paused"}catch{}
        const show=(name,text)=>{bar.dataset.now=name;words.textContent=text};
        const changes=()=>show("paused","Paused"+(missed?" - "+missed+(missed>1?" changes":" change"):""));

        """

    private static let place = """
        const morph=(a,b)=>{
        if(a.nodeType!==b.nodeType||a.nodeName!==b.nodeName||a.id!==b.id){a.replaceWith(b);return}
        if(a.nodeType!==1){if(a.data!==b.data)a.data=b.data;return}
        if(a.open&&a.querySelector("form"))return;
        for(const{name}of[...a.attributes])if(!b.hasAttribute(name)&&name!=="open")a.removeAttribute(name);
        for(const{name,value}of[...b.attributes])
        if(name!=="open"&&a.getAttribute(name)!==value)a.setAttribute(name,value);
        const want=[...b.childNodes];
        want.forEach((each,i)=>{
        const at=a.childNodes[i],own=each.id?[...a.children].find(one=>one.id===each.id):null;
        if(own){if(own!==at)a.insertBefore(own,at);morph(own,each)}
        else if(!at||at.id)a.insertBefore(each,at||null);
        else morph(at,each)});
        while(a.childNodes.length>want.length)a.lastChild.remove()};
        const rows=box=>[...box.querySelectorAll("tr[id]")];
        const offer=(old,part)=>{
        const had=rows(old),has=rows(part),ids=has.map(each=>each.id);
        if(!had.length||had.map(each=>each.id).join()===ids.join()){morph(old,part);return}
        const fresh=has.filter(each=>!had.some(one=>one.id===each.id)).length;
        for(const each of had){const next=has.find(one=>one.id===each.id);
        if(next)morph(each,next.cloneNode(true))}
        offered.push([old,part]);
        more.textContent=(fresh?fresh+" new":"The list changed")+" - show";more.hidden=false};
        const put=box=>{offered=[];more.hidden=true;
        for(const part of[...box.children]){const old=document.getElementById(part.id);
        if(old)old.dataset.offer!==undefined?offer(old,part):morph(old,part)}
        if(box.getElementById("live-over")){over=true;stop();bar.hidden=true}};
        more.onclick=()=>{for(const[old,part]of offered)morph(old,part);offered=[];more.hidden=true};

        """

    private static let ask = """
        const load=async()=>{timer=0;
        if(busy){again=true;return}
        busy=true;asked=Date.now();
        try{const url=new URL(location.href);url.searchParams.set("fragment","live");url.hash="";
        const headers={Accept:"text/html"};if(tag)headers["If-None-Match"]=tag;
        const answer=await fetch(url,{headers,redirect:"manual"});
        if(answer.type==="opaqueredirect"||[401,403,404].includes(answer.status)){
        over=true;stop();location.reload();return}
        if(answer.status===200){tag=answer.headers.get("ETag")||"";
        const box=document.createElement("template");box.innerHTML=await answer.text();put(box.content)}
        }catch{}finally{busy=false;if(again){again=false;soon()}}};
        const soon=()=>{if(over)return;
        if(paused){missed++;changes();return}
        if(!timer)timer=setTimeout(load,Math.max(50+Math.random()*250,asked+pace-Date.now()))};
        const poll=on=>{clearTimeout(stale);stale=0;
        if(on&&!poller){poller=setInterval(soon,5000);if(!paused)show("stale","Asks every 5 s")}
        if(!on&&poller){clearInterval(poller);poller=0}};

        """

    private static let listen = """
        const stop=()=>{if(source)source.close();source=null;clearTimeout(timer);timer=0;poll(false)};
        const start=()=>{
        if(source||over||document.hidden)return;
        if(!window.EventSource||!set.topics){poll(true);return}
        const mine=source=new EventSource("/sse?topics="+encodeURIComponent(set.topics)+"&since="+last);
        mine.onopen=()=>{poll(false);paused?changes():show("on","Live")};
        mine.addEventListener("changed",event=>{last=Math.max(last,+event.lastEventId||0);soon()});
        mine.addEventListener("end",()=>{stop();load();setTimeout(start,5000)});
        mine.addEventListener("full",event=>{stop();poll(true);setTimeout(start,(+event.data||120)*1000)});
        mine.onerror=()=>{if(mine!==source)return;
        if(mine.readyState===2){source=null;poll(true);setTimeout(start,30000);return}
        if(!paused)show("again","Reconnecting");
        if(!stale&&!poller)stale=setTimeout(()=>poll(true),15000)}};
        const toggle=(button,what,isOn,off)=>{button.setAttribute("aria-pressed",isOn);
        button.textContent=what+": "+(isOn?"on":off)};
        const holding=()=>toggle(hold,"Live updates",!paused,"paused");
        hold.onclick=()=>{paused=!paused;holding();
        try{localStorage.setItem("live",paused?"paused":"on")}catch{}
        if(paused){clearTimeout(timer);timer=0;changes();return}
        show(source&&source.readyState===1?"on":"again",source&&source.readyState===1?"Live":"Reconnecting");
        if(missed){missed=0;soon()}};
        const ago=seconds=>seconds<60?seconds+" s":seconds<3600?Math.floor(seconds/60)+" m "+seconds%60+" s":
        seconds<86400?Math.floor(seconds/3600)+" h "+Math.floor(seconds%3600/60)+" m":
        Math.floor(seconds/86400)+" d "+Math.floor(seconds%86400/3600)+" h";
        setInterval(()=>{if(document.hidden||paused)return;
        for(const each of document.querySelectorAll("time[data-ago]")){
        const seconds=Math.round((Date.now()+skew-new Date(each.dateTime))/1000),size=Math.abs(seconds);
        const text=size<1?"now":seconds>0?ago(size)+" ago":"in "+ago(size);
        if(each.textContent!==text)each.textContent=text}},5000);
        document.addEventListener("visibilitychange",()=>document.hidden?stop():start());
        addEventListener("pagehide",stop);
        if(set.poll)setInterval(()=>{if(!document.hidden&&!paused)soon()},set.poll*1000);
        holding();show("again","Connecting");bar.hidden=false;
        if(paused)changes();start();

        """

    private static let keys = """
        const letters=bar.querySelector("[data-keys]");let byKey=true;
        try{byKey=localStorage.getItem("keys")!=="off"}catch{}
        const told=()=>toggle(letters,"Single keys",byKey,"off");told();
        letters.onclick=()=>{byKey=!byKey;told();
        try{localStorage.setItem("keys",byKey?"on":"off")}catch{}};
        addEventListener("keydown",event=>{
        if(!byKey||event.key!=="p"||event.repeat||event.ctrlKey||event.metaKey||event.altKey)return;
        const at=event.target;
        if(at.closest&&at.closest("input,textarea,select,dialog,[contenteditable]"))return;
        if(!bar.hidden)hold.click()});
        })();

        """
}
