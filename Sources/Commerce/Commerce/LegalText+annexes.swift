// What the law words itself, or asks for by name: the model form for withdrawing (Directive 2011/83, annex
// I B), the information on accessibility that belongs into the terms (Directive 2019/882, annex V), and where
// a consumer can turn to. The link to the Union's own dispute platform is not here: it closed in 2025.

extension LegalFacts {
    /// The official words, with the trader's particulars filled in.
    var modelForm: [String] {
        let recipient = "\(trader), \(identity.email.rawValue)"
        let lines = one(
            """
            Model de formular de retragere
            (Completați și returnați prezentul formular doar dacă doriți să vă retrageți din contract.)
            – Către \(recipient):
            – Subsemnatul/Subsemnații (*) vă informez/informăm (*) prin prezenta cu privire la retragerea \
            mea/noastră (*) din contractul de vânzare a următoarelor bunuri (*)/prestarea următorului \
            serviciu (*):
            – Comandate la data (*)/primite la data (*):
            – Numele consumatorului (consumatorilor):
            – Adresa consumatorului (consumatorilor):
            – Semnătura consumatorului (consumatorilor) (doar dacă acest formular este notificat pe hârtie):
            – Data:
            (*) Tăiați după caz.
            """,
            """
            Model withdrawal form
            (Complete and return this form only if you wish to withdraw from the contract.)
            – To \(recipient):
            – I/We (*) hereby give notice that I/We (*) withdraw from my/our (*) contract of sale of the \
            following goods (*)/for the provision of the following service (*):
            – Ordered on (*)/received on (*):
            – Name of consumer(s):
            – Address of consumer(s):
            – Signature of consumer(s) (only if this form is notified on paper):
            – Date:
            (*) Delete as appropriate.
            """,
            """
            Muster-Widerrufsformular
            (Wenn Sie den Vertrag widerrufen wollen, dann füllen Sie bitte dieses Formular aus und senden \
            Sie es zurück.)
            – An \(recipient):
            – Hiermit widerrufe(n) ich/wir (*) den von mir/uns (*) abgeschlossenen Vertrag über den Kauf der \
            folgenden Waren (*)/die Erbringung der folgenden Dienstleistung (*):
            – Bestellt am (*)/erhalten am (*):
            – Name des/der Verbraucher(s):
            – Anschrift des/der Verbraucher(s):
            – Unterschrift des/der Verbraucher(s) (nur bei Mitteilung auf Papier):
            – Datum:
            (*) Unzutreffendes streichen.
            """,
            """
            Modelo de formulario de desistimiento
            (Sólo debe cumplimentar y enviar el presente formulario si desea desistir del contrato.)
            – A la atención de \(recipient):
            – Por la presente le comunico/comunicamos (*) que desisto/desistimos (*) de mi/nuestro (*) \
            contrato de venta del siguiente bien (*)/prestación del siguiente servicio (*):
            – Pedido el (*)/recibido el (*):
            – Nombre del consumidor o de los consumidores:
            – Domicilio del consumidor o de los consumidores:
            – Firma del consumidor o de los consumidores (solo si el presente formulario se presenta en \
            papel):
            – Fecha:
            (*) Táchese lo que no proceda.
            """)
        return [lines]
    }

    /// How the service meets the requirements on accessibility, and how somebody gets help.
    var accessibility: [String] {
        [
            one(
                "Accesibilitate: magazinul permite căutarea și cumpărarea de bunuri la distanță. Paginile "
                    + "urmăresc WCAG 2.2 nivel AA și EN 301 549: pot fi folosite doar cu tastatura și cu "
                    + "cititoare de ecran, textul se mărește până la 400 %, culorile au contrast suficient, "
                    + "nimic nu depinde doar de culoare sau de sunet, iar cumpărarea funcționează și fără "
                    + "JavaScript până la plată.",
                "Accessibility: the shop lets you find and buy goods at a distance. Its pages follow WCAG "
                    + "2.2 level AA and EN 301 549: they can be used with a keyboard alone and with screen "
                    + "readers, text can be enlarged to 400 %, colours have enough contrast, nothing depends "
                    + "on colour or sound alone, and buying works without JavaScript up to the payment.",
                "Barrierefreiheit: Im Shop können Waren im Fernabsatz gesucht und gekauft werden. Die Seiten "
                    + "richten sich nach WCAG 2.2 Stufe AA und EN 301 549: Sie sind allein mit der Tastatur "
                    + "und mit Bildschirmlesern nutzbar, Text lässt sich auf 400 % vergrößern, die Farben "
                    + "haben genug Kontrast, nichts hängt allein an Farbe oder Ton, und der Kauf gelingt bis "
                    + "zur Zahlung ohne JavaScript.",
                "Accesibilidad: la tienda permite buscar y comprar bienes a distancia. Las páginas siguen "
                    + "las WCAG 2.2, nivel AA, y la norma EN 301 549: se pueden usar solo con el teclado y "
                    + "con lectores de pantalla, el texto se amplía hasta el 400 %, los colores tienen "
                    + "contraste suficiente, nada depende solo del color o del sonido y la compra funciona "
                    + "sin JavaScript hasta el pago."),
            one(
                "Paginile pot fi folosite cu tastatura și cu cititoare de ecran; dacă ceva vă "
                    + "împiedică, scrieți-ne: \(identity.email.rawValue).",
                "The pages can be used with a keyboard and with screen readers; write to us if something "
                    + "stands in your way: \(identity.email.rawValue).",
                "Die Seiten sind mit Tastatur und Bildschirmleser nutzbar; schreiben Sie uns, wenn "
                    + "etwas hindert: \(identity.email.rawValue).",
                "Las páginas se pueden usar con teclado y lectores de pantalla; escríbanos si algo "
                    + "se lo impide: \(identity.email.rawValue)."),
        ]
    }

    /// Who mediates where the two cannot agree. Only Romania's office is known here by name.
    var complaints: [String] {
        guard identity.country.rawValue == "RO" else {
            return [
                one(
                    "Dacă nu ajungem la o înțelegere, vă puteți adresa organismului de soluționare "
                        + "alternativă a litigiilor din țara dvs.",
                    "If we cannot agree, you may turn to the body for alternative dispute resolution in "
                        + "your country.",
                    "Wenn wir uns nicht einigen, können Sie sich an die Verbraucherschlichtungsstelle Ihres "
                        + "Landes wenden.",
                    "Si no llegamos a un acuerdo, puede acudir a la entidad de resolución alternativa de "
                        + "litigios de su país.")
            ]
        }
        return [
            one(
                "Pentru soluționarea alternativă a litigiilor (SAL) vă puteți adresa Autorității Naționale "
                    + "pentru Protecția Consumatorilor: https://anpc.ro/ce-este-sal/",
                "For alternative dispute resolution (SAL) you may turn to the Romanian consumer authority, "
                    + "ANPC: https://anpc.ro/ce-este-sal/",
                "Zur außergerichtlichen Streitbeilegung (SAL) können Sie sich an die rumänische "
                    + "Verbraucherbehörde ANPC wenden: https://anpc.ro/ce-este-sal/",
                "Para la resolución alternativa de litigios (SAL) puede acudir a la autoridad rumana de "
                    + "consumo, ANPC: https://anpc.ro/ce-este-sal/")
        ]
    }
}
