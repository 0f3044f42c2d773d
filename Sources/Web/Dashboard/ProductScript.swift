// The dashboard's script for prices: asks what a price leaves while it is being typed, and swaps the piece of
// the page that says so. Without it the button "Check" does the same.

import WebSupport

enum ProductScript {
    static let asset = Asset.script(
        "price",
        """
        (()=>{const field=document.getElementById("price"),box=document.getElementById("margin");
        if(!field||!box||!box.dataset.fragment)return;
        let timer=null,asked=0;
        const load=async()=>{
        const mine=++asked;
        const answer=await fetch(box.dataset.fragment+"?price="+encodeURIComponent(field.value),
        {headers:{Accept:"text/html"}});
        if(answer.ok&&mine===asked)box.innerHTML=await answer.text()};
        field.addEventListener("input",()=>{clearTimeout(timer);timer=setTimeout(load,250)});
        })();

        """)
}
