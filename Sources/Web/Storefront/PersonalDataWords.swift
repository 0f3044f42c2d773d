import Commerce
import WebSupport

/// The sentences of the pages about a shopper's data, in one language.
struct PersonalDataWords {
    let title, lead, choice, wantsCopy, wantsErasure, law, send, chooseOne: String
    let mailbox, mailboxText, linkOver, linkOverText, confirm, thanks, copyText, erasureText: String

    init(_ language: Language) {
        let words: PersonalDataWords =
            switch language {
            case .english: .english
            case .romanian: .romanian
            case .german: .german
            case .spanish: .spanish
            }
        self.init(reading: words)
    }

    private init(reading words: PersonalDataWords) {
        let read = PseudoLanguage.read
        self.init(
            title: read(words.title), lead: read(words.lead), choice: read(words.choice),
            wantsCopy: read(words.wantsCopy), wantsErasure: read(words.wantsErasure), law: read(words.law),
            send: read(words.send), chooseOne: read(words.chooseOne), mailbox: read(words.mailbox),
            mailboxText: read(words.mailboxText), linkOver: read(words.linkOver),
            linkOverText: read(words.linkOverText), confirm: read(words.confirm), thanks: read(words.thanks),
            copyText: read(words.copyText), erasureText: read(words.erasureText))
    }

    private init(
        title: String, lead: String, choice: String, wantsCopy: String, wantsErasure: String, law: String,
        send: String, chooseOne: String, mailbox: String, mailboxText: String, linkOver: String,
        linkOverText: String, confirm: String, thanks: String, copyText: String, erasureText: String
    ) {
        (self.title, self.lead, self.choice, self.wantsCopy) = (title, lead, choice, wantsCopy)
        (self.wantsErasure, self.law, self.send, self.chooseOne) = (wantsErasure, law, send, chooseOne)
        (self.mailbox, self.mailboxText, self.linkOver) = (mailbox, mailboxText, linkOver)
        (self.linkOverText, self.confirm, self.thanks) = (linkOverText, confirm, thanks)
        (self.copyText, self.erasureText) = (copyText, erasureText)
    }

    private static let english = PersonalDataWords(
        title: "Your data",
        lead: "Give the address you ordered with. We write to it, and the link in the letter does the rest.",
        choice: "What do you want?", wantsCopy: "A copy of my data", wantsErasure: "Erase my data",
        law: "Invoices stay as long as the law demands; everything else that names you is erased. While an "
            + "order is open, the erasure waits for its end.",
        send: "Send me the link", chooseOne: "Please choose one of the two.",
        mailbox: "Look into your mailbox",
        mailboxText: "If we know this address, a letter is on its way to it. The link holds for 24 hours.",
        linkOver: "This link no longer works",
        linkOverText: "It works once and not for ever. You can ask for a new one.", confirm: "Yes, please",
        thanks: "Thank you",
        copyText: "We put your data together and write to you as soon as you can download them.",
        erasureText: "We erase your data and write to you one last time when it is done.")

    private static let romanian = PersonalDataWords(
        title: "Datele dvs.",
        lead: "Scrieți adresa cu care ați comandat. Vă trimitem o scrisoare, iar linkul din ea face restul.",
        choice: "Ce doriți?", wantsCopy: "O copie a datelor mele", wantsErasure: "Ștergerea datelor mele",
        law: "Facturile rămân cât cere legea; tot restul care vă numește se șterge. Cât timp o comandă este "
            + "deschisă, ștergerea așteaptă încheierea ei.",
        send: "Trimiteți-mi linkul", chooseOne: "Alegeți una dintre cele două.",
        mailbox: "Verificați căsuța de e-mail",
        mailboxText:
            "Dacă cunoaștem această adresă, o scrisoare este pe drum. Linkul este valabil 24 de ore.",
        linkOver: "Acest link nu mai funcționează",
        linkOverText: "Funcționează o singură dată și pentru un timp. Puteți cere altul.", confirm: "Da",
        thanks: "Vă mulțumim",
        copyText: "Vă pregătim datele și vă scriem imediat ce le puteți descărca.",
        erasureText: "Vă ștergem datele și vă scriem pentru ultima oară când este gata.")

    private static let german = PersonalDataWords(
        title: "Ihre Daten",
        lead: "Nennen Sie die Adresse, mit der Sie bestellt haben. Wir schreiben ihr; der Link im Brief tut "
            + "das Übrige.",
        choice: "Was wünschen Sie?", wantsCopy: "Eine Kopie meiner Daten",
        wantsErasure: "Meine Daten löschen",
        law:
            "Rechnungen bleiben, solange das Gesetz es verlangt; alles andere, was Sie nennt, wird gelöscht. "
            + "Solange eine Bestellung offen ist, wartet die Löschung auf deren Abschluss.",
        send: "Link senden", chooseOne: "Bitte wählen Sie eines von beiden.",
        mailbox: "Sehen Sie in Ihr Postfach",
        mailboxText: "Falls wir diese Adresse kennen, ist ein Brief unterwegs. Der Link gilt 24 Stunden.",
        linkOver: "Dieser Link gilt nicht mehr",
        linkOverText: "Er gilt einmal und nicht für immer. Sie können einen neuen anfordern.",
        confirm: "Ja, bitte", thanks: "Vielen Dank",
        copyText: "Wir stellen Ihre Daten zusammen und schreiben Ihnen, sobald Sie sie herunterladen können.",
        erasureText: "Wir löschen Ihre Daten und schreiben Ihnen ein letztes Mal, wenn es geschehen ist.")

    private static let spanish = PersonalDataWords(
        title: "Sus datos",
        lead: "Indique la dirección con la que hizo el pedido. Le escribimos y el enlace hace el resto.",
        choice: "¿Qué desea?", wantsCopy: "Una copia de mis datos", wantsErasure: "Suprimir mis datos",
        law: "Las facturas se conservan el tiempo que exige la ley; todo lo demás que le nombre se suprime. "
            + "Mientras un pedido esté abierto, la supresión espera a que termine.",
        send: "Enviarme el enlace", chooseOne: "Elija una de las dos opciones.",
        mailbox: "Mire su buzón",
        mailboxText: "Si conocemos esta dirección, hay una carta en camino. El enlace vale 24 horas.",
        linkOver: "Este enlace ya no funciona",
        linkOverText: "Funciona una vez y no para siempre. Puede pedir otro.", confirm: "Sí, por favor",
        thanks: "Gracias",
        copyText: "Reunimos sus datos y le escribimos en cuanto pueda descargarlos.",
        erasureText: "Suprimimos sus datos y le escribimos una última vez cuando esté hecho.")
}
