import Commerce

/// Tells a merchant who went away where their store stands.
struct OnboardingReminder {
    let store: String
    let next: OnboardingStep
    let language: Language
    let page: String

    var subject: String {
        switch language {
        case .romanian: "Magazinul dvs. \(store) este aproape gata"
        case .english: "Your shop \(store) is almost ready"
        case .german: "Ihr Shop \(store) ist fast fertig"
        case .spanish: "Su tienda \(store) está casi lista"
        }
    }

    private var text: String {
        switch language {
        case .romanian: "Tot ce ați introdus este salvat. Pasul următor vă așteaptă pe orice dispozitiv."
        case .english: "Everything you entered is saved. The next step waits for you, on any device."
        case .german: "Alle Eingaben sind gespeichert. Der nächste Schritt wartet auf jedem Gerät auf Sie."
        case .spanish:
            "Todo lo que ha introducido está guardado. El siguiente paso le espera en cualquier dispositivo."
        }
    }

    private var action: String {
        switch language {
        case .romanian: "Continuă"
        case .english: "Go on"
        case .german: "Weiter"
        case .spanish: "Continuar"
        }
    }

    private var address: String { "\(page)/\(next.rawValue)" }

    var plain: String { "\(text)\n\n\(action): \(address)\n\nCartFlux" }

    var html: String {
        """
        <!doctype html><html lang="\(language.rawValue)"><meta charset="utf-8"><body><p>\(text)</p>\
        <p><a href="\(address)">\(action)</a></p><p>CartFlux</p></body></html>
        """
    }
}
